"""Measures a model on the test rows: alone, against its rivals, and by segment."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trimaran_runtime.evaluation.baseline import constant_prediction
from trimaran_runtime.evaluation.calibration import calibration
from trimaran_runtime.evaluation.champion_result import (
    ChampionResult,
    InterfaceChange,
    VanishedSegment,
)
from trimaran_runtime.evaluation.compare import compare
from trimaran_runtime.evaluation.evaluation import (
    Evaluation,
    HeldOut,
    PredictionCheck,
    Rival,
    SegmentResult,
)
from trimaran_runtime.evaluation.fairness import fairness
from trimaran_runtime.evaluation.metrics import fitting, measure
from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions
from trimaran_runtime.evaluation.segments import Levels, segments_of
from trimaran_runtime.gate.config import Metric

if TYPE_CHECKING:
    from trimaran_runtime.gate.record import GateRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows to measure on.

    Attributes:
        truth: (n,) class numbers, or numbers for regression.
        train: truth of the training rows, for the baseline.
        classes: how many classes; 0 for regression.
        held_out: which rows they are.
    """

    truth: Floats | Codes
    train: Floats | Codes
    classes: int
    held_out: HeldOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """The model in production, and its answers for the same rows.

    Attributes:
        release: full id of its release.
        same_model: whether it is the new model, byte for byte.
        incompatible: why it could not be asked; empty when it could.
        lost: why its release cannot be read; empty when it can.
        predictions: None when it could not be asked.
        held_out: fingerprint of the rows it was asked about; empty when it was not.
        interface: what its callers would notice of the new model; None when it cannot be read.
        gate: the rules it was judged by; None when its release does not say.
        judged: test rows by column and level of the segments that it was judged on.
    """

    release: str
    same_model: bool
    incompatible: str = ""
    lost: str = ""
    predictions: Predictions | None = None
    held_out: str = ""
    interface: InterfaceChange | None = None
    gate: "GateRecord | None" = None
    judged: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Everything that one evaluation needs beside the predictions.

    Attributes:
        metric: the metric that decides.
        rows: the rows to measure on.
        segments: (n,) level of each row, by segment column.
        min_rows: levels with fewer rows are not judged, and only the largest are listed.
        model: digest of the model file.
        size_bytes: size of the model file.
        groups: (n,) level of each row, by column whose levels are compared for fairness.
        rivals: answers of simple rivals, by name.
        reproduced: whether a second training gave the same model; None: not tried.
    """

    metric: Metric
    rows: Rows
    segments: Levels
    min_rows: int
    model: str = ""
    size_bytes: int = 0
    groups: Levels = field(default_factory=dict)
    rivals: Mapping[str, Predictions] = field(default_factory=dict)
    reproduced: bool | None = None

    def of(self, given: Predictions, champion: Champion | None) -> Evaluation:
        """Measure a model's answers."""
        rows = self.rows
        constant = constant_prediction(
            self.metric, rows.train, len(rows.truth), classes=rows.classes
        )
        asked = [champion.predictions] if champion and champion.predictions else []
        estimate, (baseline, *others) = compare(
            self.metric, rows.truth, given, [constant, *self.rivals.values(), *asked]
        )
        segments, unlisted = self._segments(given, asked)
        codes = rows.truth.astype(int)
        return Evaluation(
            metric=self.metric,
            estimate=estimate,
            metrics=self._metrics(given),
            predictions=PredictionCheck(
                rows=len(rows.truth),
                not_finite=int((~given.finite).sum()),
                distinct=given.distinct,
            ),
            held_out=rows.held_out,
            model=self.model,
            size_bytes=self.size_bytes,
            reproduced=self.reproduced,
            baseline=baseline,
            rivals=dict(zip(self.rivals, others, strict=False)),
            champion=self._champion(champion, others[-1] if asked else None),
            segments=segments,
            unlisted_levels=unlisted,
            calibration=calibration(codes, given),
            fairness=fairness(codes, given, self.groups, self.min_rows),
        )

    def _metrics(self, given: Predictions) -> dict[str, float]:
        values = {
            metric.value: measure(metric, self.rows.truth, given).value
            for metric in fitting(classification=self.rows.classes > 0)
        }
        return {name: found for name, found in values.items() if math.isfinite(found)}

    def _segments(
        self, given: Predictions, asked: list[Predictions]
    ) -> tuple[tuple[SegmentResult, ...], dict[str, int]]:
        segments, unlisted = segments_of(self.segments, self.min_rows)
        results = []
        for segment in segments:
            estimate, found = compare(self.metric, self.rows.truth, given, asked, segment.rows)
            results.append(
                SegmentResult(
                    column=segment.column,
                    level=segment.level,
                    rows=len(segment.rows),
                    estimate=estimate,
                    champion=found[0].value if found else None,
                    gain=found[0].gain if found else None,
                )
            )
        return tuple(results), unlisted

    def _champion(self, champion: Champion | None, beaten: Rival | None) -> ChampionResult | None:
        if champion is None:
            return None
        return ChampionResult(
            release=champion.release,
            same_model=champion.same_model,
            incompatible=champion.incompatible,
            lost=champion.lost,
            held_out=champion.held_out,
            interface=champion.interface,
            gate=champion.gate,
            vanished=tuple(self._vanished(champion)),
            value=beaten.value if beaten else None,
            gain=beaten.gain if beaten else None,
        )

    def _vanished(self, champion: Champion) -> Iterator[VanishedSegment]:
        for (column, level), before in champion.judged.items():
            if column not in self.segments or before < self.min_rows:
                continue
            rows = int((self.segments[column] == level).sum())
            # Half: a level whose size is near the limit comes and goes by chance.
            if rows < self.min_rows / 2:
                yield VanishedSegment(column=column, level=level, before=before, rows=rows)
