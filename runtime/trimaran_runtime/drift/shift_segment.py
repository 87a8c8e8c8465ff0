"""Segments that explain a shift: levels and ranges, of one column or two, largest first.

Found one after the other. The segment whose change of share tells most (the Kullback-Leibler
divergence of being in it) is named; then the reference is weighted so that the segment's share is
the current one (raking; Deming and Stephan, 1940), and the next one explains what is left.
"""

import itertools
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.bound import difference, quantile, size
from trimaran_runtime.drift.key import Floats
from trimaran_runtime.drift.row_sample import (
    LevelRows,
    NumberRows,
    Rows,
    RowSample,
    common_levels,
)

MOST = 5
"""Segments that are named."""
LEAST_CHANGE = 0.02
"""Smaller changes of a share, 0 to 1, are not named."""
_RANGES = 8
_LEVELS = 12
_CROSSED_COLUMNS = 40
_CROSSED_KEPT = 60
_CROSSED_DISCOUNT = 0.9
"""Two columns are named only where they tell clearly more than one."""
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftSegment:
    """Rows of one level or range, or of two together.

    Attributes:
        columns: one or two.
        before, now: share of the reference and of the current rows in it, 0 to 1.
        lower: lower bound of the size of the change that larger segments leave unexplained.
        sentence: all this in words.
    """

    columns: tuple[str, ...]
    before: float
    now: float
    lower: float
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cells:
    """Rows of both samples by cell of a column, or of two."""

    columns: tuple[str, ...]
    names: tuple[str, ...]
    before: Places
    now: Places

    def crossed(self, other: "_Cells") -> "_Cells":
        width = len(other.names)
        return _Cells(
            columns=self.columns + other.columns,
            names=tuple(f"{a} and {b}" for a, b in itertools.product(self.names, other.names)),
            before=self.before * width + other.before,
            now=self.now * width + other.now,
        )


def explain_shift(
    reference: RowSample, current: RowSample, *, risk: float, ignore: Collection[str] = ()
) -> tuple[ShiftSegment, ...]:
    """Up to five segments whose share changed by more than 2 points, with confidence.

    Args:
        reference: rows before.
        current: rows now.
        risk: of naming a segment that did not change, over all that are looked at.
        ignore: columns that are not looked at; times never are.
    """
    columns = _cells(reference, current, ignore)
    single = [_Counted(cells, current) for cells in columns]
    pairs = itertools.combinations(columns[:_CROSSED_COLUMNS], 2)
    crossed = [_Counted(one.crossed(other), current) for one, other in pairs]
    searched = [*single, *crossed]
    if not searched:
        return ()
    z = quantile(risk / sum(len(one.cells.names) for one in searched))
    rows = (reference.effective_rows, current.effective_rows)
    raw = reference.counts / reference.counts.sum()
    weights = raw.copy()
    found: list[ShiftSegment] = []
    while len(found) < MOST:
        ranked = sorted(searched, key=lambda one: -one.most(weights))
        # What tells little now will hardly tell more once others are explained.
        searched = ranked[: len(single) + _CROSSED_KEPT]
        best = searched[0]
        cell = best.worst(weights)
        before, now = best.share(weights, cell), float(best.now[cell])
        change = difference(*_one(now, rows[1]), *_one(before, rows[0]), z)
        _, lower, _ = size(*change)
        if lower[0] <= 0 or abs(now - before) < LEAST_CHANGE:
            break
        found.append(_named(best.cells, cell, best.share(raw, cell), now, float(lower[0])))
        inside = best.cells.before == cell
        weights = np.where(inside, weights * _scale(now, before), weights)
        weights = np.where(inside, weights, weights * _scale(1 - now, 1 - before))
    return tuple(found)


class _Counted:
    """Cells with their shares of the current rows."""

    def __init__(self, cells: _Cells, current: RowSample) -> None:
        self.cells = cells
        shares = np.bincount(cells.now, current.counts, len(cells.names))
        self.now: Floats = shares / current.counts.sum()

    def tells(self, weights: Floats) -> Floats:
        """Divergence of being in each cell, current from weighted reference."""
        before = np.bincount(self.cells.before, weights, len(self.now)) / weights.sum()
        # A cell without reference rows is as likely as half a row.
        floor = 0.5 / len(weights)
        return _kullback(self.now, np.clip(before, floor, 1 - floor))

    def most(self, weights: Floats) -> float:
        told = float(self.tells(weights).max())
        return told if len(self.cells.columns) == 1 else told * _CROSSED_DISCOUNT

    def worst(self, weights: Floats) -> int:
        return int(self.tells(weights).argmax())

    def share(self, weights: Floats, cell: int) -> float:
        return float(weights[self.cells.before == cell].sum() / weights.sum())


def _cells(reference: RowSample, current: RowSample, ignore: Collection[str]) -> list[_Cells]:
    found = []
    for name, column in sorted(reference.columns.items()):
        other = current.columns.get(name)
        if other is None or name in ignore or other.kind != column.kind:
            continue
        if column.kind != "timestamp":
            cells = _of_column(name, column, other, reference.counts)
            if len(cells.names) > 1:
                found.append(cells)
    return found


def _of_column(name: str, one: Rows, other: Rows, counts: npt.NDArray[np.int64]) -> _Cells:
    if isinstance(one, NumberRows) and isinstance(other, NumberRows):
        return _ranges(name, one, other, counts)
    assert isinstance(one, LevelRows)
    assert isinstance(other, LevelRows)
    levels, codes = common_levels(one, other)
    rows = np.bincount(np.concatenate(codes) + 1, minlength=len(levels) + 1)[1:]
    order = np.argsort(-rows, kind="stable")[:_LEVELS]
    place = np.full(len(levels) + 1, len(order), np.int64)
    place[order] = np.arange(len(order))
    place[-1] = len(order) + 1
    names = [f"{name} is {levels[n]!r}" for n in order]
    names += [f"{name} is another level", f"{name} is missing"]
    return _used(name, names, place[codes[0]], place[codes[1]])


def _ranges(name: str, one: NumberRows, other: NumberRows, counts: npt.NDArray[np.int64]) -> _Cells:
    values, given = one.values(), other.values()
    present = ~np.isnan(values)
    order = np.argsort(values[present], kind="stable")
    ranked, reached = values[present][order], np.cumsum(counts[present][order])
    if not len(ranked):
        cuts = np.array([])
    else:
        wanted = np.arange(1, _RANGES) * reached[-1] / _RANGES
        cuts = np.unique(ranked[np.searchsorted(reached, wanted)])
        cuts = cuts[cuts > ranked[0]]
    ends = [f"{cut:.4g}" for cut in cuts.tolist()]
    if ends:
        names = [f"{name} is below {ends[0]}"]
        names += [f"{name} is {low} to {high}" for low, high in itertools.pairwise(ends)]
        names += [f"{name} is {ends[-1]} or more"]
    else:
        names = [f"{name} has a value"]
    names.append(f"{name} is missing")
    return _used(name, names, *(_placed(each, cuts) for each in (values, given)))


def _placed(values: Floats, cuts: Floats) -> Places:
    place = np.searchsorted(cuts, values, side="right")
    return np.where(np.isnan(values), len(cuts) + 1, place).astype(np.int64)


def _used(name: str, names: list[str], before: Places, now: Places) -> _Cells:
    used, place = np.unique(np.concatenate([before, now]), return_inverse=True)
    return _Cells(
        columns=(name,),
        names=tuple(names[n] for n in used),
        before=place[: len(before)].astype(np.int64),
        now=place[len(before) :].astype(np.int64),
    )


def _kullback(now: Floats, before: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(now > 0, now * np.log(now / before), 0)
        outside = np.where(now < 1, (1 - now) * np.log((1 - now) / (1 - before)), 0)
    found: Floats = inside + outside
    return found


def _one(share: float, rows: float) -> tuple[Floats, float]:
    return np.array([share * rows]), rows


def _scale(now: float, before: float) -> float:
    return now / before if before > 0 else 1.0


def _named(cells: _Cells, cell: int, before: float, now: float, lower: float) -> ShiftSegment:
    words = f"{cells.names[cell]}: {now:.1%} of the rows now, {before:.1%} before"
    return ShiftSegment(columns=cells.columns, before=before, now=now, lower=lower, sentence=words)
