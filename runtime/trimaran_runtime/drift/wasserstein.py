"""Wasserstein-1 distance over the body of a reference column, with bounds for any tail."""

import math
from dataclasses import dataclass

import numpy as np

from trimaran_runtime.drift.estimate import Doubt
from trimaran_runtime.drift.key import Floats, Keys, edges, together
from trimaran_runtime.drift.number import NumberSummary

_OUTER = 0.001
"""Share of the reference beyond either end of its body."""
_MEAN_SIZE = math.sqrt(2 / math.pi)
"""Mean of the absolute value of a standard normal variable."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """The reference between its 0.1 % and 99.9 % keys; what lies beyond counts as the end.

    Attributes:
        first, last: keys of the ends.
        low, high: values of the ends, in the column's unit.
        deviation: standard deviation of the reference, values beyond an end put there.
    """

    first: int
    last: int
    low: float
    high: float
    deviation: float

    @classmethod
    def of(cls, reference: NumberSummary) -> "Body":
        """Body of a column that has at least one finite value."""
        reached = np.cumsum(reference.counts)
        ends = np.searchsorted(reached, [reached[-1] * _OUTER, reached[-1] * (1 - _OUTER)])
        first, last = (int(reference.keys[end]) for end in ends)
        low, high = values(np.array([first, last], np.uint16), reference.centre)
        inside = np.clip(values(reference.keys, reference.centre), low, high)
        deviation = _deviation(inside, reference)
        return cls(first=first, last=last, low=float(low), high=float(high), deviation=deviation)

    def outside(self, summary: NumberSummary) -> int:
        """Finite values beyond the ends."""
        beyond = (summary.keys < self.first) | (summary.keys > self.last)
        return int(summary.counts[beyond].sum())

    def distance(
        self, reference: NumberSummary, current: NumberSummary, doubt: Doubt
    ) -> tuple[float, float, float]:
        """Effect, lower and upper bound, in standard deviations of the reference.

        The distance is the integral of abs(F - G). Of samples it differs from the true one by at
        most the integral of the error's absolute value. The mean of that is at most the integral
        of `sqrt(2/pi)` times the pointwise standard error; it exceeds its mean as a Gaussian
        supremum does (Borell's inequality), whose largest variance belongs to a 1-Lipschitz
        function of the value, so it is at most the value's own; and single far values add
        Bernstein's term, range times log(1/risk) / 3 over the rows (Boucheron, Lugosi and
        Massart, Concentration Inequalities, 2013, sections 2.8 and 12).
        """
        keys, widths = self._steps(reference, current)
        before, now = cumulative(reference, keys), cumulative(current, keys)
        rows, reference_rows = doubt.rows(current.finite), doubt.rows(reference.finite)
        spread = before * (1 - before)
        variance = spread / reference_rows + np.maximum(spread, now * (1 - now)) / rows
        gap = np.abs(before - now)
        freed = float((np.sqrt(np.maximum(gap**2 - variance, 0)) * widths).sum()) / self.deviation
        if not doubt.bounded:
            return freed, freed, freed
        found = float((gap * widths).sum()) / self.deviation
        mean = _MEAN_SIZE * float((np.sqrt(variance) * widths).sum()) / self.deviation
        inside = np.clip(values(current.keys, current.centre), self.low, self.high)
        wider = max(1.0, _deviation(inside, current) / self.deviation)
        gauss = doubt.z() * math.hypot(1 / math.sqrt(reference_rows), wider / math.sqrt(rows))
        far = (self.high - self.low) / self.deviation * math.log(1 / doubt.risk) / 3
        most = mean + gauss + far / min(rows, reference_rows)
        return freed, max(0.0, found - most), found + most

    def _steps(self, reference: NumberSummary, current: NumberSummary) -> tuple[Keys, Floats]:
        keys = together(reference.keys, current.keys)
        keys = keys[(keys >= self.first) & (keys <= self.last)]
        return keys[:-1], np.diff(values(keys, reference.centre))


def _deviation(inside: Floats, summary: NumberSummary) -> float:
    """Standard deviation of a column whose keys have these values."""
    mean = (inside * summary.counts).sum() / summary.finite
    return math.sqrt(((inside - mean) ** 2 * summary.counts).sum() / summary.finite)


def values(keys: Keys, centre: float) -> Floats:
    """Value of each key, in the column's unit: its edge towards the centre, as of whole numbers."""
    low, high = edges(keys, centre)
    return np.where(low >= centre, low, high)


def cumulative(summary: NumberSummary, keys: Keys) -> Floats:
    """Share of the finite values at or below each key."""
    reached = np.concatenate([[0], np.cumsum(summary.counts)]) / summary.finite
    shares: Floats = reached[np.searchsorted(summary.keys, keys, side="right")]
    return shares
