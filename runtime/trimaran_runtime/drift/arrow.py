"""Arrow types: which kind of column each is, and the tally that counts it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.drift.histogram import Engine
from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.summary import EmptySummary, Kind, Summary
from trimaran_runtime.drift.tally import (
    EmptyTally,
    LevelTally,
    NumberTally,
    Tally,
    numbers,
    plain_text,
)
from trimaran_runtime.drift.text import TextSummary, TextTally
from trimaran_runtime.drift.vector import (
    MAX_SIZE,
    VectorSummary,
    VectorTally,
    size_of,
    statistics,
    vectors,
)
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    Indices = np.ndarray[Any, np.dtype[np.intp]]

_LOOK_ROWS = 8192
_TEXT_LOOK_ROWS = 2048
ALLOWED = "numbers, times, booleans, categories, text, vectors of one size"
"""What can be profiled, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What is known of a column before it is counted.

    Attributes:
        name: for messages.
        known: its summary in the reference, which the result has to fit; None: there is none.
        compared: whether there is a reference, be it without this column.
        declared: the kind that was asked for; None: the reference's, or what the values look like.
        engine: what runs the loop over floats.
        sparse: keep as little as possible between arrays.
    """

    name: str
    known: Summary | None = None
    compared: bool = False
    declared: Kind | None = None
    engine: Engine = "numpy"
    sparse: bool = False


def kind_of(type_: "pa.DataType") -> Kind | None:
    """The kind of a column of a type, where text counts as levels; None: it cannot be profiled."""
    import pyarrow as pa
    import pyarrow.types as is_a

    if isinstance(type_, pa.BaseExtensionType):
        type_ = type_.storage_type
    if is_a.is_null(type_):
        return "empty"
    if is_a.is_dictionary(type_):
        flat = is_text(type_.value_type) or is_a.is_primitive(type_.value_type)
        return "level" if flat or is_a.is_decimal(type_.value_type) else None
    if is_a.is_boolean(type_) or is_text(type_):
        return "level"
    if is_a.is_timestamp(type_) or is_a.is_date(type_):
        return "timestamp"
    if is_a.is_list(type_) or is_a.is_large_list(type_) or is_a.is_fixed_size_list(type_):
        child = type_.value_type
        number = is_a.is_integer(child) or is_a.is_floating(child) or is_a.is_decimal(child)
        return "vector" if number else None
    if is_a.is_time(type_) or is_a.is_duration(type_):
        return "number"
    if is_a.is_integer(type_) or is_a.is_floating(type_) or is_a.is_decimal(type_):
        return "number"
    return None


def is_text(type_: "pa.DataType") -> bool:
    """Whether values of a type are strings."""
    import pyarrow.types as is_a

    return bool(is_a.is_string(type_) or is_a.is_large_string(type_) or is_a.is_string_view(type_))


def tally_of(column: Column, values: "pa.ChunkedArray") -> Tally:
    """The tally of a column, made before its first values are counted.

    Args:
        column: what is known of it.
        values: the first of its values, which say what the reference does not.

    Raises:
        DataError: the column's type cannot be profiled, or not as the kind that was declared.
    """
    kind = kind_of(values.type)
    match kind:
        case "empty":
            return EmptyTally()
        case "number" | "timestamp" if column.declared != "level":
            known = column.known if column.known and column.known.kind == kind else None
            centre = known.centre if isinstance(known, NumberSummary) else None
            if centre is None:
                centre = 0.0 if column.compared else _centre(_some_numbers(values, _LOOK_ROWS))
            _permit(column, kind)
            return NumberTally(kind, centre, column.engine, sparse=column.sparse)
        case "vector":
            _permit(column, kind)
            return _vectors(column, values)
        case None:
            raise _unknown(column, values.type)
    _permit(column, "level", "text")
    if column.declared == "text" or (column.declared is None and _is_free_text(column, values)):
        return TextTally()
    return LevelTally()


def _permit(column: Column, *kinds: Kind) -> None:
    if column.declared is not None and column.declared not in kinds:
        raise DataError(
            f"it was declared to be {column.declared}",
            where=f"column {column.name}",
            allowed=" or ".join(kinds),
        )


def _unknown(column: Column, type_: "pa.DataType") -> DataError:
    return DataError(
        f"a column of type {type_} cannot be profiled",
        where=f"column {column.name}",
        allowed=ALLOWED,
        next_step="exclude the column, or turn it into one of these",
    )


def _vectors(column: Column, values: "pa.ChunkedArray") -> Tally:
    known = column.known
    if isinstance(known, VectorSummary):
        return VectorTally(known.size, known.centres)
    look = _some(values, _TEXT_LOOK_ROWS)
    size = size_of(look)
    if size is None:
        if look.null_count == len(look):
            return EmptyTally()
        raise DataError(
            "its lists have no length that most of them share: they are no vectors",
            where=f"column {column.name}",
            allowed=f"1 to {MAX_SIZE:,} numbers in each",
            next_step="leave the column out, or give its lists one length",
        )
    blocks = [np.empty((0, size)), *vectors(look, size)]
    found = zip(*map(statistics, blocks), strict=True)
    return VectorTally(size, [_centre(np.concatenate(one)) for one in found])


def _is_free_text(column: Column, values: "pa.ChunkedArray") -> bool:
    """Whether strings are sentences: nearly all differ, and most have three words or more."""
    import pyarrow as pa

    if isinstance(column.known, (TextSummary, LevelSummary, EmptySummary)) or column.compared:
        return isinstance(column.known, TextSummary)
    if not is_text(values.type):
        return False
    texts = [t for t in _some(values, _TEXT_LOOK_ROWS).cast(pa.large_string()).to_pylist() if t]
    long = sum(len(text.split()) >= 3 for text in texts)
    return len(texts) >= 100 and long * 2 > len(texts) and len(set(texts)) * 10 > len(texts) * 8


def _some_numbers(values: "pa.ChunkedArray", most: int) -> "np.ndarray[Any, Any]":
    """Evenly spaced values of numbers or times."""
    import pyarrow.types as is_a

    if values.null_count or not (is_a.is_integer(values.type) or is_a.is_floating(values.type)):
        return numbers(_some(values, most))
    # Nothing is copied to look at the memory of these.
    pieces = [numbers(chunk)[inside] for chunk, inside in _places(values, most)]
    return np.concatenate(pieces) if pieces else np.empty(0)


def _places(values: "pa.ChunkedArray", most: int) -> "Iterator[tuple[pa.Array, Indices]]":
    """Chunks, and the places in each of evenly spaced values."""
    step = max(1, -(-len(values) // most))
    rows = np.arange(0, len(values), step)
    begin = 0
    for chunk in values.chunks:
        first, last = np.searchsorted(rows, [begin, begin + len(chunk)])
        yield chunk, rows[first:last] - begin
        begin += len(chunk)


def _some(values: "pa.ChunkedArray", most: int) -> "pa.Array":
    """Evenly spaced values, in one array."""
    import pyarrow as pa
    import pyarrow.types as is_a

    pieces = []
    for chunk, inside in _places(values, most):
        if is_a.is_string_view(chunk.type):
            # Views cannot be taken: one row after the other, as text.
            pieces += [plain_text(chunk.slice(row, 1)) for row in inside.tolist()]
        else:
            pieces.append(chunk.take(pa.array(inside)))
    if not pieces:
        return pa.array([], values.type)
    return pa.concat_arrays(pieces) if len(pieces) > 1 else pieces[0]


def _centre(values: "np.ndarray[Any, Any]") -> float:
    """Lower median of the finite ones: a value that occurs, so an atom there stays exact."""
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0
    middle = (len(values) - 1) // 2
    return float(np.partition(values, middle)[middle]) + 0.0
