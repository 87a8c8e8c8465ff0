"""Arrow columns to summaries: one pass, in blocks, without a second copy of the column."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.key import HIGHEST, KEYS, LOWEST, histogram
from trimaran_runtime.drift.number import exact
from trimaran_runtime.drift.summary import EmptySummary, LevelSummary, NumberSummary, Summary
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK_ROWS = 65_536
_CENTRE_ROWS = 65_536
Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int64]


def summarise(name: str, column: "pa.ChunkedArray", centre: float | None) -> Summary:
    """Summary of one column.

    Args:
        name: column name, for messages.
        column: the values.
        centre: what to subtract from numbers; None: the lower median of up to 65,536 evenly
            spaced rows.

    Raises:
        DataError: the column's type is neither a number, a time nor a level.
    """
    import pyarrow as pa
    import pyarrow.types as is_a

    kind = column.type
    if is_a.is_null(kind):
        return EmptySummary(missing=len(column))
    if is_a.is_dictionary(kind):
        return _dictionary(column)
    if is_a.is_boolean(kind) or is_a.is_string(kind) or is_a.is_large_string(kind):
        return _levels(column)
    if is_a.is_string_view(kind):
        return _levels(column.cast(pa.large_string()))
    if is_a.is_timestamp(kind) or is_a.is_date(kind):
        # Nanoseconds are cut off, not refused; a zone only changes how an instant is printed.
        moments = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        return _numbers(moments, centre, timestamp=True)
    if is_a.is_time(kind) or is_a.is_duration(kind):
        width = pa.int32() if kind.bit_width == 32 else pa.int64()
        return _numbers(column.cast(width).cast(pa.int64()), centre)
    if is_a.is_integer(kind) and kind != pa.uint64():
        return _numbers(column.cast(pa.int64()), centre)
    if is_a.is_floating(kind) or is_a.is_decimal(kind) or is_a.is_integer(kind):
        return _numbers(column.cast(pa.float64(), safe=False), centre)
    raise DataError(
        f"a column of type {kind} cannot be profiled",
        where=f"column {name}",
        allowed="numbers, times, booleans, categories, text",
        next_step="exclude the column, or turn it into one of these",
    )


def text_of(value: Any) -> str:
    """How a level is written, the same whether it came from Arrow, pandas or JSON."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _levels(column: "pa.ChunkedArray") -> LevelSummary:
    import pyarrow.compute as pc

    counted = pc.value_counts(column.drop_null())
    values, rows = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    levels = {text_of(value): count for value, count in zip(values, rows, strict=True)}
    return LevelSummary.count(levels, column.null_count)


def _dictionary(column: "pa.ChunkedArray") -> LevelSummary:
    levels: dict[str, int] = {}
    present = 0
    for chunk in column.chunks:
        names = chunk.dictionary.to_pylist()
        codes = chunk.indices.drop_null().to_numpy(zero_copy_only=False)
        for name, rows in zip(names, np.bincount(codes, minlength=len(names)), strict=True):
            # A level without rows is a leftover of the dictionary; a null one is a missing value.
            if rows and name is not None:
                levels[text_of(name)] = levels.get(text_of(name), 0) + int(rows)
                present += int(rows)
    return LevelSummary.count(levels, len(column) - present)


def _numbers(
    column: "pa.ChunkedArray", centre: float | None, *, timestamp: bool = False
) -> NumberSummary:
    if centre is None:
        centre = _centre(column)
    whole = np.zeros(KEYS, np.int64)
    missing, above, below, zeros = column.null_count, 0, 0, 0
    lowest: list[float] = []
    highest: list[float] = []
    for values in _blocks(column):
        counts = histogram(_distance(values, centre))
        seen = int(counts[LOWEST : HIGHEST + 1].sum())
        missing += len(values) - seen
        if counts[LOWEST] or counts[HIGHEST]:
            up, down = int(np.isposinf(values).sum()), int(np.isneginf(values).sum())
            counts[HIGHEST] -= up
            counts[LOWEST] -= down
            above, below = above + up, below + down
            values = values[np.isfinite(values)]
        elif seen != len(values):
            values = values[~np.isnan(values)]
        whole += counts
        zeros += len(values) - int(np.count_nonzero(values))
        if len(values):
            lowest.append(values.min().item())
            highest.append(values.max().item())
    whole[:LOWEST] = whole[HIGHEST + 1 :] = 0  # NaN, counted as missing
    keys = np.flatnonzero(whole)
    return NumberSummary(
        kind="timestamp" if timestamp else "number",
        centre=centre,
        missing=missing,
        above=above,
        below=below,
        zeros=zeros,
        minimum=exact(min(lowest, default=None)),
        maximum=exact(max(highest, default=None)),
        keys=keys.astype(np.uint16),
        counts=whole[keys],
    )


def _blocks(column: "pa.ChunkedArray") -> "list[Numbers]":
    blocks = []
    for chunk in column.chunks:
        for start in range(0, len(chunk), _BLOCK_ROWS):
            block = chunk.slice(start, _BLOCK_ROWS)
            if block.null_count:
                block = block.drop_null()
            if len(block):
                blocks.append(block.to_numpy(zero_copy_only=False))
    return blocks


def _distance(values: Numbers, centre: float) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):
        if values.dtype != np.int64 or not centre.is_integer() or abs(centre) >= 2.0**63:
            return (values - centre).astype(np.float32)
        # Whole numbers are subtracted exactly: float64 would blur ids and nanosecond times.
        exact = values.astype(np.int64, copy=False)
        distance = exact - np.int64(centre)
        wrapped = ((exact ^ np.int64(centre)) & (exact ^ distance)) < 0
        result = distance.astype(np.float32)
        if wrapped.any():
            result[wrapped] = (values[wrapped].astype(np.float64) - centre).astype(np.float32)
        return result


def _centre(column: "pa.ChunkedArray") -> float:
    """Lower median of evenly spaced rows: a value that occurs, so an atom there stays exact."""
    step = max(1, len(column) // _CENTRE_ROWS)
    rows = np.arange(0, len(column), step)
    if not len(rows):
        return 0.0
    values = column.take(rows).drop_null().to_numpy()
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0
    middle = (len(values) - 1) // 2
    return float(np.partition(values, middle)[middle]) + 0.0
