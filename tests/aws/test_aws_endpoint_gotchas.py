"""What is known to go wrong with endpoints on SageMaker, one test each.

Numbers are those of the research on the clouds: A1 to A5 and A8 are defects of Pulumi's AWS
provider, or of what lies under it, which our own resource does not have.
"""

from collections.abc import Iterator

import boto3
import pytest

from tests.aws.endpoint_case import NAME, NEXT, RELEASE, Case, definition, kept_state
from tests.aws.fake_sagemaker import fake_aws
from trimaran_providers.aws.endpoint_bodies import bodies
from trimaran_providers.aws.handlers.endpoint import EndpointOutputs
from trimaran_providers.contract.errors import PartiallyCreatedError

CANARY = {
    "replicas": {"min": 2, "max": 4, "target_concurrency": 4},
    "rollout": {"strategy": "canary", "steps": [10, 100], "rollback_on": ["errors"]},
}
ZERO = {"replicas": {"min": 0, "max": 2, "target_concurrency": 4}}


@pytest.fixture
def case() -> Iterator[Case]:
    with fake_aws() as aws:
        yield Case.of(aws)


def rolled_back(case: Case, made: EndpointOutputs) -> PartiallyCreatedError:
    """The second release, which SageMaker takes back without a word."""
    case.aws.plan("UpdateEndpoint", "rolls_back", reason="an alarm")
    with pytest.raises(PartiallyCreatedError) as failed:
        case.up(definition(**CANARY), case.second, made)
    return failed.value


def test_a1_a_silent_rollback_fails_the_update_and_keeps_what_serves(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    error = rolled_back(case, made)
    state = kept_state(error)
    assert "was rolled back" in str(error)
    assert f"Serving: {case.first[:12]}" in str(error)
    assert (state.phase, state.release) == ("rolled_back", case.first)
    assert (state.config, state.model) == (made.config, made.model)
    left = case.aws.left()
    assert made.config in left["configs"]
    assert made.model in left["models"]


def test_a1_the_alarm_that_rang_is_named(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    alarm = f"{NAME}-rollback-errors"
    cloudwatch = boto3.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        MetricName="Invocations",
        Namespace="AWS/SageMaker",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
    assert f"alarm {alarm} rang" in str(rolled_back(case, made))


def test_a1_a_refused_release_is_not_tried_again_unchanged(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    state = kept_state(rolled_back(case, made))
    updates = len(case.aws.bodies("UpdateEndpoint"))
    with pytest.raises(PartiallyCreatedError, match="found wanting before") as again:
        case.up(definition(**CANARY), case.second, state)
    assert len(case.aws.bodies("UpdateEndpoint")) == updates
    assert kept_state(again.value) == state.model_copy(
        update={"problem": kept_state(again.value).problem}
    )


def test_a1_a_refused_release_is_remembered_over_a_refresh(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    state = kept_state(rolled_back(case, made))
    found = case.handler.read(case.id)
    assert found is not None
    assert found[1] == state


def test_a1_going_back_to_the_old_release_heals_and_a_changed_spec_tries_again(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    state = kept_state(rolled_back(case, made))
    healed = case.up(definition(**CANARY), case.first, state)
    assert (healed.phase, healed.refused) == ("serving", "")
    state = kept_state(rolled_back(case, healed))
    changed = definition(**CANARY, capture={"fraction": 0.5})
    assert case.up(changed, case.second, state).release == case.second


def test_a1_want_of_machines_is_no_fault_of_the_release(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    case.aws.plan("UpdateEndpoint", "rolls_back", reason="InsufficientInstanceCapacity: none")
    with pytest.raises(PartiallyCreatedError, match="`pulumi up` tries again") as failed:
        case.up(definition(**CANARY), case.second, made)
    again = case.up(definition(**CANARY), case.second, kept_state(failed.value))
    assert again.release == case.second


def test_a1_a_component_that_sagemaker_takes_back_is_told(case: Case) -> None:
    made = case.up(definition(**ZERO), case.first)
    case.aws.plan("UpdateInferenceComponent", "rolls_back", reason="an alarm")
    with pytest.raises(PartiallyCreatedError, match="was rolled back") as failed:
        case.up(definition(**ZERO), case.second, made)
    assert kept_state(failed.value).release == case.first


def test_a2_another_content_has_another_name_and_the_same_content_the_same() -> None:
    plain = bodies(definition(), RELEASE)
    assert bodies(definition(), RELEASE) == plain
    names = {plain.config_name}
    for changed in (
        bodies(definition(), NEXT),
        bodies(definition(instance="ml.m5.xlarge"), RELEASE),
        bodies(definition(capture={"fraction": 0.1}), RELEASE),
    ):
        names.add(changed.config_name)
    assert len(names) == 4


def test_a2_the_endpoint_the_variant_and_the_component_keep_their_names() -> None:
    for spec in (CANARY, ZERO):
        one, two = bodies(definition(**spec), RELEASE), bodies(definition(**spec), NEXT)
        assert one.create_endpoint()["EndpointName"] == two.create_endpoint()["EndpointName"]
        variants = [
            b.config["ProductionVariants"][0]["VariantName"] for b in (one, two) if b.config
        ]
        assert variants == ["main", "main"]
        if one.component and two.component:
            name = "InferenceComponentName"
            assert one.component[name] == two.component[name]


def test_a2_the_old_configuration_is_there_while_the_endpoint_is_updated(case: Case) -> None:
    made = case.up(definition(), case.first)
    case.aws.plan("UpdateEndpoint", "hangs")
    case.report.stop_at = "Updating"
    with pytest.raises(PartiallyCreatedError):
        case.up(definition(), case.second, made)
    assert made.config in case.aws.left()["configs"]
    assert made.model in case.aws.left()["models"]


def test_a3_rollback_alarms_change_in_place(case: Case) -> None:
    silent = {**CANARY, "rollout": {**CANARY["rollout"], "rollback_on": []}}
    made = case.up(definition(**silent), case.first)
    again = case.up(definition(**CANARY), case.second, made)
    assert again.arn == made.arn
    assert [name for name, _ in case.aws.requests].count("DeleteEndpoint") == 0
    (update,) = case.aws.bodies("UpdateEndpoint")
    alarms = update["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    assert alarms == [{"AlarmName": f"{NAME}-rollback-errors"}]


def test_a4_another_instance_type_deregisters_before_and_registers_after(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    case.up(definition(instance="ml.m5.xlarge", **CANARY), case.first, made)
    calls = [name for name, _ in case.aws.requests]
    update = calls.index("UpdateEndpoint")
    assert "DeregisterScalableTarget" in calls[:update]
    assert "RegisterScalableTarget" in calls[update:]
    assert len(case.aws.autoscaling.policies) == 1


def test_a4_a_rolled_back_instance_type_is_scaled_again_as_well(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    case.aws.plan("UpdateEndpoint", "rolls_back")
    with pytest.raises(PartiallyCreatedError):
        case.up(definition(instance="ml.m5.xlarge", **CANARY), case.first, made)
    assert case.aws.left()["targets"] == [f"endpoint/{NAME}/variant/main"]


def test_a4_a_new_model_leaves_the_autoscaling_alone(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    case.up(definition(**CANARY), case.second, made)
    assert case.aws.bodies("DeregisterScalableTarget") == []


def test_a5_instances_that_autoscaling_added_stay_through_an_update(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    case.instances()["main"] = 4
    case.up(definition(**CANARY), case.second, made)
    assert case.instances() == {"main": 4}


def test_a5_what_is_recorded_follows_the_spec_all_the_same(case: Case) -> None:
    made = case.up(definition(), case.first)
    case.up(definition(capture={"fraction": 0.5}), case.first, made)
    (update,) = case.aws.bodies("UpdateEndpoint")
    excluded = [i["VariantPropertyType"] for i in update["ExcludeRetainedVariantProperties"]]
    assert "DataCaptureConfig" in excluded
    assert "DesiredInstanceCount" not in excluded


def test_a5_an_endpoint_that_slept_is_woken_to_be_tested(case: Case) -> None:
    asleep = definition(kind="async", capture=None, replicas={"min": 0, "max": 2})
    made = case.up(asleep, case.first)
    case.instances()["main"] = 0
    case.up(asleep, case.second, made)
    assert case.instances() == {"main": 1}


def test_a6_the_variant_of_every_configuration_has_the_same_name(case: Case) -> None:
    made = case.up(definition(**CANARY), case.first)
    # SageMaker refuses a guarded update to another name; see the control plane of the tests.
    assert case.up(definition(**CANARY), case.second, made).phase == "serving"


def test_a7_scale_to_zero_is_an_inference_component_without_a_model_in_the_variant(
    case: Case,
) -> None:
    made = case.up(definition(**ZERO), case.first)
    assert made.component == NAME
    (config,) = case.aws.bodies("CreateEndpointConfig")
    (variant,) = config["ProductionVariants"]
    assert "ModelName" not in variant
    assert variant["ManagedInstanceScaling"]["MinInstanceCount"] == 0
    assert case.aws.left()["targets"] == [f"inference-component/{NAME}"]
    assert made.wake_policy.endswith("policyName/wake")
    second = case.up(definition(**ZERO), case.second, made)
    assert (second.release, second.config) == (case.second, made.config)
    case.handler.delete(case.id, second, case.report)
    assert case.aws.left() == {}


def test_a8_a_create_that_failed_is_deleted_told_and_made_anew(case: Case) -> None:
    case.aws.plan("CreateEndpoint", "fails", reason="the container did not answer /ping")
    with pytest.raises(PartiallyCreatedError, match="did not answer /ping") as failed:
        case.up(definition(), case.first)
    state = kept_state(failed.value)
    assert state.phase == "failed"
    assert "endpoints" not in case.aws.left()
    assert case.up(definition(), case.first, state).phase == "serving"


def test_a8_a_failed_endpoint_that_no_state_knows_is_made_anew(case: Case) -> None:
    case.report.stop_at = "Creating"
    case.aws.plan("CreateEndpoint", "fails")
    with pytest.raises(PartiallyCreatedError):
        case.up(definition(), case.first)
    case.report.stop_at = ""
    assert case.up(definition(), case.first).phase == "serving"


def test_a8_the_waiting_ends_and_the_next_up_takes_it_up(
    case: Case,
) -> None:
    short = definition().model_copy(update={"wait_seconds": 1})
    case.aws.plan("CreateEndpoint", "hangs")
    with pytest.raises(PartiallyCreatedError, match="still changing after 1 s") as failed:
        case.up(short, case.first)
    case.aws.endpoints.endpoints[NAME].ends_as = "InService"
    assert case.up(definition(), case.first, kept_state(failed.value)).phase == "serving"


def test_a10_a_role_that_is_not_known_yet_is_waited_for(case: Case) -> None:
    case.aws.endpoints.role_delay = 2
    assert case.up(definition(), case.first).phase == "serving"
    assert len(case.aws.bodies("CreateModel")) == 3


def test_a11_a_shadow_is_no_second_production_variant() -> None:
    shadowed = definition(shadow={"fraction": 0.25})
    config = bodies(shadowed, RELEASE, NEXT).config
    assert config is not None
    (production,), (shadow,) = config["ProductionVariants"], config["ShadowProductionVariants"]
    assert shadow["InitialVariantWeight"] / production["InitialVariantWeight"] == 0.25
    assert shadow["ModelName"] != production["ModelName"]
