"""An estimated effect, and how sure its bounds have to be."""

from collections.abc import Callable
from dataclasses import dataclass

from trimaran_runtime.drift.bound import difference_of_one, quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An effect, its bounds, the current rows it rests on, and what happened in words."""

    effect: float
    lower: float
    upper: float
    rows: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """How sure the bounds have to be.

    Attributes:
        risk: probability that a bound lies on the wrong side of the truth, 0 to 0.5.
        inflation: rows that tell as much as one independent row, at least 1; more than 1 where
            rows resemble their neighbours (Kish's design effect, Survey Sampling, 1965).
        bounded: whether bounds are asked for. False: only effects are, and bounds may be the
            effect itself, wherever it does not depend on them.
    """

    risk: float
    inflation: float = 1.0
    bounded: bool = True

    def z(self, parts: int = 1) -> float:
        """Standard errors of a bound that shares the risk with others."""
        return quantile(self.risk / parts)

    def rows(self, rows: int) -> float:
        """Independent rows that tell as much as so many."""
        return rows / self.inflation


Comparison = Callable[[Doubt], Estimate]


def estimate(effect: float, lower: float, upper: float, rows: int, detail: str) -> Estimate:
    """An estimate of plain floats, whatever kind of number is given."""
    return Estimate(
        effect=float(effect), lower=float(lower), upper=float(upper), rows=rows, detail=detail
    )


def share_of(
    what: str, count: int, rows: int, reference: int, reference_rows: int, doubt: Doubt
) -> Estimate:
    """How far a share moved, in either direction."""
    moved = f"{what} went from {reference / reference_rows:.2%} to {count / rows:.2%}"
    if not doubt.bounded:
        effect = abs(count / rows - reference / reference_rows)
        return estimate(effect, effect, effect, rows, moved)
    scale = 1 / doubt.inflation
    change, low, high = difference_of_one(
        count * scale,
        doubt.rows(rows),
        reference * scale,
        doubt.rows(reference_rows),
        doubt.z(2),
    )
    nearest, furthest = max(low, -high, 0.0), max(abs(low), abs(high))
    return estimate(abs(change), nearest, furthest, rows, moved)
