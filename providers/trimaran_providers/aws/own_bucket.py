"""The bucket a stack makes for itself: closed, encrypted, versioned, and tidied by age."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from trimaran_providers.aws.bucket import Bucket, partition
from trimaran_providers.aws.key import key_of
from trimaran_providers.aws.names import Names, shortened
from trimaran_providers.aws.order import settled
from trimaran_providers.aws.policy import Statement, policy_json
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.spec import StoreSpec

if TYPE_CHECKING:
    from pulumi_aws import s3

SHARED = ("releases", "blobs", "channels", "serving")
"""Folders that other accounts may read: a release and what it consists of."""
AGEING = ("capture", "sagemaker-capture", "runs", "monitor")
"""Folders whose content goes after `store.retention_days`."""
# The provider's longest bucketPrefix is 37: S3's 63 less the 26 it adds.
_LONGEST_PREFIX = 36
_STALE_UPLOAD_DAYS = 7
_OLD_VERSION_DAYS = 30


def render_bucket(
    context: Context, spec: StoreSpec
) -> tuple[pulumi.Output[str], tuple[pulumi.Resource, ...]]:
    """The bucket's URI, and the bucket with all of its settings.

    Who reads the URI comes after the settings. Bucket names are shared by all of AWS, so this one
    ends in characters of the provider's choice.
    """
    from pulumi_aws import s3

    bucket = s3.Bucket(
        f"{context.name}-store",
        bucket_prefix=shortened(Names.of(context).base.lower(), "", _LONGEST_PREFIX) + "-",
        force_destroy=not spec.keep_on_destroy,
        tags=tags_of(context),
        opts=_options(context, spec),
    )
    settings = (*_access(context, spec, bucket), *_content(context, spec, bucket))
    uri = settled(bucket.bucket.apply(lambda name: f"s3://{name}"), settings)
    return uri, (bucket, *settings)


def _access(context: Context, spec: StoreSpec, bucket: Any) -> tuple[pulumi.Resource, ...]:
    """Who may do what: nobody else, and nobody unencrypted."""
    from pulumi_aws import s3

    closed = s3.BucketPublicAccessBlock(
        f"{context.name}-store-public",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=_options(context, spec),
    )
    owned = s3.BucketOwnershipControls(
        f"{context.name}-store-owner",
        bucket=bucket.id,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=_options(context, spec, closed),
    )
    policy = s3.BucketPolicy(
        f"{context.name}-store-policy",
        bucket=bucket.id,
        policy=policy_json(bucket_statements(bucket.bucket, spec.share_with)),
        # S3 refuses two changes of a bucket's access at a time, so one waits for the other.
        opts=_options(context, spec, owned),
    )
    return closed, owned, policy


def _content(context: Context, spec: StoreSpec, bucket: Any) -> tuple[pulumi.Resource, ...]:
    """How content is kept, for how long, and who hears of it."""
    from pulumi_aws import s3

    versioned = s3.BucketVersioning(
        f"{context.name}-store-versions",
        bucket=bucket.id,
        versioning_configuration={"status": "Enabled"},
        opts=_options(context, spec),
    )
    encrypted = s3.BucketServerSideEncryptionConfiguration(
        f"{context.name}-store-encryption",
        bucket=bucket.id,
        rules=[_encryption(context)],
        opts=_options(context, spec),
    )
    aged = s3.BucketLifecycleConfiguration(
        f"{context.name}-store-lifecycle",
        bucket=bucket.id,
        rules=lifecycle(spec.retention_days),
        # Rules on old versions have no meaning before there are versions.
        opts=_options(context, spec, versioned),
    )
    told = s3.BucketNotification(
        f"{context.name}-store-events",
        bucket=bucket.id,
        eventbridge=True,
        opts=_options(context, spec),
    )
    return versioned, encrypted, aged, told


def _encryption(context: Context) -> "s3.BucketServerSideEncryptionConfigurationRuleArgsDict":
    """S3's own keys, or the stack's with a bucket key, which asks KMS once for many objects."""
    key = key_of(context)
    if key is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": key,
        },
        "bucket_key_enabled": True,
    }


def bucket_statements(
    name: pulumi.Input[str], share_with: Sequence[str] = ()
) -> tuple[Statement, ...]:
    """The bucket's policy: no plain HTTP, and releases for the accounts it is shared with.

    An account that reads what a customer-managed key encrypts needs that key's policy as well; the
    key is the user's, so that is left to them.

    Args:
        name: the bucket's name.
        share_with: account ids, 12 digits.
    """
    bucket = Bucket.of(pulumi.Output.from_input(name).apply(lambda text: f"s3://{text}"))
    encrypted = Statement(
        sid="TlsOnly",
        effect="Deny",
        actions=["s3:*"],
        resources=[bucket.arn, bucket.objects_arn],
        principal={"AWS": "*"},
        condition={"Bool": {"aws:SecureTransport": "false"}},
        why_any="a refusal has to reach every action and everybody",
    )
    if not share_with:
        return (encrypted,)
    accounts = {"AWS": [f"arn:{partition()}:iam::{account}:root" for account in share_with]}
    listed = Statement(
        sid="ListReleases",
        actions=["s3:ListBucket"],
        resources=[bucket.arn],
        principal=accounts,
        condition={"StringLike": {"s3:prefix": [f"{folder}/*" for folder in SHARED]}},
    )
    read = Statement(
        sid="ReadReleases",
        actions=["s3:GetObject"],
        resources=[bucket.objects_arn_of(f"{folder}/*") for folder in SHARED],
        principal=accounts,
    )
    return (encrypted, listed, read)


def lifecycle(
    retention_days: int | None,
) -> "list[s3.BucketLifecycleConfigurationRuleArgsDict]":
    """Rules by age: unfinished uploads and old versions always, `AGEING` where the spec says so.

    Args:
        retention_days: age at which traffic, run files and reports go; None: never.
    """
    tidy: s3.BucketLifecycleConfigurationRuleArgsDict = {
        "id": "tidy",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": _STALE_UPLOAD_DAYS},
        "noncurrent_version_expiration": {"noncurrent_days": _OLD_VERSION_DAYS},
        "expiration": {"expired_object_delete_marker": True},
    }
    ageing: list[s3.BucketLifecycleConfigurationRuleArgsDict] = [
        {
            "id": f"age-{folder}",
            "status": "Enabled",
            "filter": {"prefix": f"{folder}/"},
            "expiration": {"days": retention_days},
        }
        for folder in AGEING
    ]
    return [tidy] if retention_days is None else [tidy, *ageing]


def _options(
    context: Context, spec: StoreSpec, after: pulumi.Resource | None = None
) -> pulumi.ResourceOptions:
    # A bucket that outlives its stack stays as closed and encrypted as it was.
    return pulumi.ResourceOptions(
        parent=context.parent,
        retain_on_delete=spec.keep_on_destroy,
        depends_on=[] if after is None else [after],
    )
