"""What a run reads from the store: the code bundle and the configuration, as objects."""

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


def newest_config(pipeline: str) -> str:
    """Key of the newest configuration of a pipeline: the monitor reads it at every check."""
    return f"{FOLDER}/{pipeline}/config.json"


def render_run_files(
    context: Context,
    bucket: Bucket,
    bundle: CodeBundle,
    config: bytes,
    after: tuple[pulumi.Resource, ...],
) -> RunFiles:
    """The objects.

    All but the newest configuration are named by digest and outlive the stack's next versions: a
    run that is under way, and every release, keeps the code it was made with.

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
    config_key = f"{FOLDER}/{pipeline}/config-{digest_of(config).removeprefix(PREFIX)}.json"
    file = pulumi.FileAsset(str(_kept(context.project_directory, bundle)))
    text = pulumi.StringAsset(config.decode())
    objects = _Objects(context, bucket, after)
    resources = (
        # Twice: a release names its code by digest, and a step unpacks what ends in .tar.gz.
        objects.put("code", blob_key(bundle.digest), file, _ARCHIVE),
        objects.put("code-archive", archive_key, file, _ARCHIVE),
        objects.put("config", config_key, text, _JSON),
        objects.put("newest-config", newest_config(pipeline), text, _JSON, keep=False),
    )
    return RunFiles(
        archive=bucket.uri_of(archive_key),
        config=bucket.uri_of(config_key),
        resources=resources,
    )


@dataclass(frozen=True, slots=True)
class _Objects:
    context: Context
    bucket: Bucket
    after: tuple[pulumi.Resource, ...]

    def put(
        self, purpose: str, key: str, source: pulumi.Asset, content_type: str, *, keep: bool = True
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
                parent=self.context.parent, retain_on_delete=keep, depends_on=[*self.after]
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
