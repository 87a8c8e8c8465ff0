"""Quantities that are watched over time: means of values between 0 and 1, of a column."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.summary import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """Mean of a quantity in a window.

    Attributes:
        value: the mean, 0 to 1.
        rows: rows it is the mean of.
        expected: the reference's own.
        reference_rows: rows that one is the mean of.
        variance: of the quantity in one row of the reference, at most.
    """

    value: float
    rows: int
    expected: float
    reference_rows: int
    variance: float = 1 / 12


def means(reference: Profile, current: Profile, prefix: str = "") -> Mapping[str, Mean]:
    """Watched means of the columns that both have, by `prefix` and `column:missing` or `:place`.

    The place of a number is the share of the reference below it (half of those equal to it); of a
    level it is the same with levels in the order of how frequent they are in the reference. So
    every mean is about 0.5 while nothing changes, whatever the column's unit and tails. Columns
    with too many levels to know them, and times, have none.
    """
    found = {}
    for name, before in reference.columns.items():
        now = current.columns.get(name)
        if now is None or not before.rows or not now.rows:
            continue
        found[f"{prefix}{name}:missing"] = Mean(
            value=now.missing / now.rows,
            rows=now.rows,
            expected=before.missing / before.rows,
            reference_rows=before.rows,
            variance=before.missing / before.rows * (1 - before.missing / before.rows),
        )
        if (placed := _place(before, now)) is not None:
            found[f"{prefix}{name}:place"] = placed
    return found


def _place(before: Summary, now: Summary) -> Mean | None:
    if isinstance(before, NumberSummary) and isinstance(now, NumberSummary):
        if before.kind != "number" or not (before.finite and now.finite):
            return None
        # Infinite values are places, too: the ends.
        below = before.below + np.cumsum(before.counts) - before.counts
        rows = before.finite + before.below + before.above
        after = np.concatenate([below, [rows - before.above]])
        at = np.searchsorted(before.keys, now.keys)
        seen = np.isin(now.keys, before.keys)
        own = np.where(seen, before.counts[np.minimum(at, len(before.keys) - 1)], 0)
        places = (after[at] + own / 2) / rows
        total = float((places * now.counts).sum()) + now.below * before.below / 2 / rows
        total += now.above * (1 - before.above / 2 / rows)
        present = now.finite + now.below + now.above
        return Mean(value=total / present, rows=present, expected=0.5, reference_rows=rows)
    if isinstance(before, LevelSummary) and isinstance(now, LevelSummary):
        if not before.levels or now.buckets is not None or not now.present:
            return None
        names = sorted(before.levels, key=lambda name: (-before.levels[name], name))
        counts = np.array([before.levels[name] for name in names])
        middle = (np.cumsum(counts) - counts / 2) / before.present
        place = dict(zip(names, middle.tolist(), strict=True))
        total = sum(place.get(name, 1.0) * rows for name, rows in sorted(now.levels.items()))
        return Mean(
            value=total / now.present,
            rows=now.present,
            expected=0.5,
            reference_rows=before.present,
        )
    return None
