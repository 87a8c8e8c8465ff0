"""What the domain classifier found, in numbers and words."""

from dataclasses import dataclass

from trimaran_runtime.drift.shift_segment import ShiftSegment
from trimaran_runtime.drift.verdict import Severity

TOLERANCE = (0.55, 0.65)
"""Material and strict tolerance of the area under the ROC curve; 0.5: nothing can be told."""
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """A column and what the classifier's area loses when it is shuffled."""

    column: str
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierVerdict:
    """Reference rows against current rows, all columns together.

    Attributes:
        auc: area under the ROC curve, 0.5 when the rows cannot be told apart.
        lower, upper: bounds, each at the comparison's risk.
        tolerance, strict: what is tolerated.
        rows: current rows it rests on.
        severity: the outcome.
        sentence: the outcome in words.
        influences: columns that the classifier rests on, the most important first.
        segments: where the current rows are more, or fewer, than they were, largest first.
    """

    auc: float
    lower: float
    upper: float
    tolerance: float
    strict: float
    rows: int
    severity: Severity
    sentence: str
    influences: tuple[Influence, ...]
    segments: tuple[ShiftSegment, ...] = ()


def judge(
    auc: float, reach: float, rows: int, influences: tuple[Influence, ...]
) -> ClassifierVerdict:
    """The verdict on an area.

    Args:
        auc: the area.
        reach: from the area to each of its bounds.
        rows: current rows it rests on.
        influences: by column, largest first.
    """
    tolerance, strict = TOLERANCE
    lower, upper = max(0.0, auc - reach), min(1.0, auc + reach)
    if lower > tolerance:
        severity = Severity.alert if lower > strict else Severity.warn
        names = ", ".join(one.column for one in influences[:_NAMED] if one.loss > 0)
        by = f", mostly by {names}" if names else ""
        sentence = (
            f"a classifier tells current rows from reference rows{by} (AUC {auc:.2f}, surely "
            f"beyond {lower:.3f}, tolerated {tolerance:.2f})"
        )
    elif upper <= tolerance:
        severity = Severity.ok
        sentence = f"no classifier tells current rows from reference rows (AUC {auc:.2f})"
    else:
        severity = Severity.too_few_rows
        sentence = f"too few rows to tell whether a classifier can tell them apart (AUC {auc:.2f})"
    return ClassifierVerdict(
        auc=auc,
        lower=lower,
        upper=upper,
        tolerance=tolerance,
        strict=strict,
        rows=rows,
        severity=severity,
        sentence=sentence,
        influences=influences,
    )
