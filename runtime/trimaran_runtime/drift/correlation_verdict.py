"""Did the correlation of two columns change by more than is tolerated?

Each side's interval is Fisher's z, widened where the scores are further out together than those
of normal variables; the change has the interval that Zou (Psychological Methods 12, 2007, 399-413,
equation 13) makes of the two.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.bound import quantile, size
from trimaran_runtime.drift.correlation import NormalScores
from trimaran_runtime.drift.key import Floats
from trimaran_runtime.drift.verdict import Severity

TOLERANCE = (0.05, 0.15)
"""Material and strict tolerance of the change of a correlation."""
_FEWEST_ROWS = 100
_LISTED = 20
_Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairVerdict:
    """Two columns.

    Attributes:
        columns: their names.
        before, now: correlation of their normal scores, -1 to 1.
        effect: size of the change.
        lower, upper: bounds of the effect, each at half the pair's risk.
        rows: current rows that have both values.
        severity: the outcome.
        sentence: the outcome in words.
    """

    columns: tuple[str, str]
    before: float
    now: float
    effect: float
    lower: float
    upper: float
    rows: int
    severity: Severity
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationVerdict:
    """All pairs.

    Attributes:
        severity: the worst of all pairs.
        sentence: the verdict in one sentence.
        compared: pairs that could be compared.
        unclear: pairs with too few rows to tell.
        tolerance, strict: what is tolerated.
        pairs: the 20 largest of those beyond tolerance, worst first.
        moved: how many are beyond tolerance.
    """

    severity: Severity
    sentence: str
    compared: int
    unclear: int
    tolerance: float
    strict: float
    pairs: tuple[PairVerdict, ...]
    moved: int

    def involved(self, column: str) -> tuple[PairVerdict, ...]:
        """The listed pairs of a column."""
        return tuple(pair for pair in self.pairs if column in pair.columns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorrelationChanges:
    """The pairs of columns that can be compared; `len` of it is what shares the risk.

    Attributes:
        reference: sums over the reference rows.
        current: sums over the rows to judge.
        chosen: the pairs; upper triangle, `(d, d)`.
    """

    reference: NormalScores
    current: NormalScores
    chosen: _Marks

    @classmethod
    def of(
        cls, reference: NormalScores, current: NormalScores, ignore: Collection[str] = ()
    ) -> Self:
        """All pairs with a correlation on both sides, but for columns that are not watched.

        Raises:
            DataError: the two rest on different references.
        """
        reference.check_basis(current)
        chosen = _comparable(reference, current, ignore)
        return cls(reference=reference, current=current, chosen=chosen)

    def __len__(self) -> int:
        return int(self.chosen.sum())

    def judge(self, risk: float, tolerance: tuple[float, float] = TOLERANCE) -> CorrelationVerdict:
        """Judge the change of every pair's correlation.

        Args:
            risk: of a false finding, of each pair.
            tolerance: material and strict.
        """
        chosen, z = self.chosen, quantile(risk / 2)
        before, now = self.reference.correlations[chosen], self.current.correlations[chosen]
        low_before, high_before = _interval(self.reference, chosen, z)
        low, high = _interval(self.current, chosen, z)
        change = now - before
        lower = change - np.hypot(now - low, high_before - before)
        upper = change + np.hypot(high - now, before - low_before)
        effect, nearest, furthest = size(change, lower, upper)
        found = nearest > tolerance[0]
        unclear = int((~found & (furthest > tolerance[0])).sum())
        names, rows = self.reference.columns, self.current.pairs[chosen]
        places = np.argwhere(chosen)
        order = [n for n in np.lexsort((-effect, -nearest)) if found[n]]
        pairs = tuple(
            _pair(
                (names[places[n][0]], names[places[n][1]]),
                (float(before[n]), float(now[n])),
                (float(effect[n]), float(nearest[n]), float(furthest[n])),
                int(rows[n]),
                tolerance,
            )
            for n in order[:_LISTED]
        )
        return CorrelationVerdict(
            severity=_severity(pairs, unclear),
            sentence=_sentence(pairs, len(order), len(self), unclear),
            compared=len(self),
            unclear=unclear,
            tolerance=tolerance[0],
            strict=tolerance[1],
            pairs=pairs,
            moved=len(order),
        )


def _comparable(reference: NormalScores, current: NormalScores, ignore: Collection[str]) -> _Marks:
    """Pairs with a correlation on both sides, over enough rows; upper triangle, `(d, d)`."""
    chosen = np.ones(reference.pairs.shape, np.bool_)
    for side in (reference, current):
        chosen &= (side.pairs >= _FEWEST_ROWS) & ~np.isnan(side.correlations)
    for place, name in enumerate(reference.columns):
        if name in ignore:
            chosen[place] = chosen[:, place] = False
    return np.triu(chosen, 1)


def _interval(side: NormalScores, chosen: _Marks, z: float) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore"):
        middle = np.arctanh(side.correlations[chosen])
    error = np.sqrt(side.inflation[chosen] / (side.pairs[chosen] - 3))
    return np.tanh(middle - z * error), np.tanh(middle + z * error)


def _pair(
    columns: tuple[str, str],
    values: tuple[float, float],
    bounds: tuple[float, float, float],
    rows: int,
    tolerance: tuple[float, float],
) -> PairVerdict:
    effect, lower, upper = bounds
    before, now = values
    return PairVerdict(
        columns=columns,
        before=before,
        now=now,
        effect=effect,
        lower=lower,
        upper=upper,
        rows=rows,
        severity=Severity.alert if lower > tolerance[1] else Severity.warn,
        sentence=(
            f"the correlation of {columns[0]} and {columns[1]} went from {before:.2f} to "
            f"{now:.2f}: surely by more than {lower:.3f}, tolerated {tolerance[0]:.3f}"
        ),
    )


def _severity(pairs: tuple[PairVerdict, ...], unclear: int) -> Severity:
    if pairs:
        return max((pair.severity for pair in pairs), key=lambda severity: severity.rank)
    return Severity.too_few_rows if unclear else Severity.ok


def _sentence(pairs: tuple[PairVerdict, ...], moved: int, compared: int, unclear: int) -> str:
    if pairs:
        return f"{moved} of {compared} pairs of columns are related otherwise: {pairs[0].sentence}"
    if not compared:
        return "no two numeric columns to compare"
    if unclear:
        return f"too few rows to tell for {unclear} of {compared} pairs of columns"
    return f"all {compared} pairs of columns are related as before"
