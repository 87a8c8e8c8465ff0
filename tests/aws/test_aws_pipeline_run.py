"""A run is started when the model would change, once, and `up` does not wait for it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber
from moto.sagemaker.models import FakePipelineExecution, sagemaker_backends

from tests.aws.listening import Listener
from tests.aws.moto_server import REGION, moto_server
from tests.aws.request_shapes import request_findings
from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers import execution, pipeline_run
from trimaran_providers.aws.handlers.pipeline_run import (
    PipelineRunHandler,
    PipelineRunInputs,
    PipelineRunOutputs,
)
from trimaran_providers.aws.handlers.session import client
from trimaran_providers.contract.errors import ResourceError

ACCOUNT = AwsAccount(region=REGION)
NAME = "toy-test"
ROLE = "arn:aws:iam::123456789012:role/toy-test-pipeline"
ARN = f"arn:aws:sagemaker:{REGION}:123456789012:pipeline/{NAME}/execution/abcdefghijkl"


@pytest.fixture(scope="module")
def sagemaker() -> Iterator[Any]:
    """One client of moto's server for all tests: loading the service's model takes a second."""
    with moto_server():
        yield client(ACCOUNT, "sagemaker")


@pytest.fixture(autouse=True)
def the_pipeline(sagemaker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pipeline_run, "client", lambda account, service: sagemaker)
    sagemaker.create_pipeline(
        PipelineName=NAME, RoleArn=ROLE, ClientRequestToken="x" * 32, PipelineDefinition="{}"
    )
    yield
    sagemaker.delete_pipeline(PipelineName=NAME, ClientRequestToken="x" * 32)


def inputs(digest: str = "sha256:1", definition: str = "sha256:d") -> PipelineRunInputs:
    return PipelineRunInputs(
        account=ACCOUNT, pipeline_name=NAME, digest=digest, definition=definition
    )


def runs() -> list[FakePipelineExecution]:
    """The runs as moto keeps them."""
    kept = sagemaker_backends["123456789012"][REGION].pipelines[NAME].pipeline_executions
    return list(kept.values())


def becomes(status: str, reason: str | None = None) -> None:
    """The newest run gets a status; in moto it succeeds at once."""
    runs()[-1].pipeline_execution_status = status
    runs()[-1].pipeline_execution_failure_reason = reason


@pytest.fixture
def failed_steps(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the steps of a run say; moto does not list steps."""
    steps: list[dict[str, Any]] = []
    monkeypatch.setattr(execution, "_steps", lambda sagemaker, arn: steps)
    return steps


def create(digest: str = "sha256:1") -> tuple[str, PipelineRunOutputs, Listener]:
    told = Listener()
    made = PipelineRunHandler().create(inputs(digest), told)
    return made.id, made.outputs, told


def test_a_run_is_started_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakePipelineExecution, "__init__", executing(FakePipelineExecution))
    run_id, outputs, told = create()
    (run,) = runs()
    assert outputs.run == run.arn
    assert outputs.status == "running"
    assert datetime.fromisoformat(outputs.started).tzinfo is not None
    assert run_id == f"{NAME}?region={REGION}"
    assert any("the next `pulumi up` serves what it releases" in line for line in told.lines)


def executing(kind: type) -> Any:
    original = kind.__init__  # type: ignore[misc]

    def start(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.pipeline_execution_status = "Executing"

    return start


def test_the_same_call_again_is_the_same_request() -> None:
    create()
    create()
    create("sha256:2")
    tokens = [run.client_request_token for run in runs()]
    assert tokens[0] == tokens[1] != tokens[2]
    assert all(32 <= len(token) <= 128 for token in tokens)


def test_a_pipeline_made_anew_has_new_runs(sagemaker: Any) -> None:
    create()
    before = runs()[0].client_request_token
    sagemaker.delete_pipeline(PipelineName=NAME, ClientRequestToken="x" * 32)
    sagemaker.create_pipeline(
        PipelineName=NAME, RoleArn=ROLE, ClientRequestToken="x" * 32, PipelineDefinition="{}"
    )
    create()
    assert runs()[0].client_request_token != before


def test_the_request_is_one_that_the_api_takes() -> None:
    create()
    (run,) = runs()
    body = {
        "PipelineName": NAME,
        "ClientRequestToken": run.client_request_token,
        "PipelineExecutionDescription": run.pipeline_execution_description,
    }
    assert request_findings("StartPipelineExecution", body) == []


def test_another_digest_starts_another_run_and_another_definition_does_not() -> None:
    run_id, old, _ = create()
    handler = PipelineRunHandler()
    kept = handler.update(run_id, old, inputs(definition="sha256:e"), Listener())
    assert (kept.run, kept.definition, len(runs())) == (old.run, "sha256:e", 1)
    new = handler.update(run_id, kept, inputs("sha256:2"), Listener())
    assert new.run != old.run
    assert len(runs()) == 2


def test_a_refresh_finds_the_run_by_what_it_says_of_itself(sagemaker: Any) -> None:
    run_id, outputs, _ = create()
    sagemaker.start_pipeline_execution(
        PipelineName=NAME,
        ClientRequestToken="s" * 32,
        PipelineExecutionDescription="started by the clock",
    )
    found = PipelineRunHandler().read(run_id)
    assert found is not None
    assert found[0] == inputs()
    assert found[1] == outputs


def test_a_pipeline_without_a_run_of_ours_has_none() -> None:
    assert PipelineRunHandler().read(NAME) is None


@pytest.mark.parametrize(
    ("status", "drifts"), [("Executing", True), ("Stopped", True), ("Succeeded", False)]
)
def test_a_run_that_went_on_since_is_looked_at_again(status: str, drifts: bool) -> None:
    _, outputs, _ = create()
    becomes(status)
    assert PipelineRunHandler().drifted(outputs) == ({"status"} if drifts else set())


def test_what_cannot_be_seen_is_taken_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    _, outputs, _ = create()
    becomes("Stopped")
    monkeypatch.setattr(pipeline_run, "client", client)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert PipelineRunHandler().drifted(outputs) == set()


def test_a_crashed_run_is_started_again_by_the_next_up(failed_steps: list[dict[str, Any]]) -> None:
    run_id, outputs, _ = create()
    becomes("Failed", "Step failure: One or multiple steps failed.")
    failed_steps.append(
        {"StepName": "train", "StepStatus": "Failed", "FailureReason": "AlgorithmError: no memory"}
    )
    handler, told = PipelineRunHandler(), Listener()
    assert handler.drifted(outputs) == {"status"}
    again = handler.update(run_id, outputs, inputs(), told)
    assert told.warnings[0].endswith("another one starts: train: AlgorithmError: no memory")
    assert again.run == runs()[1].arn != outputs.run
    assert runs()[0].client_request_token != runs()[1].client_request_token


@pytest.mark.parametrize(
    ("step", "reason", "status"),
    [
        ("refused", "the gate refused release 3f9a", "refused"),
        ("validate", "AlgorithmError: See job logs, exit code: 3", "invalid"),
        ("validate", "AlgorithmError: See job logs, exit code: 1", "failed"),
        ("data", "ClientError: no such bucket", "failed"),
    ],
)
def test_how_a_run_failed_is_told(
    failed_steps: list[dict[str, Any]], step: str, reason: str, status: str
) -> None:
    run_id, _, _ = create()
    becomes("Failed", "Step failure")
    failed_steps.append({"StepName": "split", "StepStatus": "Succeeded"})
    failed_steps.append({"StepName": step, "StepStatus": "Failed", "FailureReason": reason})
    found = PipelineRunHandler().read(run_id)
    assert found is not None
    assert found[1].status == status


def test_a_refused_run_is_not_started_again(failed_steps: list[dict[str, Any]]) -> None:
    run_id, _, _ = create()
    becomes("Failed", "Step failure")
    failed_steps.append({"StepName": "refused", "StepStatus": "Failed", "FailureReason": "worse"})
    handler, told = PipelineRunHandler(), Listener()
    found = handler.read(run_id)
    assert found is not None
    assert handler.drifted(found[1]) == set()
    handler.update(run_id, found[1], inputs(), told)
    assert len(runs()) == 1
    assert "refused: refused: worse" in told.warnings[0]


def test_a_pipeline_that_is_not_there_is_told_in_our_words() -> None:
    other = inputs().model_copy(update={"pipeline_name": "other"})
    with pytest.raises(ResourceError, match="other: AWS refused DescribePipeline"):
        PipelineRunHandler().create(other, Listener())


def described(status: str) -> dict[str, Any]:
    return {
        "PipelineExecutionArn": ARN,
        "PipelineExecutionStatus": status,
        "CreationTime": datetime(2026, 11, 24, tzinfo=UTC),
    }


def outputs(status: str = "running") -> PipelineRunOutputs:
    return PipelineRunOutputs(**inputs().model_dump(), run=ARN, status=status, started="")


@pytest.fixture
def stubbed(sagemaker: Any) -> Iterator[Stubber]:
    """The client answers what a test says: moto stops no run."""
    with Stubber(sagemaker) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_deleting_stops_its_own_run_and_waits_for_it(stubbed: Stubber) -> None:
    of_run = {"PipelineExecutionArn": ARN}
    stubbed.add_response("describe_pipeline_execution", described("Executing"), of_run)
    stubbed.add_response("stop_pipeline_execution", {"PipelineExecutionArn": ARN})
    for status in ("Stopping", "Stopping", "Stopped"):
        stubbed.add_response("describe_pipeline_execution", described(status), of_run)
    told = Listener()
    PipelineRunHandler(poll_seconds=0).delete(NAME, outputs(), told)
    assert told.lines == ["waiting for run abcdefghijkl to stop"] * 2


@pytest.mark.parametrize("status", ["Succeeded", "Stopped"])
def test_deleting_stops_nothing_that_has_ended(stubbed: Stubber, status: str) -> None:
    stubbed.add_response("describe_pipeline_execution", described(status))
    PipelineRunHandler(poll_seconds=0).delete(NAME, outputs(), Listener())


def test_deleting_a_run_that_is_gone_is_no_error(stubbed: Stubber) -> None:
    stubbed.add_client_error("describe_pipeline_execution", "ResourceNotFound", "gone")
    PipelineRunHandler(poll_seconds=0).delete(NAME, outputs(), Listener())


def test_a_run_that_is_gone_is_lost_and_not_started_again(stubbed: Stubber) -> None:
    for _ in range(3):
        stubbed.add_client_error("describe_pipeline_execution", "ResourceNotFound", "gone")
    handler = PipelineRunHandler()
    assert handler.drifted(outputs()) == {"status"}
    kept = handler.update(NAME, outputs(), inputs(), Listener())
    assert (kept.status, kept.run) == ("lost", ARN)
    assert handler.drifted(kept) == set()


def test_the_steps_of_a_failed_run_are_read_page_by_page(stubbed: Stubber) -> None:
    stubbed.add_response(
        "describe_pipeline_execution", {**described("Failed"), "FailureReason": "Step failure"}
    )
    first = {"StepName": "data", "StepStatus": "Succeeded"}
    last = {"StepName": "train", "StepStatus": "Failed", "FailureReason": "no memory"}
    page = "list_pipeline_execution_steps"
    stubbed.add_response(page, {"PipelineExecutionSteps": [first], "NextToken": "2"})
    stubbed.add_response(page, {"PipelineExecutionSteps": [last]})
    found = execution.look_at(stubbed.client, ARN)
    assert found is not None
    assert (found.status, found.why) == ("failed", "train: no memory")


def test_what_a_run_says_of_itself_is_json_of_its_digests() -> None:
    create()
    said = json.loads(runs()[0].pipeline_execution_description)
    assert said == {"digest": "sha256:1", "definition": "sha256:d"}
