"""The rules decide on evidence: raise, resolve, or nothing where there is none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trimaran_runtime.alerting.config import AlertRules
from trimaran_runtime.alerting.event import Raise, Resolve, Rule
from trimaran_runtime.alerting.rules import (
    DriftObservation,
    EndpointObservation,
    RunObservation,
    evaluate,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULES = AlertRules(latency_p99_ms=100, no_data_hours=2)


def decided(observation: Any, rules: AlertRules = RULES) -> dict[Rule, str]:
    kinds = {Raise: "raise", Resolve: "resolve"}
    return {d.rule: kinds[type(d)] for d in evaluate(rules, observation, NOON)}


def endpoint(**given: Any) -> EndpointObservation:
    return EndpointObservation(**{"endpoint": "flights", "alive": True, **given})


def run(status: Any, **given: Any) -> RunObservation:
    return RunObservation(model="flights", run="r1", status=status, **given)


def test_an_endpoint_that_does_not_answer_is_down_unless_it_has_nothing_to_serve() -> None:
    assert decided(endpoint(alive=False))[Rule.endpoint_down] == "raise"
    assert decided(endpoint())[Rule.endpoint_down] == "resolve"
    assert decided(endpoint(alive=False, expected=False))[Rule.endpoint_down] == "resolve"


def test_the_error_of_a_dead_endpoint_is_in_the_sentence() -> None:
    (first, *_) = evaluate(RULES, endpoint(alive=False, error="port taken"), NOON)
    assert first.sentence == "endpoint flights does not answer: port taken"


@pytest.mark.parametrize(
    ("requests", "errors", "expected"),
    [
        (100, 6, "raise"),
        (100, 5, "resolve"),
        (20, 2, "raise"),
        (19, 19, None),
        (19, 0, "resolve"),
        (0, 0, None),
    ],
)
def test_the_error_rate_is_judged_on_enough_requests(
    requests: int, errors: int, expected: str | None
) -> None:
    found = decided(endpoint(requests=requests, errors=errors))
    assert found.get(Rule.error_rate) == expected


@pytest.mark.parametrize(
    ("requests", "p99", "expected"),
    [(100, 101.0, "raise"), (100, 100.0, "resolve"), (19, 999.0, None), (100, None, None)],
)
def test_latency_is_judged_on_enough_requests(
    requests: int, p99: float | None, expected: str | None
) -> None:
    assert decided(endpoint(requests=requests, p99_ms=p99)).get(Rule.latency) == expected


@pytest.mark.parametrize(
    ("last", "since", "expected"),
    [(1.0, 9.0, "resolve"), (2.1, 9.0, "raise"), (None, 2.1, "raise"), (None, 1.0, None),
     (None, None, None), (9.0, 1.0, "resolve")],
)  # fmt: skip
def test_silence_is_measured_from_the_last_request_or_the_start(
    last: float | None, since: float | None, expected: str | None
) -> None:
    ago = lambda hours: None if hours is None else NOON - timedelta(hours=hours)  # noqa: E731
    seen = endpoint(last_request_at=ago(last), serving_since=ago(since))
    assert decided(seen).get(Rule.no_data) == expected


def test_runs_open_and_close_the_alerts_of_pipeline_and_gate() -> None:
    failed, refused = Rule.pipeline_failed, Rule.gate_refused
    assert decided(run("failed")) == {failed: "raise"}
    assert decided(run("invalid")) == {failed: "raise"}
    assert decided(run("refused")) == {failed: "resolve", refused: "raise"}
    assert decided(run("succeeded")) == {failed: "resolve", refused: "resolve"}


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [("drift", {Rule.drift: "raise"}), ("none", {Rule.drift: "resolve"}), ("unclear", {})],
)
def test_drift_is_resolved_by_a_sure_verdict_only(verdict: Any, expected: dict[Rule, str]) -> None:
    seen = DriftObservation(model="flights", verdict=verdict, sentence="s", evidence="e")
    assert decided(seen) == expected


def test_a_rule_that_is_switched_off_resolves_what_it_raised() -> None:
    off = AlertRules(
        pipeline_failed=False, gate_refused=False, drift=False, endpoint_down=False, error_rate=None
    )
    bad = endpoint(alive=False, requests=100, errors=100, p99_ms=9e9, last_request_at=NOON)
    assert set(decided(bad, off).values()) == {"resolve"}
    assert set(decided(run("failed"), off).values()) == {"resolve"}
    drift = DriftObservation(model="m", verdict="drift", sentence="s", evidence="e")
    assert set(decided(drift, off).values()) == {"resolve"}
