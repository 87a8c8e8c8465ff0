"""The normal form of a table: the few types that every step, the server and the monitor share.

A number that was `float32` in a file and `float64` in a request would give two predictions for one
row, so types are made equal once, where the data enter.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

MOST_DECODED_BYTES = 1 << 30
"""Most bytes of text that one column of one chunk may decode to; a few coded bytes can stand for
any number of long texts."""


def normalise(table: "pa.Table", source: str, types: Mapping[str, Any] | None = None) -> "pa.Table":
    """Cast every column to int64, float64, bool, string or a microsecond timestamp.

    NaN becomes null, so that "missing" has one meaning. Timestamps with a zone are turned to UTC
    and lose the zone. Dictionaries are decoded. Metadata (a pandas index, say) is dropped.

    Args:
        table: any table.
        source: what errors name as the place.
        types: type by column, as `columns_of` gives it: as wide as the column's own or wider, and
            its own where no model takes it; None: the type in normal form of each.

    Raises:
        DataError: there are no `types`, and a column holds lists, structs, bytes or another type
            a model cannot take; or text decodes to more than `MOST_DECODED_BYTES`.
    """
    import pyarrow as pa

    if types is None:
        refuse_unmodelled({field.name: field.type for field in table.schema}, source)
    names = list(table.column_names)
    wanted = [None if types is None else types[name] for name in names]
    columns = [
        _column(table.column(index), name, source, wanted[index])
        for index, name in enumerate(names)
    ]
    # `pa.table` would load pandas, to see whether it is given a frame.
    return pa.Table.from_arrays(columns, names=names)


def normal_type(kind: Any) -> Any:
    """Type in normal form of an Arrow type; None when no model takes it."""
    import pyarrow as pa

    return _target(kind.value_type if pa.types.is_dictionary(kind) else kind)


def is_vector(kind: Any) -> bool:
    """Whether values of an Arrow type are lists of numbers, of whatever length and width."""
    import pyarrow as pa

    types = pa.types
    if not (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
        return False
    return bool(types.is_integer(kind.value_type) or types.is_floating(kind.value_type))


def refuse_unmodelled(types: Mapping[str, Any], source: str) -> None:
    """Raise DataError when a column is of a type that no model takes.

    Args:
        types: Arrow type by column.
        source: what the error names as the place.
    """
    for name, kind in types.items():
        if normal_type(kind) is None:
            raise DataError(
                f"column {name!r} is of type {kind}, which no model takes",
                where=source,
                allowed="numbers, booleans, texts, categories, dates and timestamps",
                next_step="convert or drop it",
            )


def _column(column: Any, name: str, source: str, wanted: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    target = wanted or normal_type(column.type)
    if column.type == target and not pa.types.is_floating(target):
        return column
    if pa.types.is_dictionary(column.type):
        _refuse_swollen(column, name, source)
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_floating(kind) and pa.types.is_floating(target):
        # One null of the type: `pa.scalar(None)` would load pandas.
        column = pc.if_else(pc.is_nan(column), pa.nulls(1, kind)[0], column)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        column = column.cast(pa.timestamp(kind.unit, tz="UTC"))
    return column if column.type == target else column.cast(target, safe=False)


def _refuse_swollen(column: Any, name: str, source: str) -> None:
    """Raise DataError when decoding a dictionary would take more memory than a chunk may."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        if not pa.types.is_string(chunk.type.value_type):
            continue
        longest = pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0
        if longest * len(chunk) <= MOST_DECODED_BYTES:
            continue
        lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
        size = pc.sum(lengths.take(chunk.indices)).as_py() or 0
        if size > MOST_DECODED_BYTES:
            raise DataError(
                f"column {name!r} decodes to {size:,} bytes in {len(chunk):,} rows",
                where=source,
                allowed=f"{MOST_DECODED_BYTES:,} bytes",
                next_step="leave the column out, or shorten its texts",
            )


def _target(kind: Any) -> Any:
    import pyarrow as pa

    types = pa.types
    if types.is_uint64(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return pa.float64()
    if types.is_null(kind):
        return pa.float64()
    if types.is_integer(kind):
        return pa.int64()
    if types.is_boolean(kind):
        return pa.bool_()
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pa.string()
    if types.is_date(kind) or types.is_timestamp(kind):
        return pa.timestamp("us")
    return None
