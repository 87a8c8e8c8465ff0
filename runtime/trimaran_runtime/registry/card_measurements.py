"""What a card tells beside the metrics: calibration, threshold, worst parts, fairness."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trimaran_runtime.evaluation.evaluation import Calibration, Evaluation, Threshold, WorstPart
    from trimaran_runtime.evaluation.fairness_result import FairnessColumn

_RATES = ("selection_rate", "accuracy", "precision", "recall", "false_positive_rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that was measured.

    Attributes:
        title: heading.
        sentence: what it means, for a reader who does not know it.
        head: names of the columns.
        rows: cells, as shown.
    """

    title: str
    sentence: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def measurements(evaluation: "Evaluation") -> tuple[Told, ...]:
    """What was measured, in the order it is read; what was not is left out."""
    found: list[Told] = []
    if evaluation.calibration is not None:
        found.append(_calibration(evaluation.calibration))
    if evaluation.threshold is not None:
        found.append(_threshold(evaluation.threshold))
    if evaluation.worst:
        found.append(_worst(evaluation.worst))
    found += _fairness(evaluation.fairness)
    return tuple(found)


def _calibration(found: "Calibration") -> Told:
    return Told(
        title="Calibration",
        sentence="How far the predicted probabilities are from what came true, on average, 0 to 1.",
        head=("measure", "value"),
        rows=(
            ("expected calibration error", _number(found.error)),
            ("without the share that chance alone gives", _number(found.corrected)),
            ("95 % interval", f"{_number(found.low)} to {_number(found.high)}"),
        ),
    )


def _threshold(found: "Threshold") -> Told:
    rates = tuple(
        (name.replace("_", " "), "undefined" if value is None else _number(value))
        for name in _RATES
        for value in (getattr(found.test, name),)
    )
    return Told(
        title="Threshold",
        sentence=f"A row with a probability of {_number(found.value)} or more is positive: chosen "
        f"for {found.aim} on {found.validation_rows} validation rows. On the test rows:",
        head=("rate", "value"),
        rows=rates,
    )


def _worst(found: "tuple[WorstPart, ...]") -> Told:
    return Told(
        title="Where it errs most",
        sentence=f"Parts of the test rows with more error than the rest; the mean error of all is "
        f"{_number(found[0].overall)}.",
        head=("part", "rows", "error", "excess"),
        rows=tuple(
            (
                ", ".join(f"{column}={level}" for column, level in part.where.items()),
                str(part.rows),
                _number(part.error),
                _number(part.excess),
            )
            for part in found
        ),
    )


def _fairness(found: "tuple[FairnessColumn, ...]") -> Iterator[Told]:
    for column in found:
        if column.gaps:
            yield Told(
                title=f"Differences by {column.column}",
                sentence="The widest difference in each rate between two groups, with 95 % "
                "intervals.",
                head=("rate", "highest", "lowest", "difference", "low", "high", "ratio"),
                rows=tuple(
                    (
                        str(gap.rate).replace("_", " "),
                        gap.highest,
                        gap.lowest,
                        _number(gap.difference),
                        _number(gap.low),
                        _number(gap.high),
                        "undefined" if gap.ratio is None else _number(gap.ratio),
                    )
                    for gap in column.gaps
                ),
            )


def _number(value: float) -> str:
    return f"{value:.4f}"
