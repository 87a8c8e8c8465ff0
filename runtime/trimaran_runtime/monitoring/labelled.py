"""Whether the model is worse now, as labels show that have come by now."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.monitoring.harm import allowance, surely_worse
from trimaran_runtime.monitoring.labels_config import LabelsConfig

if TYPE_CHECKING:
    from trimaran_runtime.monitoring.late_labels import Labels
    from trimaran_runtime.monitoring.late_performance import LatePerformance, PerformancePart
    from trimaran_runtime.monitoring.recorder import Recorder
    from trimaran_runtime.registry.release import Release
    from trimaran_runtime.storage.store import Store

_UNREADABLE = (RuntimeFault, OSError, ValueError, TypeError)
"""What a source can raise; Arrow's errors are ValueErrors, OSErrors and TypeErrors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Performance with labels.

    Attributes:
        sentence: what labels show, or why they show nothing, in words.
        fault: why the labels could not be read; empty: they were.
        performance: by part of time; None: the labels could not be read.
        metric: the judged one; None: nothing could be judged.
        value, low, high: of the newest part with enough labels; 95 % interval.
        before: on the release's test rows.
        labelled: rows that the part rests on.
        harm: True: surely worse than before by more than is tolerated, at a risk that all parts of
            a year share. False: none of the interval is, and the part reaches into the window.
            None: neither.
    """

    sentence: str
    fault: str = ""
    performance: "LatePerformance | None" = None
    metric: Metric | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    before: float | None = None
    labelled: int = 0
    harm: bool | None = None

    def document(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return asdict(self) | {"performance": _document(self.performance)}


def labelled(
    store: "Store",
    endpoint: str,
    release: "Release",
    recorder: "Recorder",
    config: LabelsConfig,
    *,
    since: datetime,
    until: datetime,
) -> Labelled:
    """Join what was predicted in the look-back with the labels that are there, and judge it.

    Labels that cannot be read are told, and stop nothing.

    Args:
        store: the artifact store.
        endpoint: name of the endpoint.
        release: the release.
        recorder: who recorded the traffic.
        config: where labels are.
        since: beginning of the monitor's window, UTC.
        until: end of it, and of the look-back.

    Raises:
        StoreError: the recorded requests cannot be reached.
    """
    from trimaran_runtime.monitoring.late_performance import joined
    from trimaran_runtime.monitoring.predicted import Predicted

    start = until - timedelta(hours=config.lookback_hours)
    recorded = recorder.requests(store, endpoint, release=release, since=start, until=until)
    predicted = Predicted.of(
        recorded.requests(),
        classes=release.signature.classes,
        every=timedelta(hours=config.every_hours),
    )
    try:
        known = _read(config, predicted.events)
    except _UNREADABLE as exc:
        fault = str(getattr(exc, "what", exc)).splitlines()[0]
        told = f"labels cannot be read from {config.source}: {fault}"
        return Labelled(sentence=told, fault=fault)
    return _judge(joined(predicted, known), release, config, since)


def _read(config: LabelsConfig, events: Collection[str]) -> "Labels":
    """Labels of these events: no other column is read, and no other label kept."""
    from trimaran_runtime.data.config import DataConfig
    from trimaran_runtime.data.rows import Retyped
    from trimaran_runtime.data.source import open_source
    from trimaran_runtime.monitoring.late_labels import LabelColumns, Labels
    from trimaran_runtime.user_code import UserCode

    asked = DataConfig(source=config.source, target=config.label)
    columns = LabelColumns(event_id=config.event, value=config.label, row=config.row)
    rows = open_source(asked, UserCode(Path.cwd()))
    if set(columns.names) <= set(rows.types):  # else the error names all that there are
        rows = rows.only(columns.names)
    while True:
        try:
            return Labels.of((chunk.table for chunk in rows.chunks()), columns, events=events)
        except Retyped as again:
            rows = again.rows


def _judge(
    found: "LatePerformance", release: "Release", config: LabelsConfig, since: datetime
) -> Labelled:
    counts = found.counts
    some = f"{counts.matched:,} of {counts.predicted:,} predictions have a label"
    part = next((p for p in reversed(found.parts) if p.labelled >= config.min_rows), None)
    if part is None:
        told = f"{some}, too few to tell: no part of time has {config.min_rows:,}"
        return Labelled(sentence=told, performance=found)
    metric = _metric(part, release)
    if metric is None:
        told = f"{some}, and no metric of the release can be had of them"
        return Labelled(sentence=told, performance=found)
    now, before = part.metrics[metric], release.metrics[metric]
    if now.value is None or now.low is None or now.high is None:
        told = f"{some}, and {metric} is not defined on them"
        return Labelled(sentence=told, performance=found)
    sign = 1 if metric.higher_is_better else -1
    worst = now.low if sign > 0 else now.high
    allowed = allowance(metric, before)
    harm = None
    if surely_worse(metric, now, before, config.every_hours):
        harm = True
    elif part.end > since and sign * (before - worst) <= allowed:
        # Labels of an older part tell nothing good of what came after it.
        harm = False
    word = {
        True: f"surely worse, by more than {allowed:.2g}, than",
        False: f"at most {allowed:.2g} worse than",
        None: "to be compared with",
    }[harm]
    return Labelled(
        sentence=(
            f"{metric} is {now.value:.3f} ({now.low:.3f} to {now.high:.3f}) on the "
            f"{part.labelled:,} labelled rows from {part.start:%Y-%m-%d %H:%M} UTC, "
            f"{word} the {before:.3f} of the test rows; {some}"
        ),
        performance=found,
        metric=metric,
        value=now.value,
        low=now.low,
        high=now.high,
        before=before,
        labelled=part.labelled,
        harm=harm,
    )


def _metric(part: "PerformancePart", release: "Release") -> Metric | None:
    """The gate's metric; accuracy where scores of all classes would be needed for it."""
    names = [release.verdict.metric, Metric.accuracy]
    wanted = [Metric(name) for name in names if name in set(Metric)]
    return next((m for m in wanted if m in part.metrics and m in release.metrics), None)


def _document(found: "LatePerformance | None") -> dict[str, Any] | None:
    if found is None:
        return None
    parts = [
        {
            "start": part.start,
            "end": part.end,
            "predicted": part.predicted,
            "labelled": part.labelled,
            "metrics": {m.value: e.model_dump(mode="json") for m, e in part.metrics.items()},
        }
        for part in found.parts
    ]
    return {"parts": parts, "counts": asdict(found.counts)}
