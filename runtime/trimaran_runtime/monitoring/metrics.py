"""What a check says to alarms: numbers."""

from typing import TYPE_CHECKING

from trimaran_runtime.drift.verdict import Severity
from trimaran_runtime.monitoring.action import ActionKind

if TYPE_CHECKING:
    # A dashboard needs the names alone, and not what computes the values.
    from trimaran_runtime.monitoring.outcome import Outcome

DRIFT_SEVERITY = "DriftSeverity"
"""0: no drift; 1: drift; 2: severe drift. Where the performance is estimated without labels, 2 is
drift that surely harms it, and 1 any other. Not there where nothing could be told."""
DRIFTED_COLUMNS = "DriftedColumns"
"""How many columns were found to drift, predictions included. Not there without traffic."""
CAPTURED_ROWS = "CapturedRows"
"""Rows that were recorded in the window; 0: no traffic, or recording has stopped."""
RETRAIN_WANTED = "RetrainWanted"
"""1: severe drift, retraining is configured, and its cool-down has passed; else 0."""
LABELLED_PERFORMANCE = "LabelledPerformance"
"""The gate's metric on the newest part of time with enough labels. Not there without them."""
LABELLED_ROWS = "LabelledRows"
"""Rows of that part that have a label; 0: no part has enough. Not there without a source."""
LABELS_UNREADABLE = "LabelsUnreadable"
"""1: the labels could not be read; else 0. Not there where the spec names none."""
DOMAIN_AUC = "DomainAUC"
"""How well a classifier tells the window's rows from the release's: 0.5, not at all, to 1. Only
there where `monitor.drift.sample_rows` keeps rows."""
_SEVERITIES = {Severity.ok: 0, Severity.warn: 1, Severity.alert: 2}


def metrics_of(outcome: "Outcome") -> dict[str, float]:
    """Value by metric.

    Too few rows to tell, or none, is not "no drift": then the severity is left out, and an alarm
    sees missing data.
    """
    wanted = outcome.action.kind is ActionKind.retrain
    values: dict[str, float] = {
        CAPTURED_ROWS: outcome.subject.traffic.counts.rows if outcome.subject else 0,
        RETRAIN_WANTED: int(wanted),
    }
    if (known := outcome.labelled) is not None:
        values[LABELLED_ROWS] = known.labelled
        values[LABELS_UNREADABLE] = int(bool(known.fault))
        if known.value is not None:
            values[LABELLED_PERFORMANCE] = known.value
    if outcome.severity is not None:
        values[DRIFTED_COLUMNS] = len(outcome.drifted)
    if outcome.features is not None and outcome.features.classifier is not None:
        values[DOMAIN_AUC] = outcome.features.classifier.auc
    if outcome.severity in _SEVERITIES:
        values[DRIFT_SEVERITY] = _level(outcome, _SEVERITIES[outcome.severity])
    return values


def _level(outcome: "Outcome", severity: int) -> int:
    if outcome.harm is None or not severity:
        return severity
    # Drift without harm wakes nobody; the cool-down of retrainings does not matter here, or an
    # alarm would come and go with it.
    return 2 if outcome.harm else 1
