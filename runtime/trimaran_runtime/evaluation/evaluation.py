"""What the evaluate step found: the numbers that the gate decides on. None where undefined."""

from typing import Self

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.evaluation.champion_result import ChampionResult
from trimaran_runtime.evaluation.config import Aim
from trimaran_runtime.evaluation.estimate import Estimate, Gain
from trimaran_runtime.evaluation.fairness_result import FairnessColumn
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.section import Section


class PredictionCheck(Section):
    """Whether the predictions are usable at all."""

    rows: int
    """Test rows."""
    not_finite: int
    """Rows whose prediction is NaN or infinite."""
    distinct: int
    """Distinct predictions."""


class HeldOut(Section):
    """The rows that everything is measured on."""

    fingerprint: str
    """Digest of their content; their order does not matter."""
    rows: int
    """How many."""
    in_train: int
    """How many are training rows too, to the last value."""


class Rival(Section):
    """Another model on the same rows, e.g. the best constant prediction."""

    value: float | None
    """Its metric on the test rows."""
    gain: Gain
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


class Bin(Section):
    """Rows of similar predicted probability."""

    rows: int
    """How many."""
    predicted: float
    """Mean predicted probability."""
    observed: float
    """Share of the rows where it came true."""
    low: float
    """Lower end of the exact 95 % interval of `observed`."""
    high: float
    """Upper end."""


class BrierParts(Section):
    """The Brier score in parts (Murphy, 1973): reliability - resolution + uncertainty.

    Exactly so for predictions that are equal within a bin; `within_bins` is what is left.
    """

    reliability: float
    """Squared distance of predicted and observed; 0 is best."""
    resolution: float
    """How far the bins' observed shares are from the mean; more is better."""
    uncertainty: float
    """What the best constant would score."""
    within_bins: float
    """The rest (Stephenson, Coelho and Jolliffe, 2008)."""


class Calibration(Section):
    """Whether predicted probabilities are what happens."""

    error: float
    """Expected calibration error, 0 to 1."""
    corrected: float
    """The same without what chance alone adds to it."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    """Upper end."""
    bins: tuple[Bin, ...]
    """Rows by predicted probability, about equally many in each."""
    brier: BrierParts


class ThresholdRates(Section):
    """What a threshold does on the test rows; None: undefined."""

    selection_rate: float
    """Share of the rows that are called positive."""
    accuracy: float
    precision: float | None
    recall: float | None
    false_positive_rate: float | None


class Threshold(Section):
    """The probability from which a row is called positive."""

    aim: Aim
    """What it was chosen for."""
    value: float
    """Rows with this probability of the second class, or more, are positive."""
    validation_rows: int
    """Validation rows it was chosen on; no test row took part."""
    test: ThresholdRates


class WorstPart(Section):
    """A part of the rows where the model errs more than elsewhere."""

    where: dict[str, str]
    """Level by feature: one, or two together."""
    rows: int
    """Test rows in it."""
    error: float
    """Mean error there: log loss, or squared error."""
    overall: float
    """Mean error of all test rows."""
    excess: float
    """Mean error there less that of all other rows."""
    chance: float
    """One-sided chance of so much excess, before Holm's correction."""


class Evaluation(Section):
    """Everything measured on the test rows."""

    metric: Metric
    """The metric that decides."""
    estimate: Estimate
    """Its value."""
    metrics: dict[str, float]
    """Every metric that fits the task and is defined."""
    predictions: PredictionCheck
    held_out: HeldOut
    model: str = ""
    """Digest of the model file that was measured."""
    size_bytes: int
    """Size of the model file, bytes."""
    reproduced: bool | None = None
    """Whether training a second time gave the same model; None: it was not tried."""
    baseline: Rival
    """The best constant prediction, fitted on the training rows."""
    rivals: dict[str, Rival] = {}
    """Further simple rivals, reported: `linear`, and `last value` where rows are split by time."""
    champion: ChampionResult | None
    """None: nothing is in production."""
    segments: tuple[SegmentResult, ...]
    """By column, largest level first."""
    unlisted_levels: dict[str, int]
    """Small levels that were left out, by segment column."""
    calibration: Calibration | None = None
    """None: for regression, or where answers are no probabilities."""
    threshold: Threshold | None = None
    """None: there are not two classes."""
    worst: tuple[WorstPart, ...] = ()
    """Parts of the rows with the most excess error, most first; empty: none stands out."""
    fairness: tuple[FairnessColumn, ...] = ()
    """Differences between groups; empty: no columns are named, or there are not two classes."""

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read `evaluation.json` back; raises Corrupted."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            raise Corrupted(f"the evaluation cannot be read: {exc}", where="evaluate") from exc
