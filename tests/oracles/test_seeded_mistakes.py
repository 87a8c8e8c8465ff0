"""Every layer catches what it is there for, and nothing is found where nothing is wrong."""

import pytest

from tests.oracles import check_all
from tests.oracles.api_table import CALLS
from tests.oracles.examples import EXAMPLES, example
from tests.oracles.seeded import SEEDED, Mistake

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
KNOWN_ALARM = example(ALARM, name="errors")


@pytest.mark.parametrize("token", EXAMPLES)
def test_nothing_is_found_in_what_is_right(token: str) -> None:
    others = [KNOWN_ALARM] if token != ALARM else []
    assert [str(finding) for finding in check_all([example(token), *others])] == []


@pytest.mark.parametrize(
    "mistake", SEEDED, ids=[f"{m.layer} {m.token.rsplit(':', 1)[-1]} {m.at}" for m in SEEDED]
)
def test_a_mistake_is_caught_by_its_layer_at_its_path(mistake: Mistake) -> None:
    wrong = example(mistake.token, {mistake.at: mistake.value})
    others = [KNOWN_ALARM] if mistake.token != ALARM else []
    found = check_all([wrong, *others])
    assert any(f.layer == mistake.layer and f.path.endswith(mistake.path) for f in found), found
    assert {f.layer for f in found} == {mistake.layer, *mistake.others}, found
    assert {f.resource for f in found} == {f"{mistake.token} toy"}


def test_there_are_enough_of_them_and_every_layer_has_some() -> None:
    assert len(SEEDED) >= 60
    assert {mistake.layer for mistake in SEEDED} == {"types", "shapes", "policy", "rules"}


def test_a_name_that_is_there_twice_is_found() -> None:
    twice = [example(ALARM, name="one"), example(ALARM, name="two")]
    [finding] = check_all(twice)
    assert "'toy-errors' is also the name of one" in finding.what


def test_every_type_has_an_operation_that_is_there() -> None:
    from tests.oracles.botocore_shapes import operation_of
    from tests.oracles.provider_types import args_of

    for token, calls in CALLS.items():
        assert args_of(token)
        for service, operation, _ in calls:
            assert operation_of(service, operation).input_shape is not None
