"""Which actions IAM knows: a service's operations, and what is an action without being one.

Source of the differences: Service Authorization Reference, the pages of the named services, read
2026-11-24.
"""

from fnmatch import fnmatchcase
from functools import cache

from botocore.exceptions import UnknownServiceError

from tests.oracles.botocore_shapes import service_of, services

_MODELS = {
    "application-autoscaling": ("application-autoscaling",),
    "cloudwatch": ("cloudwatch",),
    "elasticloadbalancing": ("elb", "elbv2"),
    "execute-api": (),
    "sagemaker": (
        "sagemaker",
        "sagemaker-runtime",
        "sagemaker-metrics",
        "sagemaker-featurestore-runtime",
    ),
    "states": ("stepfunctions",),
    "ses": ("ses", "sesv2"),
    "tag": ("resourcegroupstaggingapi",),
    "servicequotas": ("service-quotas",),
    "elasticfilesystem": ("efs",),
}
"""Models by the prefix of actions, where it is not the model's own name."""
_NO_OPERATIONS = {
    "iam": {"PassRole"},
    "sagemaker": {"InvokeEndpointWithResponseStream"},
    "sts": {"TagSession", "SetSourceIdentity"},
    "kms": {"ReEncryptFrom", "ReEncryptTo"},
    "ecr": {"ReplicateImage"},
    "execute-api": {"Invoke", "ManageConnections"},
    "s3": {
        *("GetObject", "GetObjectVersion", "GetObjectTagging", "GetObjectVersionTagging"),
        *("GetObjectAttributes", "GetObjectAcl", "GetObjectRetention", "GetObjectLegalHold"),
        *("PutObject", "PutObjectTagging", "PutObjectVersionTagging", "PutObjectAcl"),
        *("PutObjectRetention", "PutObjectLegalHold", "RestoreObject"),
        *("DeleteObject", "DeleteObjectVersion", "DeleteObjectTagging"),
        *("AbortMultipartUpload", "ListMultipartUploadParts", "ListBucketMultipartUploads"),
        *("ListBucket", "ListBucketVersions", "ListAllMyBuckets", "CreateBucket", "DeleteBucket"),
        *("GetBucketLocation", "GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"),
        *("GetBucketVersioning", "PutBucketVersioning", "GetBucketTagging", "PutBucketTagging"),
        *("GetBucketAcl", "PutBucketAcl", "GetBucketNotification", "PutBucketNotification"),
        *("GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock", "GetBucketCORS"),
        *("GetBucketOwnershipControls", "PutBucketOwnershipControls", "GetBucketLogging"),
        *("GetEncryptionConfiguration", "PutEncryptionConfiguration", "GetBucketWebsite"),
        *("GetLifecycleConfiguration", "PutLifecycleConfiguration", "GetBucketPolicyStatus"),
        *("GetBucketObjectLockConfiguration", "PutBucketObjectLockConfiguration"),
        *("GetBucketRequestPayment", "GetAccelerateConfiguration", "GetReplicationConfiguration"),
        *("TagResource", "UntagResource", "ListTagsForResource"),
    },
    "budgets": {
        "ViewBudget",
        "ModifyBudget",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
    },
}
"""Actions that are no operation of that name."""
_NOT_ACTIONS = {"s3", "budgets"}
"""Services whose operations are not their actions: the list above is whole."""


@cache
def actions_of(prefix: str) -> frozenset[str]:
    """Actions of a service; empty: there is no such service."""
    extra = frozenset(_NO_OPERATIONS.get(prefix, ()))
    if prefix in _NOT_ACTIONS:
        return extra
    return extra.union(*(_operations(name) for name in _MODELS.get(prefix, (prefix,))))


def is_prefix(prefix: str) -> bool:
    """Whether a service has this prefix."""
    return prefix in _MODELS or prefix in _NO_OPERATIONS or prefix in services()


def is_action(action: str) -> bool:
    """Whether an action, or one that its `*` stands for, exists; case is IAM's, which has none."""
    prefix, _, name = action.partition(":")
    wanted = name.lower()
    return any(fnmatchcase(known.lower(), wanted) for known in actions_of(prefix))


def _operations(model: str) -> frozenset[str]:
    try:
        return frozenset(service_of(model).operation_names)
    except UnknownServiceError:
        return frozenset()
