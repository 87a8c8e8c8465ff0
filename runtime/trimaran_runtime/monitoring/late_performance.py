"""Performance once labels are there: predictions joined with them by event, by part of time.

Rows whose labels come late, or never, may be harder or easier than those that have theirs: each
part says how many of its rows it rests on.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.errors import DataError
from trimaran_runtime.evaluation.estimate import Estimate
from trimaran_runtime.evaluation.interval import estimate
from trimaran_runtime.evaluation.metrics import fitting, measure
from trimaran_runtime.evaluation.predictions import Predictions
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.monitoring.capture import Request
from trimaran_runtime.monitoring.late_labels import WHOLE_REQUEST, Labels
from trimaran_runtime.monitoring.predictions import LABEL, PROBABILITY

_NEED_SCORES = {Metric.roc_auc, Metric.average_precision, Metric.log_loss, Metric.brier}
_START = datetime(1970, 1, 1, tzinfo=UTC)


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
        unmatched: events and rows with a label whose prediction was not among those given.
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
    if every <= timedelta(0):
        raise DataError(f"parts of {every}", where="late performance", allowed="more than 0")
    joined = _Joined(labels, [text_of(label) for label in classes])
    for request in requests:
        joined.add(request, (request.time - _START) // every)
    parts = [
        _part(number, joined.parts[number], joined.names, every) for number in sorted(joined.parts)
    ]
    return LatePerformance(parts=tuple(parts), counts=joined.counts())


class _Part:
    """Matched rows of a part: true value, score and predicted class."""

    def __init__(self) -> None:
        self.predicted = 0
        self.truth: list[float] = []
        self.scores: list[float] = []
        self.labels: list[int] = []


class _Joined:
    def __init__(self, labels: Labels, names: list[str]) -> None:
        self.names, self._labels = names, labels
        self._number = {name: place for place, name in enumerate(names)}
        self._used: set[tuple[str, int]] = set()
        self._ambiguous: set[tuple[str, int]] = set()
        self._matched = self._unreadable = 0
        self.parts: dict[int, _Part] = {}

    def add(self, request: Request, number: int) -> None:
        part = self.parts.setdefault(number, _Part())
        part.predicted += len(request.predictions)
        whole = (request.event_id, WHOLE_REQUEST)
        for place, answer in enumerate(request.predictions):
            key = (request.event_id, place)
            if key not in self._labels.values:
                if whole not in self._labels.values:
                    continue
                if len(request.predictions) > 1:
                    self._ambiguous.add(whole)
                    continue
                key = whole
            self._used.add(key)
            self._matched += 1
            if not self._take(part, answer, self._labels.values[key]):
                self._unreadable += 1

    def counts(self) -> JoinCounts:
        known = self._labels
        return JoinCounts(
            predicted=sum(part.predicted for part in self.parts.values()),
            matched=self._matched,
            unreadable=self._unreadable,
            labels=known.read,
            repeated=known.repeated,
            revised=known.revised,
            unmatched=len(known.values) - len(self._used) - len(self._ambiguous),
            ambiguous=len(self._ambiguous),
        )

    def _take(self, part: _Part, answer: Any, truth: Any) -> bool:
        if not self.names:
            score, value = _number(answer), _number(truth)
            if score is None or value is None:
                return False
            part.truth.append(value)
            part.scores.append(score)
            return True
        label = answer.get(LABEL) if isinstance(answer, dict) else None
        chosen = None if label is None else self._number.get(text_of(label))
        actual = self._number.get(text_of(truth))
        if chosen is None or actual is None:
            return False
        part.truth.append(actual)
        part.labels.append(chosen)
        chance = _number(answer.get(PROBABILITY))
        part.scores.append(math.nan if chance is None else chance)
        return True


def _part(number: int, part: _Part, names: list[str], every: timedelta) -> PerformancePart:
    start = _START + number * every
    return PerformancePart(
        start=start,
        end=start + every,
        predicted=part.predicted,
        labelled=len(part.truth),
        metrics=_metrics(part, names) if part.truth else {},
    )


def _metrics(part: _Part, names: list[str]) -> dict[Metric, Estimate]:
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


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
