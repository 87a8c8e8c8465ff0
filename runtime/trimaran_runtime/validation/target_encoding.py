"""Leaks by target encoding: a number per level that is the target's mean over all rows.

The mean of a level over all rows holds the labels of the test rows, and each row's own label. Means
over the training rows alone, or over earlier rows, do not, and are left in peace.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.validation.columns import Columns, Floats
from trimaran_runtime.validation.config import ValidationConfig
from trimaran_runtime.validation.finding import Finding
from trimaran_runtime.validation.leakage import Labels, leak
from trimaran_runtime.validation.parts import Parts

FEWEST_LEVELS = 5
"""With fewer levels, a mean may be met by chance."""
MATCHED = 0.99
"""Share of the rows that the means must meet."""
_EXACT = 1e-6
"""How close, as a share of the column's spread."""
_FEWEST_PAIRS = 30
_CLOSE = 0.05
"""Most of a column's variance that may lie within levels: leave-one-out means vary a little."""


def encoded_on_all_rows(
    columns: Columns,
    features: list[str],
    labels: Labels,
    parts: Parts | None,
    config: ValidationConfig,
) -> list[Finding]:
    """Numbers that are the target's mean by level over all rows; of more classes, one's share.

    The mean may be plain, smoothed, or without the row itself. Levels are those of any text or
    boolean column of the table, or of the number itself, where the column they came from is gone.
    """
    rows = np.flatnonzero(labels.known)
    targets = _targets(labels, rows) if len(rows) else []
    numbers = [
        name
        for name in features
        if columns.is_number(name) and any(_is_within(columns, name, told) for told in targets)
    ]
    if not numbers:
        return []
    grouping = [n for n in columns.table.column_names if _can_group(columns, n)]

    def judged(name: str) -> Finding | None:
        for group in [*grouping, name]:
            if group == name and not columns.has_few_levels(name):
                continue
            evidence = _evidence(columns, name, group, rows, targets, parts)
            if evidence:
                return leak(name, config, evidence, "target-encoding")
        return None

    return [found for found in columns.each(numbers, judged) if found is not None]


@dataclass(frozen=True, slots=True)
class _Target:
    """What a column may hold the means of: a word for it, and its value at each labelled row."""

    word: str
    values: Floats


def _targets(labels: Labels, rows: NDArray[np.int64]) -> list[_Target]:
    """The target as numbers; of more than two classes whether a row is of each, and its number."""
    values = labels.values[rows]
    if labels.classes in {0, 2}:
        return [_Target("mean of the target", values.astype(np.float64))]
    found = [
        _Target("share of one class of the target", (values == label).astype(np.float64))
        for label in range(labels.classes)
    ]
    if labels.numbers is not None:
        found.append(_Target("mean of the target", labels.numbers[rows]))
    return found


def _is_within(columns: Columns, name: str, target: _Target) -> bool:
    """Whether all values could be means of the target, and vary."""
    least, most = columns.extremes(name)
    if least is None or least == most:
        return False
    low, high = float(target.values.min()), float(target.values.max())
    room = _EXACT * max(high - low, 1e-300)
    return bool(low - room <= least and most <= high + room)


def _can_group(columns: Columns, name: str) -> bool:
    import pyarrow as pa

    if columns.is_text(name):
        return columns.has_few_levels(name)
    return bool(pa.types.is_boolean(columns[name].type))


def _evidence(
    columns: Columns,
    name: str,
    group: str,
    rows: NDArray[np.int64],
    targets: Sequence[_Target],
    parts: Parts | None,
) -> str:
    """What shows that a number encodes the target by a group's levels; empty: nothing."""
    codes = columns.encoded(group).codes
    if not _hardly_varies(columns, name, codes):
        return ""
    codes, values = codes[rows], columns.numbers(name)[rows]
    levels = len(np.unique(codes))
    if levels < FEWEST_LEVELS or len(np.unique(values[~np.isnan(values)])) < FEWEST_LEVELS:
        return ""
    by = "its own levels" if group == name else group
    for target in targets:
        met = _met_everywhere(codes, values, target.values, rows, parts)
        if met is not None and _is_within(columns, name, target):
            return (
                f"is the {target.word} by {by}, taken over all rows, the test rows included "
                f"({levels} levels, {met:.1%} of the rows met)"
            )
    return ""


def _met_everywhere(
    codes: NDArray[np.int32],
    values: Floats,
    target: Floats,
    rows: NDArray[np.int64],
    parts: Parts | None,
) -> float | None:
    """Share of the rows met by means over all of them; None: too few, or the training rows' do."""
    everywhere = _matched(codes, values, target, np.ones(len(rows), dtype=bool))
    if everywhere < MATCHED:
        return None
    if parts is not None:
        span = parts.span("train")
        is_train = (rows >= span.start) & (rows < span.stop)
        if _matched(codes, values, target, is_train) >= MATCHED:
            return None
    return everywhere


def _hardly_varies(columns: Columns, name: str, codes: NDArray[np.int32]) -> bool:
    """Whether a number is almost a function of the codes, seen on pairs of rows of one level."""
    rows = columns.sample
    values, levels = columns.numbers(name, rows), codes[rows]
    order = np.argsort(levels, kind="stable")
    values, levels = values[order], levels[order]
    same = (levels[1:] == levels[:-1]) & ~np.isnan(values[1:]) & ~np.isnan(values[:-1])
    if same.sum() < _FEWEST_PAIRS:
        return columns.rows > len(rows)  # too few of a level in the sample: look at all
    within = float(np.mean(np.diff(values)[same] ** 2)) / 2
    return within <= _CLOSE * float(np.nanvar(values))


def _matched(
    codes: NDArray[np.int32], values: Floats, target: Floats, counted: NDArray[np.bool_]
) -> float:
    """Share of the rows whose value is the mean of their level, over the rows that are counted.

    Smoothing draws a mean to a prior: x = (s + a p) / (n + a), of n rows with the sum s. So
    x n - s = a p - a x: a line in x, which least squares find; a is 0 without smoothing.
    """
    size = int(codes.max()) + 1
    sums = np.bincount(codes[counted], target[counted], size)[codes]
    counts = np.bincount(codes[counted], minlength=size)[codes].astype(np.float64)
    spread = float(np.nanmax(values) - np.nanmin(values))
    rows = ~np.isnan(values) & (counts > 0)
    x, s, n, y = values[rows], sums[rows], counts[rows], target[rows]
    if len(x) < FEWEST_LEVELS:
        return 0.0
    best = 0.0
    slope, level = np.linalg.lstsq(np.c_[-x, np.ones(len(x))], x * n - s, rcond=None)[0]
    for weight, prior in ((0.0, 0.0), (max(float(slope), 0.0), float(level))):
        means = (s + prior) / (n + weight)
        best = max(best, float(np.mean(np.abs(means - x) <= _EXACT * spread)))
    several = n > 1
    if several.any():
        others = (s - y)[several] / (n - 1)[several]
        close = np.abs(others - x[several]) <= _EXACT * spread
        best = max(best, float(close.sum() / len(x)))
    return best
