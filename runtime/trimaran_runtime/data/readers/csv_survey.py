"""Types of CSV columns, from all rows: run where those that the first block told do not hold."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.config import ColumnType, DataConfig
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def declared_types(config: DataConfig, names: Sequence[str]) -> dict[str, Any]:
    """Arrow type of the columns that the configuration gives a type."""
    import pyarrow as pa

    kinds = {
        ColumnType.number: pa.float64(),
        ColumnType.integer: pa.int64(),
        ColumnType.category: pa.string(),
        ColumnType.text: pa.string(),
        ColumnType.boolean: pa.bool_(),
        ColumnType.timestamp: pa.timestamp("us"),
    }
    return {
        name: kinds[rule.type]
        for name, rule in config.columns.items()
        if rule.type is not None and name in names
    }


def survey(
    files: "Sequence[tuple[str, Iterator[pa.Table]]]",
    types: Mapping[str, Any],
    declared: Mapping[str, Any],
) -> dict[str, Any]:
    """The narrowest type per column that holds all its values.

    A column that the first block told to hold numbers (or times, or truth values) may become
    wider, but not text.

    Args:
        files: name and rows of each file, all columns as text.
        types: what the first block told.
        declared: what the user said; not changed.

    Raises:
        DataError: a value does not fit; names file, column, row and value.
    """
    import pyarrow as pa

    found = {name: declared.get(name, kind) for name, kind in types.items()}
    for file, tables in files:
        row = 1
        for table in tables:
            for name, kind in found.items():
                if not pa.types.is_string(kind):
                    found[name] = _widened(table.column(name), kind, (file, name, row))
            row += table.num_rows
    return found


def _widened(column: Any, kind: Any, place: tuple[str, str, int]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.utf8_trim_whitespace(column).combine_chunks()
    empty = pc.is_in(texts, pa.array(["", *_nulls()]))
    texts = pc.if_else(empty, pa.scalar(None, pa.string()), texts)
    if texts.null_count == len(texts):
        return kind
    for wider in _chain(kind):
        if _fits(texts, wider):
            return wider
    raise _refused(column, texts, kind, place)


def _chain(kind: Any) -> list[Any]:
    """Types from narrow to wide, from one on."""
    import pyarrow as pa

    zoned = pa.timestamp("us", tz="UTC")
    if pa.types.is_null(kind):
        return [pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("us"), zoned, pa.string()]
    if pa.types.is_integer(kind):
        return [pa.int64(), pa.float64()]
    if pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None):
        return [pa.timestamp("us")]
    return [kind]


def _fits(texts: Any, kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        import pyarrow.compute as pc

        known = pa.array(["true", "false", "True", "False", "TRUE", "FALSE"])
        return bool(pc.all(pc.or_kleene(pc.is_in(texts, known), pc.is_null(texts))).as_py())
    try:
        texts.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _refused(column: Any, texts: Any, kind: Any, place: tuple[str, str, int]) -> DataError:
    """The error for the first value that does not fit, found by halving."""
    file, name, first = place
    wide = _chain(kind)[-1]
    low, high = 0, len(texts)
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(texts.slice(low, middle - low), wide):
            low = middle
        else:
            high = middle
    return DataError(
        f"column {name!r}, row {first + low:,}: {column[low].as_py()[:100]!r} is no {kind}, "
        "as the values before it are",
        where=file,
        next_step=f"correct the value, or set data.columns.{name}.type: text",
    )


def _nulls() -> list[str]:
    from pyarrow import csv

    return list(csv.ConvertOptions().null_values)
