"""The normal form of a table: the few types that every step, the server and the monitor share.

A number that was `float32` in a file and `float64` in a request would give two predictions for one
row, so types are made equal once, where the data enter.
"""

from typing import TYPE_CHECKING, Any

from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def normalise(table: "pa.Table", source: str) -> "pa.Table":
    """Cast every column to int64, float64, bool, string or a microsecond timestamp.

    NaN becomes null, so that "missing" has one meaning. Timestamps with a zone are turned to UTC
    and lose the zone. Dictionaries are decoded. Metadata (a pandas index, say) is dropped.

    Raises:
        DataError: a column holds lists, structs, bytes or another type a model cannot take.
    """
    import pyarrow as pa

    columns = [
        _column(table.column(index), name, source) for index, name in enumerate(table.column_names)
    ]
    return pa.table(columns, names=list(table.column_names))


def _column(column: Any, name: str, source: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = kind.value_type
    target = _target(kind)
    if target is None:
        raise DataError(
            f"column {name!r} is of type {kind}, which no model takes",
            where=source,
            allowed="numbers, booleans, texts, categories, dates and timestamps",
            next_step="convert or drop it",
        )
    if pa.types.is_floating(target) and pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        column = column.cast(pa.timestamp(kind.unit, tz="UTC"))
    return column if column.type == target else column.cast(target, safe=False)


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
