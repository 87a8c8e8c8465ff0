"""What the plugin's own calls have to find: some of the account's things also at another endpoint.

Our own resources (`trimaran:aws:*`) call the services themselves. Where tests let them call a
server of this machine (`AWS_ENDPOINT_URL`), the buckets, pipelines and the like that the engine
had made by the referee exist there, too.
"""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.oracles.api_bodies import Call, calls_of
from tests.oracles.finding import Rendered
from tests.referee.account import RefusedError, Thing
from tests.referee.identity import REGION

_BUCKET = "aws:s3/bucket:Bucket"
_OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
_REMOVED: dict[str, tuple[str, str, dict[str, str]]] = {
    _BUCKET: ("s3", "delete_bucket", {"Bucket": "bucket"}),
    _OBJECT: ("s3", "delete_object", {"Bucket": "bucket", "Key": "key"}),
    "aws:sagemaker/pipeline:Pipeline": (
        "sagemaker",
        "delete_pipeline",
        {"PipelineName": "pipelineName"},
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": (
        "sagemaker",
        "delete_model_package_group",
        {"ModelPackageGroupName": "modelPackageGroupName"},
    ),
    "aws:ecr/repository:Repository": ("ecr", "delete_repository", {"repositoryName": "name"}),
    "aws:codebuild/project:Project": ("codebuild", "delete_project", {"name": "name"}),
}
"""By type token: how a thing goes, and which inputs name it. Only these are mirrored."""
_ALSO = {"aws:s3/bucketVersioning:BucketVersioning"}
"""Types that go with what they belong to."""


class Mirror:
    """Calls the services at `AWS_ENDPOINT_URL`; without it, nothing is mirrored."""

    def create(self, thing: Thing) -> None:
        """Make it there, too."""
        if self._mirrors(thing):
            self._call(lambda: [_send(call) for call in _calls(thing)])

    def update(self, thing: Thing) -> None:
        """Change it there, too: a pipeline's definition and an object's content change."""
        if not self._mirrors(thing):
            return
        if thing.type == "aws:sagemaker/pipeline:Pipeline":
            names = ("PipelineName", "PipelineDisplayName", "PipelineDefinition", "RoleArn")
            [call] = _calls(thing)
            body = {name: call.body[name] for name in names if name in call.body}
            self._call(lambda: _client("sagemaker").update_pipeline(**body))
        elif thing.type == _OBJECT:
            self.create(thing)

    def delete(self, thing: Thing) -> None:
        """Delete it there, too; what a bucket without `forceDestroy` holds forbids it."""
        if not self._mirrors(thing) or thing.type in _ALSO:
            return
        service, method, names = _REMOVED[thing.type]
        if thing.type == _BUCKET and thing.inputs.get("forceDestroy"):
            self._call(lambda: _empty(thing.id))
        force = {"force": True} if thing.inputs.get("forceDelete") else {}
        named = {name: thing.inputs[source] for name, source in names.items()}
        self._call(lambda: getattr(_client(service), method)(**named, **force))

    @staticmethod
    def _mirrors(thing: Thing) -> bool:
        return "AWS_ENDPOINT_URL" in os.environ and thing.type in {*_REMOVED, *_ALSO}

    @staticmethod
    def _call(work: Callable[[], Any]) -> None:
        try:
            work()
        except ClientError as exc:
            raise RefusedError(str(exc)) from exc


def _calls(thing: Thing) -> list[Call]:
    rendered = Rendered(
        type=thing.type, name=thing.name, parent="", urn="", custom=True, inputs=thing.inputs
    )
    calls = list(calls_of(rendered))
    if thing.type == _BUCKET:
        region = {"LocationConstraint": os.environ.get("AWS_REGION", REGION)}
        body = {**calls[0].body, "CreateBucketConfiguration": region}
        return [Call(service="s3", operation="CreateBucket", body=body)]
    if thing.type == _OBJECT:
        body = {**calls[0].body, "Body": _content(thing)}
        return [Call(service="s3", operation="PutObject", body=body)]
    return calls


def _content(thing: Thing) -> bytes:
    source = thing.inputs.get("source") or {}
    if "path" in source:
        return Path(source["path"]).read_bytes()
    return str(source.get("text") or thing.inputs.get("content") or "").encode()


def _send(call: Call) -> Any:
    client = _client(call.service)
    [method] = [
        name
        for name, operation in client.meta.method_to_api_mapping.items()
        if operation == call.operation
    ]
    return getattr(client, method)(**call.body)


def _empty(bucket: str) -> None:
    pages = _client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    for page in pages:
        for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            _client("s3").delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])


def _client(service: str) -> Any:
    return _client_at(service, os.environ["AWS_ENDPOINT_URL"])


@cache
def _client_at(service: str, endpoint: str) -> Any:
    # One process may see several servers, one after the other.
    import boto3

    region = os.environ.get("AWS_REGION", REGION)
    return boto3.client(service, region_name=region, endpoint_url=endpoint)
