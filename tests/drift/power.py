"""Stated material changes of one of 50 columns, and how often a window of some rows shows them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tests.drift.drawn import drawn, levels, numbers
from tests.drift.year import COLUMNS, population, tilted
from trimaran_runtime.drift.comparison import compare
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.summary import Summary

REFERENCE_ROWS = 200_000
CONFIG = DriftConfig(alpha=DriftConfig().alpha / COLUMNS)
"""One column's share of the risk of 50."""


def _shifted(place: int) -> Callable[[float], Summary]:
    return lambda times: tilted(place, 0.15 * times)


def _spread(times: float) -> Summary:
    """Mass moved from the middle half to the outer quarters."""
    summary = population(2)
    assert isinstance(summary, NumberSummary)
    middle = np.cumsum(summary.counts) / summary.finite
    outer = (middle < 0.25) | (middle > 0.75)
    factor = np.where(outer, 1 + 0.2 * times, 1 - 0.2 * times)
    return replace(summary, counts=np.round(summary.counts * 1000 * factor).astype(np.int64))


def _mixed(share: float, with_: Summary) -> Summary:
    """A normal column, a share of whose rows come from another distribution."""
    one = numbers("normal")
    assert isinstance(with_, NumberSummary)
    scaled = np.round(one.counts * 1000 * (1 - share)).astype(np.int64)
    other = np.round(with_.counts * (share * one.finite * 1000 / with_.finite)).astype(np.int64)
    return replace(one, counts=scaled).merge(replace(with_, counts=np.maximum(other, 1)))


def _new_level(times: float) -> Summary:
    known = levels(20)
    new = round(known.present * 0.015 * times / (1 - 0.015 * times))
    return LevelSummary(missing=0, levels={**known.levels, "never seen": new})


def _share(count: int, more: float) -> Callable[[float], Summary]:
    def lifted(times: float) -> Summary:
        known = levels(count)
        first = next(iter(known.levels))
        share = known.levels[first] / known.present + more * times
        extra = round((share * known.present - known.levels[first]) / (1 - share))
        return LevelSummary(missing=0, levels={**known.levels, first: known.levels[first] + extra})

    return lifted


def _reordered(times: float) -> Summary:
    """A share of a column with 1,000 levels takes the shares in reverse order."""
    known = levels(1_000)
    counts = np.array(list(known.levels.values()))
    mixed = np.round(counts * (1 - 0.1 * times) + counts[::-1] * 0.1 * times).astype(int)
    return LevelSummary(missing=0, levels=dict(zip(known.levels, mixed.tolist(), strict=True)))


def _far(value: float) -> NumberSummary:
    import pyarrow as pa

    reference = Profile.of(pa.table({"x": [0.0]}))
    far = Profile.of(pa.table({"x": [value] * 1000}), reference=reference).columns["x"]
    assert isinstance(far, NumberSummary)
    return far


_NORMAL, _FAR, _TAIL = numbers("normal"), _far(50.0), _far(4.0)
CHANGES: dict[str, tuple[Summary, Callable[[float], Summary], float]] = {
    "a normal column shifts by 0.15 sd": (population(0), _shifted(0), 0),
    "a lognormal column shifts by 0.15 sd of its logarithm": (population(1), _shifted(1), 0),
    "a count (mean 2) shifts by 0.15 sd": (population(3), _shifted(3), 0),
    "zeros become fewer: shift by 0.15 sd": (population(5), _shifted(5), 0),
    "a heavy-tailed column: 10 % of the rows move outwards": (population(2), _spread, 0),
    "2 % more values are missing": (_NORMAL, lambda times: _NORMAL, 0.02),
    "1.2 % of the values lie in the far tail": (
        _NORMAL,
        lambda times: _mixed(0.012 * times, _TAIL),
        0,
    ),
    "0.8 % of the values lie beyond the range": (
        _NORMAL,
        lambda times: _mixed(0.008 * times, _FAR),
        0,
    ),
    "1.5 % of the values are a new level": (levels(20), _new_level, 0),
    "a level of five gains 5 % of the rows": (levels(5), _share(5, 0.05), 0),
    "a level of 100 gains 5 % of the rows": (levels(100), _share(100, 0.05), 0),
    "1,000 levels: 10 % of the rows in reverse order": (levels(1_000), _reordered, 0),
}
"""Column before, column after a change of so many times its size, and missing values more."""


def detected(name: str, times: float, rows: int, windows: int) -> float:
    """Share of windows in which a change of so many times its size is found."""
    before, after, missing = CHANGES[name]
    draw = np.random.default_rng(len(name))
    reference = Profile(
        rows=REFERENCE_ROWS, columns={"x": drawn(before, REFERENCE_ROWS, draw, 0.01)}
    )
    changed = after(times)
    found = 0
    for _ in range(windows):
        column = drawn(changed, rows, draw, 0.01 + missing * times)
        found += bool(compare(reference, Profile(rows=rows, columns={"x": column}), CONFIG).drifted)
    return found / windows
