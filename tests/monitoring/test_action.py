"""What drift does: no more than the configuration wants, and no retraining twice for the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trimaran_runtime.drift.verdict import Severity
from trimaran_runtime.monitoring.action import ActionKind, Retraining, decide
from trimaran_runtime.monitoring.config import MonitorConfig, OnDrift

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LAST = Retraining(when=NOON - timedelta(hours=48), release="r1", drifted=("a", "b"), data="data-1")


def decided(
    *,
    severity: Severity | None = Severity.alert,
    drifted: tuple[str, ...] = ("a",),
    on_drift: OnDrift = OnDrift.retrain,
    release: str = "r1",
    last: Retraining | None = LAST,
    data: str = "data-2",
    harm: bool | None = None,
    **config: Any,
) -> ActionKind:
    settings = MonitorConfig(on_drift=on_drift, **config)
    action = decide(
        severity, drifted, settings, release=release, last=last, data=data, now=NOON, harm=harm
    )
    return action.kind


@pytest.mark.parametrize("severity", [None, Severity.ok, Severity.too_few_rows, Severity.warn])
def test_only_severe_drift_does_anything_where_harm_is_not_known(
    severity: Severity | None,
) -> None:
    assert decided(severity=severity) is ActionKind.log


@pytest.mark.parametrize(
    ("severity", "on_drift", "harm", "done"),
    [
        (Severity.warn, OnDrift.alert, True, ActionKind.alert),
        (Severity.warn, OnDrift.retrain, True, ActionKind.alert),
        (Severity.warn, OnDrift.log, True, ActionKind.log),
        (Severity.warn, OnDrift.alert, False, ActionKind.log),
        (Severity.ok, OnDrift.alert, True, ActionKind.log),
        (Severity.alert, OnDrift.alert, True, ActionKind.alert),
        (Severity.alert, OnDrift.alert, False, ActionKind.log),
        (Severity.alert, OnDrift.retrain, False, ActionKind.retrain),
        (Severity.alert, OnDrift.retrain, True, ActionKind.retrain),
        (Severity.alert, OnDrift.log, True, ActionKind.log),
    ],
)
def test_harm_alerts_and_drift_without_harm_is_logged(
    severity: Severity, on_drift: OnDrift, harm: bool, done: ActionKind
) -> None:
    assert decided(severity=severity, on_drift=on_drift, harm=harm) is done


def test_without_harm_a_retraining_that_may_not_be_is_logged() -> None:
    assert decided(cool_down_hours=49, harm=False) is ActionKind.log
    assert decided(data="data-1", harm=False) is ActionKind.log
    assert decided(data="data-1", harm=True) is ActionKind.alert


@pytest.mark.parametrize("on_drift", list(OnDrift))
def test_severe_drift_does_what_the_configuration_says(on_drift: OnDrift) -> None:
    assert decided(on_drift=on_drift).value == on_drift.value


def test_it_does_not_retrain_within_the_cool_down() -> None:
    assert decided(cool_down_hours=49) is ActionKind.alert
    assert decided(cool_down_hours=48) is ActionKind.retrain


def test_it_does_not_retrain_twice_for_the_same_drift_on_the_same_data() -> None:
    assert decided(data="data-1") is ActionKind.alert
    assert decided(data="data-1", drifted=("b", "a")) is ActionKind.alert


def test_other_data_another_release_or_further_drift_allow_it() -> None:
    assert decided(data="data-2") is ActionKind.retrain
    assert decided(data="data-1", release="r2") is ActionKind.retrain
    assert decided(data="data-1", drifted=("a", "c")) is ActionKind.retrain
    assert decided(data="data-1", last=None) is ActionKind.retrain
