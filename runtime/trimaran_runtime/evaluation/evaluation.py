"""What the evaluate step found: the numbers that the gate decides on. None where undefined."""

from typing import Self

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.section import Section


class Estimate(Section):
    """A metric on some rows."""

    value: float | None
    """Its value; None: undefined there (one class alone, or predictions that are not finite)."""
    low: float | None = None
    """Lower end of the 95 % confidence interval."""
    high: float | None = None
    """Upper end of the 95 % confidence interval."""


class Gain(Section):
    """How much better one model is than another on the same rows; positive is better."""

    value: float | None
    """Difference of the metric, signed so that positive is better; None: undefined."""
    standard_error: float | None
    """Of the difference, rows paired; None: undefined."""


class PredictionCheck(Section):
    """Whether the predictions are usable at all."""

    rows: int
    """Test rows."""
    not_finite: int
    """Rows whose prediction is NaN or infinite."""
    distinct: int
    """Distinct predictions."""


class Rival(Section):
    """The best constant prediction, fitted on the training rows."""

    value: float | None
    """Its metric on the test rows."""
    gain: Gain
    """Of the new model over it."""


class ChampionResult(Section):
    """The model in production, on the same test rows."""

    release: str
    """Full id of its release."""
    same_model: bool
    """Whether it is the new model, byte for byte."""
    incompatible: str = ""
    """Why it could not be asked about these rows; empty: it could."""
    lost: str = ""
    """Why its release cannot be read any more; empty: it can."""
    value: float | None = None
    """Its metric."""
    gain: Gain | None = None
    """Of the new model over it."""


class SegmentResult(Section):
    """One level of one segment column."""

    column: str
    """Segment column."""
    level: str
    """Level; `(missing)` for missing values."""
    rows: int
    """Test rows of that level."""
    estimate: Estimate
    """Metric of the new model there."""
    champion: float | None = None
    """Metric of the champion there."""
    gain: Gain | None = None
    """Of the new model over the champion there; None: no champion was asked."""

    @property
    def name(self) -> str:
        """`column=level`."""
        return f"{self.column}={self.level}"


class Evaluation(Section):
    """Everything measured on the test rows."""

    metric: Metric
    """The metric that decides."""
    estimate: Estimate
    """Its value."""
    metrics: dict[str, float]
    """Every metric that fits the task and is defined."""
    predictions: PredictionCheck
    baseline: Rival
    champion: ChampionResult | None
    """None: nothing is in production."""
    segments: tuple[SegmentResult, ...]
    """By column, largest level first."""
    unlisted_levels: dict[str, int]
    """Small levels that were left out, by segment column."""

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read `evaluation.json` back; raises Corrupted."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            raise Corrupted(f"the evaluation cannot be read: {exc}", where="evaluate") from exc
