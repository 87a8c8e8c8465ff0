"""What the readers of typed files (Parquet, Arrow) share: schemas first, then rows."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.columns import columns_of
from trimaran_runtime.data.files import File
from trimaran_runtime.data.rows import Chunk, Rows, Selection, chunks_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_WHOLE = 18
"""Most digits of a partition's value that is surely an int64."""


@contextmanager
def told(file: File) -> Iterator[None]:
    """Tell what Arrow and the system say of a file as our own error, with the file's name."""
    import pyarrow as pa

    try:
        yield
    except PermissionError as exc:
        raise DataError(
            "may not be read: permission denied",
            where=file.name,
            next_step="give the account that runs the steps the right to read it",
        ) from exc
    except (pa.ArrowException, OSError, MemoryError, EOFError) as exc:
        raise DataError(
            f"cannot be read: {first_line(exc)}",
            where=file.name,
            next_step="check that the file is complete and of the kind its name says",
        ) from exc


def refuse_empty(files: Sequence[File]) -> None:
    """Raise DataError for a file of no bytes."""
    for file in files:
        if file.size_bytes == 0:
            raise DataError("is empty (0 bytes)", where=file.name, next_step="write it again")


def open_typed(
    files: Sequence[File],
    schema_of: "Callable[[File], pa.Schema]",
    tables_of: "Callable[[File, Collection[str] | None], Iterator[pa.Table]]",
    selection: Selection | None = None,
) -> Rows:
    """Open files that know their types.

    Args:
        files: of one kind.
        schema_of: reads a file's schema.
        tables_of: reads a file's rows, all columns (None) or at least those of the names that it
            has.
        selection: what is read; None: every column, in normal form.

    Raises:
        DataError: files differ in a column that is read, or one lacks a column that is carried.
    """
    refuse_empty(files)
    partitions = partition_types(files)
    carried: dict[str, Any] = {}
    selected = None if selection is None else selection.names

    def schemas() -> "Iterator[tuple[str, pa.Schema]]":
        for file in files:
            with told(file):
                schema = schema_of(file)
            schema = _with_partition_fields(schema, file, partitions)
            if selection is not None:
                _carry(carried, schema, selection, file)
                schema = _selected(schema, selection)
            yield file.name, schema

    def chunks(names: Collection[str] | None = selected) -> Iterator[Chunk]:
        for file in files:
            yield from _chunks(file, lambda one: tables_of(one, names), partitions)

    return Rows(types=columns_of(schemas()), chunks=chunks, some_chunks=chunks, carried=carried)


def _selected(schema: "pa.Schema", selection: Selection) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([field for field in schema if field.name in selection.typed])


def _carry(carried: dict[str, Any], schema: "pa.Schema", selection: Selection, file: File) -> None:
    """Note the types of carried columns; raises DataError where the file has not one of each."""
    for name in sorted(selection.carried):
        found = schema.get_all_field_indices(name)
        if len(found) != 1:
            raise DataError(
                f"has no column {name!r}" if not found else f"has {len(found)} columns {name!r}",
                where=file.name,
                allowed=", ".join(schema.names[:50]),
            )
        carried.setdefault(name, schema.field(found[0]).type)


def _chunks(
    file: File, tables_of: "Callable[[File], Iterator[pa.Table]]", partitions: dict[str, Any]
) -> Iterator[Chunk]:
    chunks = chunks_of(tables_of(file), file.name)
    while True:
        with told(file):
            chunk = next(chunks, None)
        if chunk is None:
            return
        table = with_partition(chunk.table, file, partitions)
        yield Chunk(table=table, origin=chunk.origin, first_row=chunk.first_row)


def partition_types(files: Sequence[File]) -> dict[str, Any]:
    """Type by partition column: int64 where all values are whole numbers, else string."""
    import pyarrow as pa

    found: dict[str, Any] = {}
    for file in files:
        for name, value in file.partition.items():
            text = (value or "0").removeprefix("-")
            whole = text.isascii() and text.isdigit() and len(text) <= _WHOLE
            kind = found.setdefault(name, pa.int64())
            found[name] = kind if whole else pa.string()
    return found


def _with_partition_fields(schema: "pa.Schema", file: File, types: dict[str, Any]) -> "pa.Schema":
    """The schema as `with_partition` makes a table's; an empty table would load pandas."""
    import pyarrow as pa

    for name in file.partition:
        if name not in schema.names:
            schema = schema.append(pa.field(name, types[name]))
    return schema


def with_partition(table: "pa.Table", file: File, types: dict[str, Any]) -> "pa.Table":
    """Add the columns that the file's folders give; the file's own of that name stay."""
    import pyarrow as pa

    for name, value in file.partition.items():
        if name in table.column_names:
            continue
        kind = types[name]
        given = int(value) if value is not None and pa.types.is_integer(kind) else value
        column = pa.repeat(pa.scalar(given, kind), table.num_rows)
        table = table.append_column(name, column)
    return table


def first_line(exc: BaseException) -> str:
    """First line of an error's own message, at most 400 characters."""
    lines = str(exc).splitlines()
    return (lines[0] if lines else type(exc).__name__)[:400]
