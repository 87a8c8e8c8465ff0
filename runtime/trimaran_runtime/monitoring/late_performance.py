"""Performance once labels are there: predictions joined with them by event, by part of time.

Rows whose labels come late, or never, may be harder or easier than those that have theirs: each
part says how many of its rows it rests on.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.evaluation.estimate import Estimate
from trimaran_runtime.evaluation.interval import estimate
from trimaran_runtime.evaluation.metrics import fitting, measure
from trimaran_runtime.evaluation.predictions import Predictions
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.monitoring.capture import Request
from trimaran_runtime.monitoring.late_labels import WHOLE_REQUEST, Labels
from trimaran_runtime.monitoring.predicted import START, UNREADABLE, Predicted, number_of

_NEED_SCORES = {Metric.roc_auc, Metric.average_precision, Metric.log_loss, Metric.brier}


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinCounts:
    """What became of predictions and labels.

    Attributes:
        predicted: rows that were predicted.
        matched: of these, rows with a label.
        unreadable: matched rows left out: the prediction is none, or the label no known class.
        labels: rows of labels that were read.
        repeated: labels that were told before.
        revised: labels that were told otherwise before.
        unmatched: labels whose prediction was not among those given: of each event and row, or,
            where only those of some events were wanted, each one read of the others.
        ambiguous: labels of a request of several rows that do not say which row they are of.
    """

    predicted: int
    matched: int
    unreadable: int
    labels: int
    repeated: int
    revised: int
    unmatched: int
    ambiguous: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformancePart:
    """A part of time.

    Attributes:
        start, end: from and until before, UTC.
        predicted: rows that were predicted in it.
        labelled: rows that the metrics rest on.
        metrics: with 95 % intervals.
    """

    start: datetime
    end: datetime
    predicted: int
    labelled: int
    metrics: Mapping[Metric, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePerformance:
    """Performance by part of time, oldest first, and what it rests on."""

    parts: tuple[PerformancePart, ...]
    counts: JoinCounts


def late_performance(
    requests: Iterable[Request],
    labels: Labels,
    *,
    classes: Sequence[Any] = (),
    every: timedelta = timedelta(days=1),
) -> LatePerformance:
    """Join predictions with the labels that are there, and measure them.

    Args:
        requests: captured requests, each once, in any order.
        labels: what is known by now.
        classes: of the release, in the order of its probabilities; empty: regression.
        every: length of a part; parts begin at multiples of it since 1970.

    Raises:
        DataError: `every` is not positive.
    """
    return joined(Predicted.of(requests, classes=classes, every=every), labels)


def joined(predicted: Predicted, labels: Labels) -> LatePerformance:
    """Join predictions with the labels that are there, and measure them by part of time."""
    parts, matched = _Matched.by_part(predicted, labels)
    return LatePerformance(
        parts=tuple(
            _part(number, parts[number], list(predicted.names), predicted.every)
            for number in sorted(parts)
        ),
        counts=matched,
    )


class _Matched:
    """Matched rows of a part: true value, score and predicted class."""

    def __init__(self) -> None:
        self.predicted = 0
        self.truth: list[float] = []
        self.scores: list[float] = []
        self.labels: list[int] = []

    @classmethod
    def by_part(
        cls, predicted: Predicted, labels: Labels
    ) -> "tuple[dict[int, _Matched], JoinCounts]":
        """Matched rows by the number of their part, and what became of all others."""
        place = {name: at for at, name in enumerate(predicted.names)}
        parts: dict[int, _Matched] = {}
        used: set[tuple[str, int]] = set()
        ambiguous: set[tuple[str, int]] = set()
        matched = unreadable = first = 0
        for event, number, size in zip(
            predicted.events, predicted.parts, predicted.sizes, strict=True
        ):
            part = parts.setdefault(number, cls())
            part.predicted += size
            for row in range(size):
                key = _key(labels, event, row)
                if key is None:
                    continue
                if key[1] == WHOLE_REQUEST and size > 1:
                    ambiguous.add(key)
                    continue
                used.add(key)
                matched += 1
                chosen, score = predicted.chosen[first + row], predicted.scores[first + row]
                truth = _truth(labels.values[key], place)
                if truth is None or (chosen == UNREADABLE if place else math.isnan(score)):
                    unreadable += 1
                else:
                    part.truth.append(truth)
                    part.labels.append(chosen)
                    part.scores.append(score)
            first += size
        return parts, JoinCounts(
            predicted=sum(part.predicted for part in parts.values()),
            matched=matched,
            unreadable=unreadable,
            labels=labels.read,
            repeated=labels.repeated,
            revised=labels.revised,
            unmatched=labels.other + len(labels.values) - len(used) - len(ambiguous),
            ambiguous=len(ambiguous),
        )


def _key(labels: Labels, event: str, row: int) -> tuple[str, int] | None:
    """What the label of a row is found by; None: it is not there."""
    keys = ((event, row), (event, WHOLE_REQUEST))
    return next((key for key in keys if key in labels.values), None)


def _truth(value: Any, place: Mapping[str, int]) -> float | None:
    return place.get(text_of(value)) if place else number_of(value)


def _part(number: int, part: _Matched, names: list[str], every: timedelta) -> PerformancePart:
    start = START + number * every
    return PerformancePart(
        start=start,
        end=start + every,
        predicted=part.predicted,
        labelled=len(part.truth),
        metrics=_metrics(part, names) if part.truth else {},
    )


def _metrics(part: _Matched, names: list[str]) -> dict[Metric, Estimate]:
    truth = np.array(part.truth, np.float64)
    chances = np.array(part.scores, np.float64)
    metrics = fitting(classification=bool(names))
    if not names:
        given = Predictions(scores=chances[:, None], labels=None)
    else:
        labels = np.array(part.labels, np.int64)
        scores = np.stack([1 - chances, chances], axis=1)
        if len(names) != 2 or not np.isfinite(chances).all():
            # Only the probability of the last class was captured: ranks are not known.
            metrics = [metric for metric in metrics if metric not in _NEED_SCORES]
            scores = np.eye(len(names))[labels]
        given = Predictions(scores=scores, labels=labels)
    actual = truth.astype(np.int64) if names else truth
    return {
        metric: estimate(metric, actual, given, measure(metric, actual, given))
        for metric in metrics
    }
