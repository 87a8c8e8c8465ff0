"""The life of an endpoint on SageMaker, against a control plane as strict as AWS's own model."""

from collections.abc import Iterator

import pytest

from tests.aws.endpoint_case import NAME, Case, definition, kept_state
from tests.aws.fake_sagemaker import fake_aws
from trimaran_providers.contract.errors import PartiallyCreatedError
from trimaran_runtime.registry.channels import Channel, move

AUTOSCALED = {"replicas": {"min": 2, "max": 6, "target_concurrency": 4}}


@pytest.fixture
def case() -> Iterator[Case]:
    with fake_aws() as aws:
        yield Case.of(aws)


def test_without_a_release_nothing_is_made_and_it_waits(case: Case) -> None:
    made = case.up(definition(), "")
    assert (made.phase, made.url, made.release) == ("waiting", "", "")
    assert case.aws.left() == {}
    assert case.handler.drifted(made) == frozenset()
    assert any("no release is approved" in line for line in case.report.lines)


def test_the_first_release_serves_after_a_live_test(case: Case) -> None:
    waiting = case.up(definition(), "")
    made = case.up(definition(), case.first, waiting)
    assert (made.phase, made.release) == ("serving", case.first)
    assert made.url == f"{case.aws.url}/endpoints/{NAME}"
    (asked,) = case.aws.bodies("InvokeEndpoint")
    assert asked["Body"] == b'{"instances":[{"price":2.5}]}'
    assert case.handler.drifted(made) == frozenset()


def test_a_new_release_is_an_update_and_the_old_one_is_deleted_only_then(case: Case) -> None:
    first = case.up(definition(), case.first)
    second = case.up(definition(), case.second, first)
    assert (second.release, second.arn) == (case.second, first.arn)
    calls = [name for name, _ in case.aws.requests]
    assert calls.count("CreateEndpoint") == 1
    assert calls.index("DeleteModel") > calls.index("UpdateEndpoint")
    left = case.aws.left()
    assert (left["models"], left["configs"]) == ([second.model], [second.config])


def test_nothing_happens_when_nothing_changed(case: Case) -> None:
    made = case.up(definition(), case.first)
    before = len(case.aws.requests)
    assert case.up(definition(), case.first, made) == made
    verbs = ("Create", "Update", "Delete", "Add", "Invoke")
    assert [name for name, _ in case.aws.requests[before:] if name.startswith(verbs)] == []


def test_a_refresh_finds_inputs_and_outputs_from_the_id_alone(case: Case) -> None:
    made = case.up(definition(), case.first)
    found = case.handler.read(case.id)
    assert found == (case.inputs(definition(), case.first), made)
    assert case.handler.read(f"{made.store_uri}#another?region=eu-central-1") is None


def test_delete_leaves_nothing_and_may_be_repeated(case: Case) -> None:
    made = case.up(definition(**AUTOSCALED), case.first)
    assert "targets" in case.aws.left()
    for _ in range(2):
        case.handler.delete(case.id, made, case.report)
    assert case.aws.left() == {}
    assert case.handler.read(case.id) is None


def test_delete_finds_what_a_killed_update_left_behind(case: Case) -> None:
    made = case.up(definition(), case.first)
    case.aws.plan("UpdateEndpoint", "refuses")
    with pytest.raises(PartiallyCreatedError):
        case.up(definition(), case.second, made)
    assert len(case.aws.left()["models"]) == 2
    # The state is that of before: the killed update never wrote one.
    case.handler.delete(case.id, made, case.report)
    assert case.aws.left() == {}


def test_a_deleted_endpoint_is_drift_and_comes_back(case: Case) -> None:
    made = case.up(definition(), case.first)
    del case.aws.endpoints.endpoints[NAME]
    assert case.handler.drifted(made) == {"phase"}
    found = case.handler.read(case.id)
    assert found is not None
    assert found[1].phase == "stopped"
    assert case.up(definition(), case.first, made).phase == "serving"


def test_a_preview_that_cannot_reach_aws_sees_no_drift(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = case.up(definition(), case.first)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert case.handler.drifted(made) == frozenset()


def test_stopping_keeps_the_deployment_and_the_next_up_goes_on_with_it(case: Case) -> None:
    case.report.stop_at = "Creating"
    with pytest.raises(PartiallyCreatedError) as stopped:
        case.up(definition(), case.first)
    state = kept_state(stopped.value)
    assert state.phase == "failed"
    case.report.stop_at = ""
    made = case.up(definition(), case.first, state)
    assert made.phase == "serving"
    assert len(case.aws.bodies("CreateEndpoint")) == 1


def test_create_adopts_what_a_killed_create_left(case: Case) -> None:
    case.report.stop_at = "Creating"
    with pytest.raises(PartiallyCreatedError):
        case.up(definition(), case.first)
    case.report.stop_at = ""
    # Nothing of it is in state: the plugin was killed before it could answer.
    assert case.up(definition(), case.first).phase == "serving"
    assert len(case.aws.bodies("CreateEndpoint")) == 1


def test_progress_says_how_far_a_deployment_is(case: Case) -> None:
    made = case.up(definition(), case.first)
    case.up(definition(), case.second, made)
    assert "Updating: main 1 of 1 instances; new main 1 of 1 instances, Baking" in case.report.lines


def test_a_release_that_fails_the_live_test_goes_back_by_itself(case: Case) -> None:
    made = case.up(definition(), case.first)
    case.aws.endpoints.broken.add(case.second)
    with pytest.raises(PartiallyCreatedError, match="the live test was not answered") as failed:
        case.up(definition(), case.second, made)
    state = kept_state(failed.value)
    assert (state.phase, state.release, state.config) == ("rolled_back", case.first, made.config)
    assert case.aws.endpoints.serving(NAME, "") == case.first


def test_the_first_release_that_fails_the_live_test_is_a_failure(case: Case) -> None:
    case.aws.endpoints.broken.add(case.first)
    with pytest.raises(PartiallyCreatedError, match="live test") as failed:
        case.up(definition(), case.first)
    state = kept_state(failed.value)
    assert state.phase == "failed"
    assert case.handler.drifted(state) == {"phase"}
    case.aws.endpoints.broken.clear()
    assert case.up(definition(), case.first, state).phase == "serving"


def test_another_number_of_replicas_changes_capacity_and_deploys_nothing(case: Case) -> None:
    made = case.up(definition(replicas={"min": 2, "max": 2}), case.first)
    again = case.up(definition(replicas={"min": 3, "max": 3}), case.first, made)
    assert again.config == made.config
    assert case.instances() == {"main": 3}
    assert case.aws.bodies("UpdateEndpoint") == []


def test_tags_follow_the_spec_without_a_deployment(case: Case) -> None:
    made = case.up(definition(), case.first)
    case.up(definition(place={"tags": {"owner": "ann"}}), case.first, made)
    assert case.aws.endpoints.tags[made.arn] == {"owner": "ann"}
    assert case.aws.bodies("UpdateEndpoint") == []


def test_autoscaling_follows_the_spec(case: Case) -> None:
    clock = {"cron": "0 20 * * *", "min": 2, "max": 3}
    scaled = {"replicas": {**AUTOSCALED["replicas"], "schedules": [clock]}}
    made = case.up(definition(**scaled), case.first)
    assert len(case.aws.autoscaling.actions) == 1
    made = case.up(definition(**AUTOSCALED), case.first, made)
    assert case.aws.autoscaling.actions == {}
    case.up(definition(replicas={"min": 2, "max": 6}), case.first, made)
    assert "targets" not in case.aws.left()


def test_a_shadow_follows_its_channel(case: Case) -> None:
    shadowing = definition(shadow={"channel": "candidate", "fraction": 0.5})
    made = case.up(shadowing, case.first)
    assert made.shadow_release == ""
    move(case.store, Channel.candidate, case.second, expected=None, why="a test")
    assert case.handler.drifted(made) == {"shadow_release"}
    made = case.up(shadowing, case.first, made)
    assert (made.release, made.shadow_release) == (case.first, case.second)
    assert case.handler.drifted(made) == frozenset()


def test_serverless_is_updated_without_guardrails(case: Case) -> None:
    serverless = definition(instance="", kind="serverless", capture=None)
    made = case.up(serverless, case.first)
    assert case.up(serverless, case.second, made).release == case.second
    (update,) = case.aws.bodies("UpdateEndpoint")
    assert set(update) == {"EndpointName", "EndpointConfigName"}


def test_asynchronous_is_tested_through_the_store(case: Case) -> None:
    asynchronous = definition(kind="async", capture=None, replicas={"min": 0, "max": 2})
    made = case.up(asynchronous, case.first)
    assert (made.phase, made.release) == ("serving", case.first)
    assert made.wake_policy.endswith("policyName/wake")
    assert list(case.store.list("async")) == []


def test_asynchronous_answers_that_fail_are_told(case: Case) -> None:
    case.aws.endpoints.broken.add(case.first)
    with pytest.raises(PartiallyCreatedError, match=r"live test failed: .*error \(500\)"):
        case.up(definition(kind="async", capture=None), case.first)


def test_batch_keeps_a_model_and_no_endpoint(case: Case) -> None:
    batch = definition(instance="", kind="batch", capture=None, batch={"source": "s3://in/x/"})
    first = case.up(batch, case.first)
    assert (first.phase, first.release, first.url) == ("serving", case.first, "")
    second = case.up(batch, case.second, first)
    # A run that started a moment ago may still name the model before.
    assert case.aws.left() == {"models": sorted([first.model, second.model])}
    assert case.handler.drifted(second) == frozenset()
    case.handler.delete(case.id, second, case.report)
    assert case.aws.left() == {}


def test_a_batch_model_that_was_deleted_is_drift(case: Case) -> None:
    batch = definition(instance="", kind="batch", capture=None, batch={"source": "s3://in/x/"})
    made = case.up(batch, case.first)
    case.aws.endpoints.models.clear()
    assert case.handler.drifted(made) == {"model"}
