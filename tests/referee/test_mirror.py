"""What the engine makes by the referee is also where the plugin's own calls find it."""

from pathlib import Path

import boto3
import grpc
import pytest
from botocore.exceptions import ClientError
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from tests.aws.moto_server import moto_server
from tests.oracles.examples import example
from tests.referee.account import Account
from tests.referee.referee import Referee
from tests.referee.server import serving
from trimaran_providers.plugin.wire import encode

BUCKET = {"bucket": "toy-store", "forceDestroy": True}


def urn(token: str) -> str:
    return f"urn:pulumi:test::toy::{token}::toy"


def test_a_bucket_its_object_and_a_pipeline_come_and_go(tmp_path: Path) -> None:
    referee = Referee(tmp_path / "account")
    bucket, stored, pipeline = (
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:sagemaker/pipeline:Pipeline",
    )
    definition = dict(example(pipeline).inputs)
    with moto_server(), serving(Account(referee.directory)) as port:
        s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
        stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        stub.Create(pb.CreateRequest(urn=urn(bucket), properties=encode(BUCKET)))
        content = {"bucket": "toy-store", "key": "a/b.json", "content": "{}"}
        stub.Create(pb.CreateRequest(urn=urn(stored), properties=encode(content)))
        stub.Create(pb.CreateRequest(urn=urn(pipeline), properties=encode(definition)))

        assert s3.get_object(Bucket="toy-store", Key="a/b.json")["Body"].read() == b"{}"
        shown = sagemaker.describe_pipeline(PipelineName="toy")
        assert shown["PipelineDefinition"] == definition["pipelineDefinition"]

        changed = {**definition, "pipelineDisplayName": "new"}
        news = encode(changed)
        stub.Update(pb.UpdateRequest(urn=urn(pipeline), id="toy", news=news))
        assert sagemaker.describe_pipeline(PipelineName="toy")["PipelineDisplayName"] == "new"

        s3.put_object(Bucket="toy-store", Key="left-by-a-run", Body=b"x")
        for token, identifier in ((pipeline, "toy"), (stored, "a/b.json"), (bucket, "toy-store")):
            stub.Delete(pb.DeleteRequest(urn=urn(token), id=identifier))
        assert s3.list_buckets()["Buckets"] == []
        with pytest.raises(ClientError, match="Could not find"):
            sagemaker.describe_pipeline(PipelineName="toy")
    assert referee.left() == []


def test_a_bucket_that_a_run_wrote_into_stays_without_force(tmp_path: Path) -> None:
    token = "aws:s3/bucket:Bucket"
    with moto_server(), serving(Account(tmp_path)) as port:
        stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        given = encode({"bucket": "toy-store"})
        stub.Create(pb.CreateRequest(urn=urn(token), properties=given))
        boto3.client("s3").put_object(Bucket="toy-store", Key="kept", Body=b"x")
        with pytest.raises(grpc.RpcError, match="BucketNotEmpty"):
            stub.Delete(pb.DeleteRequest(urn=urn(token), id="toy-store"))
