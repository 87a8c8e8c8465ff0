"""Measures a model on the test rows: alone, against its rivals, and by segment."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.evaluation.baseline import constant_prediction
from trimaran_runtime.evaluation.evaluation import (
    ChampionResult,
    Estimate,
    Evaluation,
    Gain,
    PredictionCheck,
    Rival,
    SegmentResult,
)
from trimaran_runtime.evaluation.metrics import fitting, measure
from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions
from trimaran_runtime.evaluation.uncertainty import quantile, standard_error
from trimaran_runtime.gate.config import Metric

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = "(missing)"
_MOST_LEVELS = 50
"""Levels too small to be judged that are listed all the same, per segment column."""
_BOUNDED = {
    Metric.roc_auc: (0.0, 1.0),
    Metric.average_precision: (0.0, 1.0),
    Metric.accuracy: (0.0, 1.0),
    Metric.f1: (0.0, 1.0),
}
_NON_NEGATIVE = (0.0, math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows to measure on.

    Attributes:
        truth: (n,) class numbers, or numbers for regression.
        train: truth of the training rows, for the baseline.
        classes: how many classes; 0 for regression.
    """

    truth: Floats | Codes
    train: Floats | Codes
    classes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """The model in production, and its answers for the same rows.

    Attributes:
        release: full id of its release.
        same_model: whether it is the new model, byte for byte.
        incompatible: why it could not be asked; empty when it could.
        lost: why its release cannot be read; empty when it can.
        predictions: None when it could not be asked.
    """

    release: str
    same_model: bool
    incompatible: str = ""
    lost: str = ""
    predictions: Predictions | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Everything that one evaluation needs beside the predictions.

    Attributes:
        metric: the metric that decides.
        rows: the rows to measure on.
        segments: (n,) level of each row, by segment column.
        min_rows: levels with fewer rows are not judged, and only the largest are listed.
    """

    metric: Metric
    rows: Rows
    segments: Mapping[str, NDArray[np.object_]]
    min_rows: int

    def of(self, given: Predictions, champion: Champion | None) -> Evaluation:
        """Measure a model's answers."""
        rows = self.rows
        constant = constant_prediction(
            self.metric, rows.train, len(rows.truth), classes=rows.classes
        )
        rivals = [constant]
        if champion is not None and champion.predictions is not None:
            rivals.append(champion.predictions)
        estimate, (baseline, *beaten) = self._compare(given, rivals)
        segments, unlisted = self._segments(given, champion)
        return Evaluation(
            metric=self.metric,
            estimate=estimate,
            metrics=self._metrics(given),
            predictions=PredictionCheck(
                rows=len(rows.truth),
                not_finite=int((~given.finite).sum()),
                distinct=given.distinct,
            ),
            baseline=baseline,
            champion=_champion(champion, beaten),
            segments=tuple(segments),
            unlisted_levels=unlisted,
        )

    def _metrics(self, given: Predictions) -> dict[str, float]:
        values = {
            metric.value: measure(metric, self.rows.truth, given).value
            for metric in fitting(classification=self.rows.classes > 0)
        }
        return {name: found for name, found in values.items() if math.isfinite(found)}

    def _compare(
        self,
        given: Predictions,
        rivals: Sequence[Predictions],
        chosen: NDArray[np.int64] | None = None,
    ) -> tuple[Estimate, list[Rival]]:
        """Metric of a model and of its rivals on some rows; None: all."""
        truth = self.rows.truth if chosen is None else self.rows.truth[chosen]
        answers = [given, *rivals]
        if chosen is not None:
            answers = [answer.take(chosen) for answer in answers]
        own, *others = [measure(self.metric, truth, answer) for answer in answers]
        sign = 1 if self.metric.higher_is_better else -1
        found = [
            Rival(
                value=_defined(other.value),
                gain=Gain(
                    value=_defined(sign * (own.value - other.value)),
                    standard_error=_defined(standard_error(own.influence - other.influence)),
                ),
            )
            for other in others
        ]
        return self._estimate(own.value, standard_error(own.influence)), found

    def _estimate(self, found: float, error: float) -> Estimate:
        if math.isnan(found) or math.isnan(error):
            return Estimate(value=_defined(found))
        least, most = _BOUNDED.get(
            self.metric, (-math.inf, 1.0) if self.metric is Metric.r2 else _NON_NEGATIVE
        )
        reach = quantile(0.975) * error
        return Estimate(value=found, low=max(found - reach, least), high=min(found + reach, most))

    def _segments(
        self, given: Predictions, champion: Champion | None
    ) -> tuple[list[SegmentResult], dict[str, int]]:
        rivals = [champion.predictions] if champion and champion.predictions else []
        results, unlisted = [], {}
        for column, levels in self.segments.items():
            names, codes, counts = np.unique(levels, return_inverse=True, return_counts=True)
            ranked = sorted(range(len(names)), key=lambda place: (-counts[place], names[place]))
            small = [place for place in ranked if counts[place] < self.min_rows]
            if len(small) > _MOST_LEVELS:
                unlisted[column] = len(small) - _MOST_LEVELS
            left_out = set(small[_MOST_LEVELS:])
            for place in ranked:
                if place in left_out:
                    continue
                estimate, found = self._compare(given, rivals, np.flatnonzero(codes == place))
                results.append(
                    SegmentResult(
                        column=column,
                        level=str(names[place]),
                        rows=int(counts[place]),
                        estimate=estimate,
                        champion=found[0].value if found else None,
                        gain=found[0].gain if found else None,
                    )
                )
        return results, unlisted


def segment_levels(table: "pa.Table", columns: Sequence[str]) -> dict[str, NDArray[np.object_]]:
    """Level of each row as text, by segment column."""
    import pyarrow as pa

    levels = {}
    for name in columns:
        texts: list[Any] = table.column(name).cast(pa.string()).to_pylist()
        levels[name] = np.array([MISSING if t is None else t for t in texts], dtype=object)
    return levels


def _champion(champion: Champion | None, beaten: Sequence[Rival]) -> ChampionResult | None:
    if champion is None:
        return None
    return ChampionResult(
        release=champion.release,
        same_model=champion.same_model,
        incompatible=champion.incompatible,
        lost=champion.lost,
        value=beaten[0].value if beaten else None,
        gain=beaten[0].gain if beaten else None,
    )


def _defined(number: float) -> float | None:
    return number if math.isfinite(number) else None
