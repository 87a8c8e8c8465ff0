"""What a verdict leads to: nothing, an alert, or a retraining."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from trimaran_runtime.drift.verdict import Severity
from trimaran_runtime.monitoring.config import MonitorConfig, OnDrift
from trimaran_runtime.section import Section

_MINUTE = "%Y-%m-%d %H:%M UTC"


class ActionKind(StrEnum):
    """What is done."""

    log = "log"
    """Nothing beside the report."""
    alert = "alert"
    """An alert."""
    retrain = "retrain"
    """An alert, and a pipeline run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What is done, and why that and not more."""

    kind: ActionKind
    why: str


class Retraining(Section):
    """The last pipeline run that drift started."""

    when: datetime
    """When it was started, UTC."""
    release: str
    """Full id of the release whose traffic had drifted."""
    drifted: tuple[str, ...]
    """Columns that had drifted."""
    data: str = ""
    """Fingerprint of the data it trained on; empty: not known (yet)."""


def decide(
    severity: Severity | None,
    drifted: tuple[str, ...],
    config: MonitorConfig,
    *,
    release: str,
    last: Retraining | None,
    data: str,
    now: datetime,
    harm: bool | None = None,
) -> Action:
    """What drift does.

    Severe drift alerts, unless the performance is estimated and not harmed; other drift alerts
    where it is. Severe drift asks for a retraining when the configuration says so.

    A retraining is not started within the cool-down of the last one, and not a second time for
    the same drift while there are no other data to train on: the release is still the one that
    drifted, no further column has, and the newest data are those that were trained on.

    Args:
        severity: of the verdict; None: there was nothing to judge.
        drifted: columns that drifted.
        config: what the user wants.
        release: full id of the judged release.
        last: the last retraining by drift; None: none.
        data: fingerprint of the newest data that any run has seen; empty: not known.
        now: UTC.
        harm: whether the estimated performance is surely worse; None: it is not known.
    """
    if severity is None or not severity.drifted:
        return Action(kind=ActionKind.log, why="there is no drift")
    if config.on_drift is OnDrift.log:
        return Action(kind=ActionKind.log, why="monitor.on_drift is log")
    if severity is not Severity.alert:
        if harm:
            return Action(
                kind=ActionKind.alert, why="drift, and the estimated performance is worse"
            )
        return Action(kind=ActionKind.log, why="there is no severe drift")
    if config.on_drift is OnDrift.alert:
        return _told(harm, "severe drift; monitor.on_drift is alert")
    if last is not None:
        free = last.when + timedelta(hours=config.cool_down_hours)
        if now < free:
            why = (
                f"severe drift; retrained {last.when:{_MINUTE}}, not again before {free:{_MINUTE}}"
            )
            return _told(harm, why)
        same_drift = last.release == release and set(drifted) <= set(last.drifted)
        if same_drift and data and data == last.data:
            why = (
                f"severe drift, for which it was retrained on the same data at "
                f"{last.when:{_MINUTE}}; run the pipeline when there are new data"
            )
            return _told(harm, why)
    return Action(kind=ActionKind.retrain, why="severe drift; monitor.on_drift is retrain")


def _told(harm: bool | None, why: str) -> Action:
    """An alert; a line in the log where the estimated performance is as it was."""
    if harm is False:
        why = f"{why}; the estimated performance is not worse"
        return Action(kind=ActionKind.log, why=why)
    return Action(kind=ActionKind.alert, why=why)
