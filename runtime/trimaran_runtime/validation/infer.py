"""Infers the lock of a table: what it looks like now."""

import math
from typing import Any

import numpy as np

from trimaran_runtime.data.config import ColumnType, DataConfig
from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.identity import FEWEST_ROWS
from trimaran_runtime.validation.lock import ColumnLock, RowCountLock, TableLock, TimeLock

MOST_CATEGORIES = 50
"""Texts with more levels, or with a level on every few rows, have their levels not listed."""
_ROWS_PER_LEVEL = 20
_DIGITS = 6
"""Significant digits that are kept: a lock is read by people."""


def inferred(columns: Columns, data: DataConfig) -> TableLock:
    """The lock of a table in normal form.

    Rows: half to ten times as many. Missing values: none where there are none, else twice the share
    and 5 points. Ranges as seen; `slack` widens them when they are enforced. Unique: integers and
    texts of which each of at least 100 rows has another, and `data.id`.
    """
    return TableLock(
        rows=RowCountLock(minimum=columns.rows // 2, maximum=columns.rows * 10),
        time=_time(columns, data),
        columns=tuple(_column(columns, name, data) for name in columns.table.column_names),
    )


def type_of(columns: Columns, name: str) -> ColumnType:
    """Logical type of a column; a text is a category where its levels are few."""
    import pyarrow as pa

    kind = columns[name].type
    if pa.types.is_boolean(kind):
        return ColumnType.boolean
    if pa.types.is_integer(kind):
        return ColumnType.integer
    if pa.types.is_floating(kind):
        return ColumnType.number
    if pa.types.is_timestamp(kind):
        return ColumnType.timestamp
    return ColumnType.category if columns.has_few_levels(name) else ColumnType.text


def shares(columns: Columns, name: str) -> dict[str, float]:
    """Share of the present rows by level, the most frequent first; levels as text."""
    encoded = columns.encoded(name)
    counts = np.bincount(encoded.codes, minlength=len(encoded.levels) + 1)[:-1]
    names = _as_text(encoded.levels)
    order = sorted(range(len(names)), key=lambda place: (-counts[place], names[place]))
    total = max(1, int(counts.sum()))
    return {names[place]: float(counts[place] / total) for place in order}


def magnitude(values: np.ndarray) -> float | None:
    """Median of the absolute values other than zero; None: there is none."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return float(np.median(sizes)) if len(sizes) else None


def percentiles(values: np.ndarray) -> tuple[float, float, float] | None:
    """5th, 50th and 95th percentile of the finite values; None: there is none."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    low, middle, high = np.quantile(finite, (0.05, 0.5, 0.95))
    return float(low), float(middle), float(high)


def _column(columns: Columns, name: str, data: DataConfig) -> ColumnLock:
    column = columns[name]
    nullable = column.null_count > 0
    share = column.null_count / max(1, columns.rows)
    kind = type_of(columns, name)
    fields: dict[str, Any] = {"name": name, "type": kind, "nullable": nullable}
    if nullable:
        fields["max_missing"] = round(min(1.0, 2 * share + 0.05), 3)
    if _is_unique(columns, name, kind, data):
        fields["unique"] = True
    elif columns.is_number(name) and name != data.time:
        fields |= _numbers(columns, name)
    elif kind is ColumnType.category:
        fields |= _categories(columns, name)
    return ColumnLock(**fields)


def _is_unique(columns: Columns, name: str, kind: ColumnType, data: DataConfig) -> bool:
    import pyarrow.compute as pc

    column = columns[name]
    can_be = kind in {ColumnType.integer, ColumnType.text} and len(column) >= FEWEST_ROWS
    # A missing value counts for none, so a column with some has fewer than rows.
    if not (can_be or name == data.id):
        return False
    return bool(pc.count_distinct(column).as_py() == len(column))


def _numbers(columns: Columns, name: str) -> dict[str, Any]:
    values = columns.numbers(name)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return {}
    least, most = float(finite.min()), float(finite.max())
    typical = percentiles(values)
    size = magnitude(values)
    return {
        "minimum": _rounded(least, math.floor),
        "maximum": _rounded(most, math.ceil),
        "typical": None if typical is None else tuple(_rounded(t, round) for t in typical),
        "magnitude": None if size is None else _rounded(size, round),
    }


def _categories(columns: Columns, name: str) -> dict[str, Any]:
    found = shares(columns, name)
    if not found or len(found) > min(MOST_CATEGORIES, columns.rows // _ROWS_PER_LEVEL):
        return {}
    return {"categories": {level: round(share, 4) for level, share in found.items()}}


def _time(columns: Columns, data: DataConfig) -> TimeLock | None:
    if data.time is None or not columns.is_time(data.time):
        return None
    first, last = columns.extremes(data.time)
    if first is None:
        return None
    return TimeLock(earliest=first.isoformat(), newest=last.isoformat())


def _as_text(levels: Any) -> list[str]:
    return [str(level) for level in levels.to_pylist()]


def _rounded(value: float, towards: Any) -> float:
    """A number of few digits, none of the range being cut off."""
    if value == 0 or (value == int(value) and abs(value) < 10**_DIGITS):
        return value
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - _DIGITS + 1)
    return float(f"{towards(value / unit) * unit:.{_DIGITS + 1}g}")
