"""`trimaran status`, `runs`, `logs`, `run`, `monitor`, `releases`, `approve` of a stack on AWS."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from tests.aws.exported import fake_pulumi, write_export
from tests.aws.locks import write_lock
from tests.aws.moto_server import REGION, make_bucket, moto_server
from tests.cli.deployed import Answer, Deployed
from trimaran.cli.app import run as command
from trimaran_providers.aws import endpoint_state, open_alarms, pipeline_runs
from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.deployment import AwsDeployment, find_deployments
from trimaran_providers.aws.handlers.session import client
from trimaran_providers.aws.next_start import next_start
from trimaran_providers.aws.stack_state import read_state
from trimaran_providers.contract.deployment import Health
from trimaran_providers.contract.errors import ProjectError, ResourceError
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.storage.store import Store

ACCOUNT = AwsAccount(region=REGION)
BUCKET = "toy-prod-store"
NAME = "toy-prod"
PIPELINE = f"arn:aws:sagemaker:{REGION}:123456789012:pipeline/{NAME}"
RUN = f"{PIPELINE}/execution/abcdefghijkl"
ROLES = f"arn:aws:sts::123456789012:assumed-role/{NAME}"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:toy-prod-alerts"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SPEC = """\
name: toy
data: {source: 'toy:load', target: bought}
pipeline: {train: 'toy:fit', schedule: '0 3 * * *', timezone: Europe/Vienna}
alerts: {channels: [{kind: email, to: ml@example.com}]}
"""


class OnS3(Deployed):
    """Releases in a store of its own place."""

    def __init__(self, store: Store) -> None:
        self.store = store


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with moto_server():
        make_bucket(BUCKET)
        yield


@pytest.fixture(scope="module")
def deployed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose stack `prod` is up, by Pulumi's state; rendered once."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "toy.yaml").write_text(SPEC)
    (folder / "toy.py").write_text("def load(): ...\n\n\ndef fit(train, validation, p): ...\n")
    (folder / "Pulumi.yaml").write_text("name: toy\nruntime: python\n")
    (folder / "Pulumi.prod.yaml").write_text(
        f"config:\n  trimaran:cloud: aws\n  aws:region: {REGION}\n"
    )
    (folder / "Pulumi.far.yaml").write_text("config:\n  trimaran:cloud: azure\n")
    write_lock(folder)
    write_export(
        folder,
        folder / "toy.yaml",
        {
            "aws:s3/bucket:Bucket": {"bucket": BUCKET},
            "trimaran:aws:Endpoint": {"arn": "", "phase": "waiting", "problem": "", "config": ""},
        },
    )
    return folder


@pytest.fixture
def project(
    deployed_project: Path, tmp_path: Path, aws: None, monkeypatch: pytest.MonkeyPatch
) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(deployed_project, folder)
    fake_pulumi(tmp_path / "bin", monkeypatch)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def deployment(project: Path) -> AwsDeployment:
    (found,) = find_deployments(project, "prod")
    return found


@pytest.fixture
def released(deployment: AwsDeployment) -> Iterator[OnS3]:
    """The store of the deployment, empty at first."""
    yield OnS3(deployment.store)
    for entry in deployment.store.list():
        deployment.store.delete(entry.key)


@pytest.fixture
def trimaran(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = command(list(arguments))
        shown = capsys.readouterr()
        return Answer(int(code), shown.out, shown.err)

    return call


@pytest.fixture
def sagemaker(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """SageMaker as far as moto does not go: answers of the API's own shapes, in order."""
    made = client(ACCOUNT, "sagemaker")

    def stubbed(account: AwsAccount, service: str) -> Any:
        return made if service == "sagemaker" else client(account, service)

    monkeypatch.setattr(pipeline_runs, "client", stubbed)
    with Stubber(made) as stub:
        yield stub
        stub.assert_no_pending_responses()


def executions(*statuses: str) -> dict[str, Any]:
    summaries = [
        {"PipelineExecutionArn": RUN, "StartTime": NOW, "PipelineExecutionStatus": status}
        for status in statuses
    ]
    return {"PipelineExecutionSummaries": summaries}


def described(status: str, **more: Any) -> dict[str, Any]:
    ended = NOW + timedelta(seconds=90)
    return {
        "PipelineExecutionArn": RUN,
        "PipelineExecutionStatus": status,
        "CreationTime": NOW,
        "LastModifiedTime": ended,
        **more,
    }


def step(name: str, status: str, **more: Any) -> dict[str, Any]:
    ended = NOW + timedelta(seconds=9)
    return {"StepName": name, "StepStatus": status, "StartTime": NOW, "EndTime": ended, **more}


def answers_a_look(sagemaker: Stubber, status: str, *steps: dict[str, Any], **more: Any) -> None:
    """What one look at a run asks: how it is, and its steps."""
    answer = described(status, **more)
    sagemaker.add_response("describe_pipeline_execution", answer, {"PipelineExecutionArn": RUN})
    listed = {"PipelineExecutionSteps": list(steps)}
    if status == "Failed":
        sagemaker.add_response("list_pipeline_execution_steps", listed)
    sagemaker.add_response("describe_pipeline_execution", answer, {"PipelineExecutionArn": RUN})
    sagemaker.add_response("list_pipeline_execution_steps", listed)


class TestFinding:
    def test_a_model_is_found_with_its_store_and_its_way_to_aws(
        self, deployment: AwsDeployment
    ) -> None:
        assert (deployment.model, deployment.stack, deployment.cloud) == ("toy", "prod", "aws")
        assert deployment.store_uri == f"s3://{BUCKET}"
        assert deployment.account.region == REGION
        assert not deployment.follows_channels

    def test_a_stack_that_is_not_there_is_told_in_pulumis_words(self, project: Path) -> None:
        with pytest.raises(ProjectError, match="stack prd: `pulumi stack export` failed: no stack"):
            find_deployments(project, "prd")

    def test_without_pulumi_it_says_what_is_missing(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(project))
        with pytest.raises(ProjectError, match="`pulumi` is not on PATH"):
            read_state(project, "prod")

    def test_a_destroyed_stack_has_nothing(self, project: Path, trimaran: Any) -> None:
        (project / "state.json").write_text('{"deployment": {"resources": null}}')
        answer = trimaran("status", "--stack", "prod")
        assert answer.code == 3
        assert "nothing is deployed on aws by stack prod" in answer.err
        assert "pulumi up -s prod" in answer.err

    def test_what_is_no_state_is_told(self, project: Path) -> None:
        (project / "state.json").write_text("no JSON")
        with pytest.raises(ProjectError, match="something else than a stack"):
            read_state(project, "prod")

    def test_a_cloud_that_cannot_be_looked_into_is_told(self, project: Path, trimaran: Any) -> None:
        answer = trimaran("status", "--stack", "far")
        assert answer.code == 3
        assert "stack far is on azure" in answer.err

    def test_another_model_is_not_guessed(self, project: Path, trimaran: Any) -> None:
        answer = trimaran("status", "--stack", "prod", "--name", "tow")
        assert answer.code == 3
        assert "no deployment of stack prod and model tow on aws; did you mean toy?" in answer.err


class TestStatus:
    def test_a_new_stack_waits(self, released: OnS3, sagemaker: Stubber, trimaran: Any) -> None:
        sagemaker.add_response("list_pipeline_executions", executions())
        document = trimaran("status", "--stack", "prod", "--json").document
        assert (document["health"], document["endpoint"]["phase"]) == (Health.waiting, "waiting")
        assert document["production"] is None
        assert document["next_run"].endswith(("T03:00:00+01:00", "T03:00:00+02:00"))
        assert document["next_check"] is not None

    def test_a_release_is_seen_in_the_bucket(
        self, released: OnS3, sagemaker: Stubber, trimaran: Any
    ) -> None:
        release = released.release(0.81)
        released.approve(release)
        sagemaker.add_response("list_pipeline_executions", executions("Succeeded"))
        answers_a_look(sagemaker, "Succeeded")
        document = trimaran("status", "--stack", "prod", "--json").document
        assert document["production"]["id"] == release
        assert document["last_run"]["status"] == "succeeded"


class TestApproving:
    def test_the_channel_moves_and_the_next_up_is_named(
        self, released: OnS3, trimaran: Any
    ) -> None:
        release = released.release(0.81)
        answer = trimaran("approve", release[:12], "--because", "fine", "--stack", "prod")
        assert answer.code == 0
        assert "serves it after the next `pulumi up -s prod`" in answer.out
        pointer = current(released.store, Channel.production)
        assert pointer is not None
        assert (pointer.release, pointer.why) == (release, "fine")

    def test_a_rollback_moves_it_back(self, released: OnS3, trimaran: Any) -> None:
        first, second = released.release(0.8), released.release(0.9)
        released.approve(first)
        released.approve(second)
        assert trimaran("rollback", "--stack", "prod").code == 0
        pointer = current(released.store, Channel.production)
        assert pointer is not None
        assert pointer.release == first

    def test_releases_are_listed_and_reported(self, released: OnS3, trimaran: Any) -> None:
        release = released.release(0.81)
        listed = trimaran("releases", "--stack", "prod", "--json").document
        assert [item["id"] for item in listed] == [release]
        path = trimaran("report", release[:12], "--stack", "prod", "--json").document["path"]
        assert "<h1>flights</h1>" in Path(path).read_text()

    def test_a_prediction_is_not_sent_unsigned(self, released: OnS3, trimaran: Any) -> None:
        answer = trimaran("predict", "--example", "--stack", "prod")
        assert answer.code == 3
        assert "takes signed requests alone" in answer.err


class TestRuns:
    @pytest.mark.parametrize(
        ("more", "trigger"),
        [
            ({"PipelineExecutionDescription": '{"definition": "d", "digest": "c"}'}, "up"),
            ({"CreatedBy": {"IamIdentity": {"Arn": f"{ROLES}-schedule/x"}}}, "schedule"),
            ({"CreatedBy": {"IamIdentity": {"Arn": f"{ROLES}-retrain/x"}}}, "drift"),
            ({"CreatedBy": {"IamIdentity": {"Arn": f"{ROLES}-new-data/x"}}}, "data"),
            ({"CreatedBy": {"IamIdentity": {"Arn": "arn:aws:iam::1:user/ann"}}}, "manual"),
        ],
    )
    def test_a_run_says_what_started_it(
        self,
        deployment: AwsDeployment,
        sagemaker: Stubber,
        more: dict[str, Any],
        trigger: str,
    ) -> None:
        sagemaker.add_response("list_pipeline_executions", executions("Succeeded"))
        answers_a_look(sagemaker, "Succeeded", step("data", "Succeeded"), **more)
        (run,) = deployment.runs()
        assert (run.id, run.status, run.trigger) == ("abcdefghijkl", "succeeded", trigger)
        assert (run.seconds, run.steps[0].seconds) == (90, 9)

    def test_a_refusal_is_told_with_the_release(
        self, deployment: AwsDeployment, released: OnS3, sagemaker: Stubber
    ) -> None:
        released.store.write_json(
            "runs/abcdefghijkl/release/release.json", {"release": "f" * 64, "accepted": False}
        )
        sagemaker.add_response("list_pipeline_executions", executions("Failed"))
        refused = step("refused", "Failed", FailureReason="the gate refused release ff")
        answers_a_look(sagemaker, "Failed", step("gate", "Succeeded"), refused)
        (run,) = deployment.runs()
        assert (run.status, run.release) == ("refused", "f" * 64)
        assert "the gate refused release ff" in run.message

    def test_a_run_is_started_and_waited_for(
        self, deployment: AwsDeployment, sagemaker: Stubber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pipeline_runs.time, "sleep", lambda _: None)
        sagemaker.add_response(
            "start_pipeline_execution",
            {"PipelineExecutionArn": RUN},
            {"PipelineName": NAME, "PipelineExecutionDisplayName": "manual"},
        )
        answers_a_look(sagemaker, "Executing", step("data", "Executing"))
        answers_a_look(sagemaker, "Executing", step("data", "Executing"))
        answers_a_look(sagemaker, "Succeeded", step("data", "Succeeded"))
        told: list[str] = []
        assert deployment.run(told.append).status == "succeeded"
        assert told == ["data running", "data succeeded"]

    def test_what_a_step_printed_is_read_from_its_jobs_log(
        self, deployment: AwsDeployment, sagemaker: Stubber
    ) -> None:
        group, stream = "/aws/sagemaker/TrainingJobs", "pipelines-abc-train/algo-1-17"
        write_log(group, stream, "one", "two")
        write_log(group, "pipelines-abc-trained/algo-1-17", "another's")
        job = {"Arn": f"arn:aws:sagemaker:{REGION}:123456789012:training-job/pipelines-abc-train"}
        sagemaker.add_response("describe_pipeline", {"PipelineArn": PIPELINE})
        sagemaker.add_response(
            "list_pipeline_execution_steps",
            {"PipelineExecutionSteps": [step("train", "Succeeded", Metadata={"TrainingJob": job})]},
            {"PipelineExecutionArn": RUN, "SortOrder": "Ascending"},
        )
        assert list(deployment.log("abcdefghijkl", "train")) == ["one", "two"]

    def test_a_step_without_a_job_has_no_log(
        self, deployment: AwsDeployment, sagemaker: Stubber
    ) -> None:
        sagemaker.add_response("describe_pipeline", {"PipelineArn": PIPELINE})
        sagemaker.add_response(
            "list_pipeline_execution_steps",
            {"PipelineExecutionSteps": [step("accepted", "Succeeded")]},
        )
        with pytest.raises(ProjectError, match="step accepted of run abcdefghijkl has no log"):
            deployment.log("abcdefghijkl", "accepted")

    def test_a_check_that_fails_says_why(
        self, deployment: AwsDeployment, sagemaker: Stubber
    ) -> None:
        sagemaker.add_response(
            "start_pipeline_execution",
            {"PipelineExecutionArn": RUN},
            {"PipelineName": f"{NAME}-monitor", "PipelineExecutionDisplayName": "manual"},
        )
        failed = step("monitor", "Failed", FailureReason="no such bucket")
        answers_a_look(sagemaker, "Failed", failed)
        with pytest.raises(ResourceError, match="no such bucket"):
            deployment.check(lambda _: None)

    def test_what_aws_refuses_is_told_as_ours(
        self, deployment: AwsDeployment, sagemaker: Stubber
    ) -> None:
        sagemaker.add_client_error("list_pipeline_executions", "AccessDeniedException", "no")
        with pytest.raises(ResourceError, match="AWS refused ListPipelineExecutions"):
            deployment.runs()


class TestEndpoint:
    RECORDED = {
        "name": NAME,
        "arn": f"arn:aws:sagemaker:{REGION}:123456789012:endpoint/{NAME}",
        "url": f"https://runtime.sagemaker.{REGION}.amazonaws.com/endpoints/{NAME}",
        "release": "a" * 64,
        "phase": "serving",
        "problem": "",
        "config": "toy-prod-1",
    }

    @pytest.fixture
    def endpoint(self, aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
        made = client(ACCOUNT, "sagemaker")

        def stubbed(account: AwsAccount, service: str) -> Any:
            return made if service == "sagemaker" else client(account, service)

        monkeypatch.setattr(endpoint_state, "client", stubbed)
        with Stubber(made) as stub:
            yield stub

    def answers(self, endpoint: Stubber, status: str, config: str = "toy-prod-1") -> None:
        variant = {"VariantName": "main", "CurrentInstanceCount": 2, "DesiredInstanceCount": 4}
        endpoint.add_response(
            "describe_endpoint",
            {
                "EndpointName": NAME,
                "EndpointArn": self.RECORDED["arn"],
                "EndpointConfigName": config,
                "EndpointStatus": status,
                "ProductionVariants": [variant],
                "CreationTime": NOW,
                "LastModifiedTime": NOW,
                "FailureReason": "the container died" if status == "Failed" else "",
            },
            {"EndpointName": NAME},
        )

    def test_what_it_was_asked_is_measured(self, endpoint: Stubber) -> None:
        dimensions = [
            {"Name": "EndpointName", "Value": NAME},
            {"Name": "VariantName", "Value": "main"},
        ]
        for metric, value in (("Invocations", 50), ("Invocation5XXErrors", 2)):
            client(ACCOUNT, "cloudwatch").put_metric_data(
                Namespace="AWS/SageMaker",
                MetricData=[
                    {
                        "MetricName": metric,
                        "Dimensions": dimensions,
                        "Value": value,
                        "Timestamp": datetime.now(UTC) - timedelta(seconds=100),
                    }
                ],
            )
        self.answers(endpoint, "InService")
        state = endpoint_state.endpoint_state(ACCOUNT, self.RECORDED)
        assert (state.phase, state.replicas, state.serving) == ("serving", 2, {"a" * 64: 100})
        assert (state.requests_per_minute, state.errors, state.p99_ms) == (10, 2, None)

    @pytest.mark.parametrize(
        ("status", "config", "phase", "problem"),
        [
            ("Creating", "toy-prod-1", "starting", ""),
            ("Updating", "toy-prod-2", "rolling_out", "Updating: main 2 of 4 instances"),
            ("Failed", "toy-prod-1", "failed", "the container died"),
            ("InService", "by-hand", "failed", "another configuration than `pulumi up` left"),
        ],
    )
    def test_how_it_stands(
        self, endpoint: Stubber, status: str, config: str, phase: str, problem: str
    ) -> None:
        self.answers(endpoint, status, config)
        state = endpoint_state.endpoint_state(ACCOUNT, self.RECORDED)
        assert state.phase == phase
        assert problem in state.problem

    def test_one_that_was_deleted_is_down(self, endpoint: Stubber) -> None:
        endpoint.add_client_error(
            "describe_endpoint", "ValidationException", "Could not find endpoint"
        )
        state = endpoint_state.endpoint_state(ACCOUNT, self.RECORDED)
        assert state.phase == "stopped"
        assert "pulumi up --refresh" in state.problem


class TestAlerts:
    def test_open_alarms_that_tell_people_are_alerts(self, deployment: AwsDeployment) -> None:
        names = [
            str(resource.outputs["name"])
            for resource in deployment.resources.values()
            if resource.type == "aws:cloudwatch/metricAlarm:MetricAlarm"
        ]
        assert f"{NAME}-drift" in names
        cloudwatch = client(ACCOUNT, "cloudwatch")
        for name in names:
            put_alarm(cloudwatch, name)
        (alert,) = open_after(cloudwatch, deployment, f"{NAME}-drift")
        assert (alert.rule, alert.message) == ("drift", f"about {NAME}-drift")
        assert open_after(cloudwatch, deployment, "somebody-elses") == (alert,)

    def test_without_alarms_nobody_is_asked(self) -> None:
        assert open_alarms.open_alarms(ACCOUNT, [], NAME) == ()


def put_alarm(cloudwatch: Any, name: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=f"about {name}",
        Namespace="Trimaran/toy-prod",
        MetricName="DriftSeverity",
        Statistic="Maximum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=2,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[TOPIC],
    )


def open_after(cloudwatch: Any, deployment: AwsDeployment, name: str) -> tuple[Any, ...]:
    put_alarm(cloudwatch, name)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="it is")
    return deployment.alerts()


def write_log(group: str, stream: str, *lines: str) -> None:
    logs = client(ACCOUNT, "logs")
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(datetime.now(UTC).timestamp() * 1000)
    events = [{"timestamp": now + n, "message": line} for n, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


@pytest.mark.parametrize(
    ("expression", "timezone", "after"),
    [
        ("cron(0 3 * * ? *)", "UTC", "2026-11-25T03:00:00+00:00"),
        ("cron(0 3 * * ? *)", "Europe/Vienna", "2026-11-25T03:00:00+01:00"),
        ("cron(0/15 * * * ? *)", "UTC", "2026-11-24T12:15:00+00:00"),
        ("cron(30 8 ? * MON,SAT *)", "UTC", "2026-11-28T08:30:00+00:00"),
        ("cron(0 0 29 2 ? *)", "UTC", "2028-02-29T00:00:00+00:00"),
        ("cron(0 6,18 1 * ? *)", "UTC", "2026-12-01T06:00:00+00:00"),
    ],
)
def test_when_a_schedule_starts_next(expression: str, timezone: str, after: str) -> None:
    found = next_start(expression, timezone, NOW)
    assert found is not None
    assert found.isoformat() == after


def test_a_schedule_that_never_comes_has_no_next_start() -> None:
    assert next_start("cron(0 0 31 2 ? *)", "UTC", NOW) is None
    assert next_start("rate(1 hour)", "UTC", NOW) is None


def test_the_export_is_read_as_pulumi_writes_it(project: Path, deployment: AwsDeployment) -> None:
    written = json.loads((project / "state.json").read_text())["deployment"]["resources"]
    read = read_state(project, "prod")
    assert [resource.type for resource in read] == [item["type"] for item in written]
    assert {resource.component for resource in read} == {"toy"}
