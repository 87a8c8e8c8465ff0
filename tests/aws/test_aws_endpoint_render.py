"""What the renderer of the endpoint declares."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.aws.rendering import KEY, STORE, TOPIC, Recorder, context, rendered
from tests.aws.rendering import upstream as given
from tests.oracles import botocore_shapes
from tests.oracles.alarm_rules import composite, metric
from trimaran_providers.aws import endpoint
from trimaran_providers.aws.batch import BatchFacts, batch_definition
from trimaran_providers.aws.endpoint_definition import EndpointDefinition
from trimaran_providers.aws.handlers.endpoint import EndpointHandler, EndpointInputs
from trimaran_providers.contract.cloud import Upstream
from trimaran_providers.contract.errors import SpecError, UnsupportedError
from trimaran_providers.contract.outputs import RegistryOutputs
from trimaran_providers.contract.spec import EndpointSpec
from trimaran_runtime.alerting.config import AlertRules

RELEASE = "a" * 64
BATCH: dict[str, Any] = {
    "kind": "batch",
    "capture": None,
    "batch": {"source": "s3://lake/rows/", "schedule": "0 3 * * 1"},
}
ASLEEP = {"replicas": {"min": 0, "max": 2}}


def render(
    project: Path,
    spec: dict[str, Any] | None = None,
    *,
    alerts: bool = True,
    rules: AlertRules | None = None,
    model: str = "",
    **platform: Any,
) -> Recorder:
    """Render an endpoint of release `RELEASE`; without a model it has not got there yet."""
    known = pulumi.Output.from_input(RELEASE)
    registry = RegistryOutputs(id=known, candidate=known, approved=known, production=known)
    section = EndpointSpec.model_validate(spec or {})

    def program(parent: pulumi.Resource) -> None:
        below = given(alerts=alerts, rules=rules)
        upstream = Upstream(store=below.store, alerts=below.alerts, registry=registry)
        endpoint.render(context(parent, project, platform), section, upstream)

    return rendered(program, model=model)


def inputs_of(found: Recorder) -> EndpointInputs:
    """Inputs of the plugin's resource, as the plugin takes them."""
    return EndpointInputs.model_validate(found.of(":Endpoint", "toy-endpoint"))


def test_the_resource_gets_everything_as_data(tmp_path: Path) -> None:
    inputs = inputs_of(render(tmp_path))
    wanted = EndpointDefinition.model_validate_json(inputs.definition)
    assert (inputs.name, inputs.store_uri, inputs.hosting) == ("toy-test", STORE, "realtime")
    assert (inputs.release, inputs.region) == (RELEASE, "eu-central-1")
    assert wanted.variant["InstanceType"] == "ml.m5.large"
    assert wanted.model["ExecutionRoleArn"].endswith(":role/toy-test-serve")
    assert wanted.tags["trimaran:stack"] == "toy-test"


def test_a_kind_that_sagemaker_cannot_convert_replaces(tmp_path: Path) -> None:
    kinds = [
        {},
        ASLEEP,
        {"kind": "serverless", "capture": None},
        {"kind": "async", "capture": None},
    ]
    hosting = [inputs_of(render(tmp_path, kind)).hosting for kind in [*kinds, BATCH]]
    assert hosting == ["realtime", "component", "serverless", "async", "batch"]
    assert "hosting" in EndpointHandler.replace_on


def test_the_role_reads_releases_and_writes_what_is_recorded(tmp_path: Path) -> None:
    statements = render(tmp_path).statements("toy-serve-policy")
    assert statements["ReadStore"]["Resource"] == ["arn:aws:s3:::toy-store/serving/*"]
    assert statements["WriteStore"]["Resource"] == ["arn:aws:s3:::toy-store/sagemaker-capture/*"]
    assert statements["PullImage"]["Resource"][0].endswith(":repository/toy")
    assert "UseKey" not in statements


def test_the_role_of_an_endpoint_that_records_nothing_writes_nothing(tmp_path: Path) -> None:
    assert "WriteStore" not in render(tmp_path, {"capture": None}).statements("toy-serve-policy")


def test_the_role_sees_the_alarms_it_is_rolled_back_by(tmp_path: Path) -> None:
    statements = render(tmp_path).statements("toy-serve-policy")
    assert len(statements["SeeRollbackAlarms"]["Resource"]) == 1
    silent = render(tmp_path, {"rollout": {"rollback_on": []}})
    assert "SeeRollbackAlarms" not in silent.statements("toy-serve-policy")


def test_the_role_uses_the_key_and_enters_the_network(tmp_path: Path) -> None:
    network = {"subnets": ["subnet-1"], "security_groups": ["sg-1"]}
    found = render(tmp_path, encryption={"key": KEY}, network=network)
    statements = found.statements("toy-serve-policy")
    assert {"UseKey", "GrantKeyToVolumes", "EnterNetwork", "SeeNetwork"} <= statements.keys()
    wanted = EndpointDefinition.model_validate_json(inputs_of(found).definition)
    assert wanted.model["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert wanted.config["KmsKeyId"] == KEY


@pytest.mark.parametrize(
    "spec", [{}, ASLEEP, {"kind": "async", "capture": None, **ASLEEP}], ids=["", "zero", "async"]
)
def test_every_alarm_is_one_that_cloudwatch_takes(tmp_path: Path, spec: dict[str, Any]) -> None:
    rules = AlertRules(latency_p99_ms=200, no_data_hours=3)
    found = render(tmp_path, spec, rules=rules)
    alarms = [i for (kind, _), i in found.resources.items() if kind.endswith(":MetricAlarm")]
    assert len(alarms) >= 4
    assert [str(f) for alarm in alarms for f in metric(alarm)] == []
    above = found.of(":CompositeAlarm", "toy-endpoint-unhealthy")
    assert list(composite(above)) == []
    assert above["alarmActions"] == [TOPIC]


def test_latency_is_watched_in_microseconds(tmp_path: Path) -> None:
    alarm = render(tmp_path, rules=AlertRules(latency_p99_ms=200)).of(
        ":MetricAlarm", "toy-endpoint-latency"
    )
    assert alarm["threshold"] == 200_000


def test_one_alarm_tells_of_an_incident_and_its_parts_do_not(tmp_path: Path) -> None:
    found = render(tmp_path)
    assert found.of(":MetricAlarm", "toy-endpoint-errors").get("alarmActions", []) == []
    assert found.of(":MetricAlarm", "toy-rollback-errors").get("alarmActions", []) == []
    assert found.of(":MetricAlarm", "toy-endpoint-saturation")["alarmActions"] == [TOPIC]


def test_guards_have_the_names_that_the_endpoint_is_told(tmp_path: Path) -> None:
    found = render(tmp_path)
    wanted = EndpointDefinition.model_validate_json(inputs_of(found).definition)
    guard = found.of(":MetricAlarm", "toy-rollback-errors")
    assert wanted.rollback_alarms == (guard["name"],)


def test_without_anybody_to_tell_nothing_is_told(tmp_path: Path) -> None:
    found = render(tmp_path, alerts=False)
    assert found.of(":CompositeAlarm", "toy-endpoint-unhealthy").get("alarmActions", []) == []
    assert found.names(":EventRule") == []


def test_a_failed_endpoint_is_told(tmp_path: Path) -> None:
    found = render(tmp_path)
    pattern = json.loads(found.of(":EventRule", "toy-endpoint-down")["eventPattern"])
    assert pattern["detail"]["EndpointName"] == ["toy-test"]
    assert "FAILED" in pattern["detail"]["EndpointStatus"]
    quiet = render(tmp_path, rules=AlertRules(endpoint_down=False))
    assert quiet.names(":EventRule") == []


def test_the_log_group_is_made_before_the_service_makes_it(tmp_path: Path) -> None:
    group = render(tmp_path, logs={"retention_days": 91}).of(":LogGroup", "toy-endpoint-logs")
    assert group["name"] == "/aws/sagemaker/Endpoints/toy-test"
    assert group["retentionInDays"] == 120


def test_an_endpoint_that_sleeps_has_an_alarm_that_wakes_it(tmp_path: Path) -> None:
    assert "toy-endpoint-wake" not in render(tmp_path).names(":MetricAlarm")
    alarm = render(tmp_path, ASLEEP).of(":MetricAlarm", "toy-endpoint-wake")
    assert alarm["metricName"] == "NoCapacityInvocationFailures"
    queued = render(tmp_path, {"kind": "async", "capture": None, **ASLEEP})
    alarm = queued.of(":MetricAlarm", "toy-endpoint-wake")
    assert alarm["metricName"] == "HasBacklogWithoutCapacity"


def test_serverless_has_no_machine_to_watch_and_no_guard(tmp_path: Path) -> None:
    found = render(tmp_path, {"kind": "serverless", "capture": None})
    names = found.names(":MetricAlarm")
    assert "toy-endpoint-errors" in names
    assert not {"toy-endpoint-saturation", "toy-rollback-errors"} & {*names}


def test_going_back_on_a_signal_without_a_limit_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"alerts\.rules\.latency_p99_ms: an alarm needs a limit"):
        render(tmp_path, {"rollout": {"rollback_on": ["latency"]}})


def test_a_machine_that_does_not_exist_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"endpoint\.compute"):
        render(tmp_path, {"compute": {"cpu": 192, "memory_gib": 3072}})


def test_batch_is_a_pipeline_of_one_transform_on_the_clock(tmp_path: Path) -> None:
    found = render(tmp_path, BATCH)
    assert found.names(":Pipeline") == ["toy-batch-pipeline"]
    schedule = found.of(":Schedule", "toy-batch-schedule")
    assert schedule["scheduleExpression"] == "cron(0 3 ? * MON *)"
    statements = found.statements("toy-serve-policy")
    assert statements["ReadSource"]["Resource"] == ["arn:aws:s3:::lake/rows*"]
    assert statements["WriteStore"]["Resource"] == ["arn:aws:s3:::toy-store/batch/*"]
    assert found.names(":MetricAlarm") == []


def test_a_batch_rests_until_a_release_is_in_production(tmp_path: Path) -> None:
    waiting = render(tmp_path, BATCH)
    serving = render(tmp_path, BATCH, model="toy-test-0123456789")
    states = [f.of(":Schedule", "toy-batch-schedule")["state"] for f in (waiting, serving)]
    assert states == ["DISABLED", "ENABLED"]


@pytest.mark.parametrize("key", ["", KEY])
@pytest.mark.parametrize("instance", ["ml.m5.large", "ml.g4dn.xlarge"])
def test_a_transform_is_one_that_sagemaker_takes(key: str, instance: str) -> None:
    spec = EndpointSpec.model_validate(BATCH)
    facts = BatchFacts(
        model="toy-test-0123456789",
        source="s3://lake/rows/",
        output=f"{STORE}/batch",
        instance=instance,
        key=key,
        tags={"team": "toys"},
    )
    document = json.loads(batch_definition(spec, facts))
    arguments = document["Steps"][0]["Arguments"]
    assert arguments["ModelName"] == {"Get": "Parameters.ModelName"}
    arguments |= {"TransformJobName": "x", "ModelName": facts.model}
    arguments["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] = facts.source
    arguments["TransformOutput"]["S3OutputPath"] = f"{facts.output}/run"
    found = botocore_shapes.check("sagemaker", "CreateTransformJob", arguments)
    assert [str(finding) for finding in found] == []


def test_a_batch_without_a_model_asks_for_one_by_name() -> None:
    spec = EndpointSpec.model_validate(BATCH)
    facts = BatchFacts(
        model="", source="s3://a/", output="s3://b", instance="ml.m5.large", key="", tags={}
    )
    parameters = {p["Name"]: p for p in json.loads(batch_definition(spec, facts))["Parameters"]}
    assert "DefaultValue" not in parameters["ModelName"]
