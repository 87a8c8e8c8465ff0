"""The cloud of the tests says no where SageMaker does, also as a process of its own."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws.endpoint_case import NAME, RELEASE, definition
from tests.aws.fake_sagemaker import FakeAws, environment, fake_aws
from trimaran_providers.aws.endpoint_bodies import bodies

ROOT = Path(__file__).parents[2]


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with fake_aws() as served:
        yield served


def serve_a_model(client: Any, **spec: Any) -> None:
    """Bring an endpoint up by plain calls, and wait until it serves."""
    found = bodies(definition(**spec), RELEASE)
    client.create_model(**found.models[0])
    client.create_endpoint_config(**(found.config or {}))
    client.create_endpoint(**found.create_endpoint())
    while client.describe_endpoint(EndpointName=NAME)["EndpointStatus"] != "InService":
        pass


def test_a_body_that_the_model_refuses_is_refused(aws: FakeAws) -> None:
    # botocore's own check would stop some of it on the way.
    client = boto3.client("sagemaker", config=Config(parameter_validation=False))
    model = {**bodies(definition(), RELEASE).models[0], "ModelName": "under_score"}
    with pytest.raises(ClientError, match="ModelName"):
        client.create_model(**model)


def test_a_configuration_of_a_model_that_is_not_there_is_refused(aws: FakeAws) -> None:
    with pytest.raises(ClientError, match="Could not find model"):
        boto3.client("sagemaker").create_endpoint_config(
            **(bodies(definition(), RELEASE).config or {})
        )


def test_an_update_from_a_configuration_that_was_deleted_is_refused(aws: FakeAws) -> None:
    client = boto3.client("sagemaker")
    serve_a_model(client)
    found = bodies(definition(capture=None), RELEASE)
    client.create_endpoint_config(**(found.config or {}))
    client.delete_endpoint_config(EndpointConfigName=bodies(definition(), RELEASE).config_name)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        client.update_endpoint(**found.update_endpoint(1))


def test_a_canary_of_one_instance_is_refused(aws: FakeAws) -> None:
    client = boto3.client("sagemaker")
    serve_a_model(client)
    found = bodies(definition(capture=None, rollout={"strategy": "canary"}), RELEASE)
    client.create_endpoint_config(**(found.config or {}))
    with pytest.raises(ClientError, match="at least two instances"):
        client.update_endpoint(**found.update_endpoint(1))


def test_what_it_does_not_know_is_answered_by_moto(aws: FakeAws) -> None:
    assert (
        boto3.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    )
    assert boto3.client("s3").list_buckets()["Buckets"] == []


def test_as_a_process_it_prints_its_port_and_takes_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "tests.aws.fake_sagemaker"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = f"http://127.0.0.1:{int(process.stdout.readline())}"
            for name, value in environment(url).items():
                monkeypatch.setenv(name, value)
            plan = {"operation": "CreateModel", "outcome": "refuses", "reason": "no more"}
            asked = urllib.request.Request(
                f"{url}/fake",
                data=json.dumps({"plans": [plan]}).encode(),
                headers={"content-type": "application/json"},
            )
            with urllib.request.urlopen(asked, timeout=30) as answer:
                assert json.load(answer) == {"left": {}, "calls": []}
            with pytest.raises(ClientError, match="no more"):
                boto3.client("sagemaker").create_model(**bodies(definition(), RELEASE).models[0])
        finally:
            process.terminate()
