"""Bodies of the AWS API that an endpoint comes to, against the API's own model."""

import json
from itertools import product
from typing import Any

import pytest

from tests.aws.endpoint_case import KEY, NAME, NEXT, RELEASE, STORE, definition
from tests.oracles import botocore_shapes
from trimaran_providers.aws.endpoint_bodies import Bodies, bodies, is_name_of
from trimaran_providers.aws.endpoint_definition import EndpointDefinition, serverless_mb
from trimaran_providers.contract.spec import EndpointSpec

VPC = {"subnets": ("subnet-0a", "subnet-0b"), "security_groups": ("sg-0a",)}
TAGS = {"team": "toys", "trimaran:stack": NAME}
AUTOSCALED = {"min": 2, "max": 6, "target_concurrency": 4, "scale_in_cool_down_seconds": 120}
CLOCK = {"cron": "0 20 * * 1-5", "timezone": "Europe/Vienna", "min": 2, "max": 3}

SPECS: dict[str, dict[str, Any]] = {
    "realtime": {},
    "gpu": {"instance": "ml.g4dn.xlarge", "place": {"kms_key": KEY, "tags": TAGS}},
    "autoscaled": {"replicas": AUTOSCALED},
    "by the clock": {"replicas": {**AUTOSCALED, "schedules": [CLOCK]}},
    "all at once": {"rollout": {"strategy": "all_at_once"}},
    "canary": {"replicas": AUTOSCALED, "rollout": {"strategy": "canary", "steps": [10, 100]}},
    "linear": {
        "replicas": AUTOSCALED,
        "rollout": {"strategy": "linear", "steps": [25, 50, 75, 100], "bake_minutes": 60},
    },
    "rolling": {"replicas": AUTOSCALED, "rollout": {"strategy": "rolling"}},
    "large rolling": {
        "replicas": {"min": 100, "max": 100},
        "rollout": {"strategy": "rolling", "bake_minutes": 60},
    },
    "two signals": {"rollout": {"rollback_on": ["errors", "latency"]}},
    "nothing recorded": {"capture": None},
    "shadow": {"shadow": {"fraction": 0.2}},
    "private": {"place": {"kms_key": KEY, **VPC, "tags": TAGS}},
    "serverless": {"instance": "", "kind": "serverless", "capture": None},
    "serverless, cold": {
        "instance": "",
        "kind": "serverless",
        "capture": None,
        "replicas": {"min": 0, "max": 200},
    },
    "async": {"kind": "async", "capture": None, "place": {"kms_key": KEY, "tags": TAGS}},
    "async to zero": {"kind": "async", "capture": None, "replicas": {"min": 0, "max": 4}},
    "realtime to zero": {
        "replicas": {"min": 0, "max": 4, "target_concurrency": 4},
        "place": {"kms_key": KEY, **VPC, "tags": TAGS},
    },
    "gpu to zero": {
        "instance": "ml.g5.xlarge",
        "compute": {"cpu": 4, "memory_gib": 16, "gpu": {"kind": "a10"}},
        "replicas": {"min": 0, "max": 2, "schedules": [{**CLOCK, "min": 1}]},
    },
    "batch": {
        "instance": "",
        "kind": "batch",
        "capture": None,
        "batch": {"source": "s3://lake/rows/"},
    },
}


def made(**spec: Any) -> Bodies:
    """The requests of a deployment; where a release is shadowed, it is another one."""
    return bodies(definition(**spec), RELEASE, NEXT)


def calls(found: Bodies) -> list[tuple[str, str, dict[str, Any]]]:
    """Every call that the endpoint's life is made of."""
    wanted = found.definition
    all_calls = [("sagemaker", "CreateModel", body) for body in found.models]
    if found.config is not None:
        all_calls += [
            ("sagemaker", "CreateEndpointConfig", found.config),
            ("sagemaker", "CreateEndpoint", found.create_endpoint()),
            ("sagemaker", "UpdateEndpoint", found.update_endpoint(2)),
            ("sagemaker", "UpdateEndpoint", found.update_endpoint(0)),
        ]
    if found.component is not None:
        all_calls += [
            ("sagemaker", "CreateInferenceComponent", found.component),
            ("sagemaker", "UpdateInferenceComponent", found.update_component(0)),
        ]
    if wanted.scaling is not None:
        scaling, service = wanted.scaling, "application-autoscaling"
        all_calls.append((service, "RegisterScalableTarget", scaling.target))
        all_calls += [(service, "PutScalingPolicy", body) for body in scaling.policies]
        all_calls += [(service, "PutScheduledAction", body) for body in scaling.actions]
    return all_calls


@pytest.mark.parametrize("name", SPECS)
def test_the_api_takes_every_body(name: str) -> None:
    found = [
        f"{operation}.{finding}"
        for service, operation, body in calls(made(**SPECS[name]))
        for finding in botocore_shapes.check(service, operation, body)
    ]
    assert found == []


@pytest.mark.parametrize("name", SPECS)
def test_a_definition_survives_the_engine_as_json(name: str) -> None:
    wanted = definition(**SPECS[name])
    assert EndpointDefinition.model_validate_json(wanted.model_dump_json()) == wanted


def test_the_check_sees_a_wrong_body() -> None:
    config = dict(made().config or {})
    config["ProductionVariants"] = [{"VariantName": "main_", "InstanceType": "ml.none.large"}]
    assert len(botocore_shapes.check("sagemaker", "CreateEndpointConfig", config)) == 2


def test_a_model_takes_the_files_of_its_release_and_no_network() -> None:
    (model,) = made().models
    source = model["PrimaryContainer"]["ModelDataSource"]["S3DataSource"]
    assert source["S3Uri"] == f"{STORE}/serving/{RELEASE}/"
    assert model["PrimaryContainer"]["Environment"]["TRIMARAN_RELEASE"] == RELEASE
    assert model["EnableNetworkIsolation"] is True


def test_the_server_is_told_of_limits_that_differ_alone() -> None:
    def environment(**limits: Any) -> str:
        container = made(limits=limits).models[0]["PrimaryContainer"]
        return str(container["Environment"]["TRIMARAN_SERVER_CONFIG"])

    assert environment() == f'{{"endpoint":"{NAME}","variant":"main"}}'
    assert '"max_rows":7' in environment(max_rows=7)


@pytest.mark.parametrize(
    ("gpu", "use", "device"),
    [
        (None, "required", None),
        ({"kind": "t4"}, "required", "cuda"),
        ({"kind": "t4"}, "preferred", "cuda_or_cpu"),
    ],
)
def test_the_server_of_a_machine_with_a_gpu_is_told_to_use_it(
    gpu: dict[str, str] | None, use: str, device: str | None
) -> None:
    container = made(compute={"gpu": gpu}, gpu=use).models[0]["PrimaryContainer"]
    told = json.loads(container["Environment"]["TRIMARAN_SERVER_CONFIG"])
    assert told.get("device") == device


def test_traffic_is_recorded_as_text_into_the_store() -> None:
    config = made(capture={"fraction": 0.07}).config or {}
    capture = config["DataCaptureConfig"]
    assert capture["InitialSamplingPercentage"] == 7
    assert capture["DestinationS3Uri"] == f"{STORE}/sagemaker-capture"
    assert capture["CaptureContentTypeHeader"] == {
        "JsonContentTypes": ["application/json"],
        "CsvContentTypes": ["text/csv"],
    }


def test_a_machine_with_its_own_disks_gets_neither_volume_nor_key() -> None:
    for instance, has in (("ml.m5.large", True), ("ml.g4dn.xlarge", False)):
        config = made(instance=instance, place={"kms_key": KEY}).config or {}
        (variant,) = config["ProductionVariants"]
        assert ("VolumeSizeInGB" in variant, "KmsKeyId" in config) == (has, has)


@pytest.mark.parametrize(("gib", "mb"), [(0.5, 1024), (1, 1024), (1.5, 2048), (4, 4096), (6, 6144)])
def test_serverless_memory_is_the_next_whole_gib(gib: float, mb: int) -> None:
    assert serverless_mb(EndpointSpec.model_validate({"compute": {"memory_gib": gib}})) == mb


def test_serverless_capacity_is_that_of_the_replicas() -> None:
    for least in (0, 3):
        config = made(**{**SPECS["serverless"], "replicas": {"min": least, "max": 9}}).config or {}
        serverless = config["ProductionVariants"][0]["ServerlessConfig"]
        assert serverless["MaxConcurrency"] == 9
        assert serverless.get("ProvisionedConcurrency", 0) == least


def test_a_canary_bakes_between_its_two_steps() -> None:
    policy = definition(**SPECS["canary"]).deployment["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"] == {
        "Type": "CANARY",
        "WaitIntervalInSeconds": 300,
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
    }
    assert policy["TerminationWaitInSeconds"] == 0


def test_all_at_once_bakes_while_the_old_instances_are_there() -> None:
    policy = definition().deployment["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"]["Type"] == "ALL_AT_ONCE"
    assert policy["TerminationWaitInSeconds"] == 300


def test_a_rolling_batch_is_one_instance_within_what_a_batch_may_be() -> None:
    def size(replicas: int) -> int:
        replicated = {"min": replicas, "max": replicas}
        deployment = definition(replicas=replicated, rollout={"strategy": "rolling"}).deployment
        return int(deployment["RollingUpdatePolicy"]["MaximumBatchSize"]["Value"])

    assert [size(n) for n in (2, 3, 4, 10, 50)] == [50, 34, 25, 10, 5]


@pytest.mark.parametrize(
    ("strategy", "minutes"), list(product(("canary", "linear", "rolling"), (0, 5, 60)))
)
def test_a_deployment_may_last_as_long_as_its_baking(strategy: str, minutes: int) -> None:
    wanted = definition(
        replicas={"min": 2, "max": 2}, rollout={"strategy": strategy, "bake_minutes": minutes}
    )
    policy = next(v for k, v in wanted.deployment.items() if k.endswith("UpdatePolicy"))
    waits = {"canary": 1, "linear": 10, "rolling": 2}[strategy]
    longest = min(waits * minutes * 60, 28_800)
    assert policy["MaximumExecutionTimeoutInSeconds"] >= longest
    assert wanted.wait_seconds > policy["MaximumExecutionTimeoutInSeconds"]


def test_an_endpoint_that_sleeps_can_be_woken() -> None:
    for name in ("async to zero", "realtime to zero", "gpu to zero"):
        scaling = definition(**SPECS[name]).scaling
        assert scaling is not None
        assert [p["PolicyName"] for p in scaling.policies] == ["follow-load", "wake"]
        assert scaling.target["MinCapacity"] == 0


def test_asynchronous_scales_by_its_queue() -> None:
    scaling = definition(**SPECS["async to zero"]).scaling
    assert scaling is not None
    tracking = scaling.policies[0]["TargetTrackingScalingPolicyConfiguration"]
    metric = tracking["CustomizedMetricSpecification"]
    assert metric["MetricName"] == "ApproximateBacklogSizePerInstance"


def test_replicas_by_the_clock_are_scheduled_actions() -> None:
    scaling = definition(**SPECS["by the clock"]).scaling
    assert scaling is not None
    (action,) = scaling.actions
    assert action["Schedule"] == "cron(0 20 ? * MON,TUE,WED,THU,FRI *)"
    assert action["Timezone"] == "Europe/Vienna"


def test_a_release_is_not_its_own_shadow() -> None:
    wanted = definition(**SPECS["shadow"])
    assert "ShadowProductionVariants" not in (bodies(wanted, RELEASE, RELEASE).config or {})
    assert "ShadowProductionVariants" not in (bodies(wanted, RELEASE, "").config or {})


def test_a_number_of_instances_or_a_tag_makes_no_other_configuration() -> None:
    plain = made().config_name
    assert made(replicas={"min": 3, "max": 3}).config_name == plain
    assert made(place={"tags": {}}).config_name == plain


def test_names_are_known_for_ours_and_no_others() -> None:
    found = made()
    assert is_name_of(found.config_name, NAME)
    assert is_name_of(found.model_name, NAME)
    for other in (NAME, f"{NAME}-prod", f"{NAME}-prod-0123456789", f"x{found.model_name}"):
        assert not is_name_of(other, NAME)


def test_names_of_a_long_stack_stay_within_the_limit_and_are_known() -> None:
    long = "a" * 20 + "-" + "b" * 42
    found = bodies(definition().model_copy(update={"name": long}), RELEASE)
    assert len(found.config_name) == 63
    assert is_name_of(found.config_name, long)
    assert not is_name_of(found.config_name, NAME)
