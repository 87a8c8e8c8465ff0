"""What a run or a check reads from the store: code bundle and configuration, as objects."""

import os
from dataclasses import dataclass
from pathlib import Path

import pulumi

from trimaran_providers.aws.bucket import Bucket
from trimaran_providers.aws.key import key_of
from trimaran_providers.aws.names import Names
from trimaran_providers.contract.cloud import Context
from trimaran_providers.project.code import CodeBundle
from trimaran_runtime.storage.digest import PREFIX, digest_of
from trimaran_runtime.storage.store import blob_key

FOLDER = "pipelines"
"""Folder of the store for what runs read."""
_BUNDLES = Path(".trimaran", "bundles")
_SUFFIX = ".tar.gz"
_ARCHIVE = "application/gzip"
_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFiles:
    """Where a run finds them.

    Attributes:
        archive: URI of the code bundle.
        config: URI of the configuration.
        resources: the objects.
    """

    archive: pulumi.Output[str]
    config: pulumi.Output[str]
    resources: tuple[pulumi.Resource, ...]


def render_run_files(
    context: Context,
    bucket: Bucket,
    bundle: CodeBundle,
    config: bytes,
    after: tuple[pulumi.Resource, ...],
) -> RunFiles:
    """The objects, named by digest; they outlive the stack's next versions.

    A run that is under way, and every release, keeps the code it was made with.

    Args:
        context: where the component stands.
        bucket: the store.
        bundle: the user's code.
        config: configuration of a run, canonical JSON.
        after: what has to be there first.
    """
    pipeline = Names.of(context).pipeline
    digest = bundle.digest.removeprefix(PREFIX)
    archive_key = f"{FOLDER}/{pipeline}/code-{digest}{_SUFFIX}"
    config_key = _config_key(pipeline, config)
    file = pulumi.FileAsset(str(_kept(context.project_directory, bundle)))
    objects = _Objects(context, bucket, after)
    resources = (
        # Twice: a release names its code by digest, and a step unpacks what ends in .tar.gz.
        objects.put("code", blob_key(bundle.digest), file, _ARCHIVE),
        objects.put("code-archive", archive_key, file, _ARCHIVE),
        objects.put("config", config_key, pulumi.StringAsset(config.decode()), _JSON),
    )
    return RunFiles(
        archive=bucket.uri_of(archive_key),
        config=bucket.uri_of(config_key),
        resources=resources,
    )


def render_check_config(
    context: Context, bucket: Bucket, config: bytes, after: tuple[pulumi.Resource, ...]
) -> tuple[pulumi.Output[str], pulumi.Resource]:
    """URI of what a check reads, and the object: a new one whenever the configuration changes.

    Args:
        context: where the component stands.
        bucket: the store.
        config: configuration of a check, canonical JSON.
        after: what has to be there first.
    """
    key = _config_key(Names.of(context).monitor, config)
    objects = _Objects(context, bucket, after)
    text = pulumi.StringAsset(config.decode())
    return bucket.uri_of(key), objects.put("monitor-config", key, text, _JSON)


def _config_key(pipeline: str, config: bytes) -> str:
    return f"{FOLDER}/{pipeline}/config-{digest_of(config).removeprefix(PREFIX)}.json"


@dataclass(frozen=True, slots=True)
class _Objects:
    context: Context
    bucket: Bucket
    after: tuple[pulumi.Resource, ...]

    def put(
        self, purpose: str, key: str, source: pulumi.Asset, content_type: str
    ) -> pulumi.Resource:
        from pulumi_aws import s3

        # No tags: an object takes ten at most, and these are found by their folder.
        return s3.BucketObjectv2(
            f"{self.context.name}-{purpose}",
            bucket=self.bucket.name,
            key=self.bucket.key_of(key),
            source=source,
            content_type=content_type,
            kms_key_id=key_of(self.context),
            opts=pulumi.ResourceOptions(
                parent=self.context.parent, retain_on_delete=True, depends_on=[*self.after]
            ),
        )


def _kept(project: Path, bundle: CodeBundle) -> Path:
    """The bundle as a file, under its digest: the engine uploads files."""
    path = project / _BUNDLES / f"{bundle.digest.removeprefix(PREFIX)}{_SUFFIX}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        partial.write_bytes(bundle.content)
        partial.replace(path)
    return path
