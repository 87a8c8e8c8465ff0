"""CSV files: UTF-8 text with a header, plain or gzipped.

Types are inferred from the first block of the first file. Where a later value shows that a type was
too narrow (1.5 below whole numbers, a value below an empty block), all rows are surveyed once and
read again with the wider type; a text in a column of numbers is an error that names it, and
`data.columns.<name>.type` says what was meant. An empty field is a missing value.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.columns import (
    columns_of,
    refuse_other_names,
    refuse_repeated,
    refuse_too_many,
)
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.files import File
from trimaran_runtime.data.readers.arrow_files import (
    partition_types,
    refuse_empty,
    told,
    with_partition,
)
from trimaran_runtime.data.readers.csv_dialect import HEAD_BYTES, Dialect, dialect_of
from trimaran_runtime.data.readers.csv_survey import declared_types, survey
from trimaran_runtime.data.readers.inflate import Inflated
from trimaran_runtime.data.rows import Chunk, Retyped, Rows, chunks_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 4 << 20
"""Bytes that are parsed at a time; types are inferred from the first so many."""
_CONVERSION = re.compile(
    r"In CSV column #(\d+): (?:Row #(\d+): )?CSV conversion error to ([^:]+): "
    r"(?:invalid value '(.*)'|(invalid UTF8 data))",
    re.DOTALL,
)
_FIELDS = re.compile(r"CSV parse error: (?:Row #(\d+): )?Expected (\d+) columns, got (\d+)")
_STRADDLING = "straddl"


@dataclass(frozen=True, slots=True)
class _Csv:
    """One file and how it is written."""

    file: File
    dialect: Dialect

    @contextmanager
    def stream(self) -> Iterator[Any]:
        with open_text(self.file) as stream:
            yield stream

    def reader(self, stream: Any, types: Mapping[str, Any], *, threads: bool = True) -> Any:
        """A streaming reader; with `types`, the others are inferred."""
        from pyarrow import csv

        return csv.open_csv(
            stream,
            read_options=csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=threads),
            parse_options=csv.ParseOptions(
                delimiter=self.dialect.delimiter, newlines_in_values=True
            ),
            convert_options=csv.ConvertOptions(column_types=dict(types)),
        )


def open_files(files: Sequence[File], config: DataConfig) -> Rows:
    """Open CSV files of the same columns.

    Raises:
        DataError: one is empty, not UTF-8, cut off, or has rows of different lengths.
    """
    read = _same_columns(files, config)
    declared = declared_types(config, read[0].dialect.names)
    return _rows(read, _inferred(read[0], declared), declared, surveyed=False)


def open_texts(files: Sequence[File], config: DataConfig) -> Rows:
    """Open CSV files of the same columns, every field as the text it is; an empty one is missing.

    Nothing is inferred, so nothing is misread and nothing has to be read twice.

    Raises:
        DataError: see `open_files`.
    """
    import pyarrow as pa

    read = _same_columns(files, config)
    types = dict.fromkeys(read[0].dialect.names, pa.string())
    return _rows(read, types, types, surveyed=True)


@contextmanager
def open_text(file: File) -> Iterator[Any]:
    """The text of a file, inflated where its name ends in `.gz`."""
    with told(file):
        stream = file.open()
    if file.name.lower().endswith(".gz"):
        stream = Inflated(stream, file.name, file.size_bytes)
    try:
        yield stream
    finally:
        stream.close()


def _same_columns(files: Sequence[File], config: DataConfig) -> "list[_Csv]":
    refuse_empty(files)
    read = [_open(file, config) for file in files]
    for each in read:
        names = list(each.dialect.names)
        refuse_repeated(names, each.file.name)
        refuse_too_many(len(names), each.file.name)
        refuse_other_names(names, list(read[0].dialect.names), each.file.name, files[0].name)
    return read


def _open(file: File, config: DataConfig) -> _Csv:
    with open_text(file) as stream, told(file):
        head = bytes(stream.read(HEAD_BYTES))
    return _Csv(file, dialect_of(head, file.name, config.delimiter))


def _inferred(one: _Csv, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Arrow type by column, from the first block; null: it is empty there."""
    import pyarrow as pa

    try:
        with one.stream() as stream, _located(one, declared):
            schema = one.reader(stream, declared).schema
    except _TooNarrow as exc:
        raise exc.told from exc
    found = {}
    for field in schema:
        if pa.types.is_binary(field.type):
            _refuse_encoding(one, field.name)
        found[field.name] = field.type
    return found


def _rows(
    read: Sequence[_Csv], types: dict[str, Any], declared: Mapping[str, Any], *, surveyed: bool
) -> Rows:
    import pyarrow as pa

    files = [each.file for each in read]
    partitions = partition_types(files)
    schema = pa.schema(list(types.items()))
    complete = with_partition(schema.empty_table(), files[0], partitions).schema

    def chunks() -> Iterator[Chunk]:
        for each in read:
            try:
                for chunk in _chunks(each, types):
                    table = with_partition(_missing(chunk.table), each.file, partitions)
                    yield Chunk(table=table, origin=chunk.origin, first_row=chunk.first_row)
            except _TooNarrow as exc:
                if surveyed or exc.column in declared:
                    raise exc.told from exc
                found = survey([(x.file.name, _texts(x)) for x in read], types, declared)
                raise Retyped(_rows(read, found, declared, surveyed=True)) from exc

    return Rows(types=columns_of([(files[0].name, complete)]), chunks=chunks)


def _chunks(one: _Csv, types: Mapping[str, Any]) -> Iterator[Chunk]:
    with one.stream() as stream, _located(one, types):
        yield from chunks_of(_tables(one.reader(stream, types)), one.file.name)


def _texts(one: _Csv) -> "Iterator[pa.Table]":
    """All columns as text, for the survey."""
    import pyarrow as pa

    types = dict.fromkeys(one.dialect.names, pa.string())
    with one.stream() as stream, _located(one, types):
        yield from _tables(one.reader(stream, types))


def _tables(reader: Any) -> "Iterator[pa.Table]":
    import pyarrow as pa

    for batch in reader:
        yield pa.Table.from_batches([batch])


def _missing(table: "pa.Table") -> "pa.Table":
    """Empty texts as missing values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            column = table.column(index)
            given = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
            table = table.set_column(index, field.name, given)
    return table


class _TooNarrow(Exception):
    """A value does not fit its column's type; carries the error to raise if that is final."""

    def __init__(self, column: str, told: DataError) -> None:
        super().__init__(str(told))
        self.column, self.told = column, told


@contextmanager
def _located(one: _Csv, types: Mapping[str, Any]) -> Iterator[None]:
    """Tell what Arrow says of a file with row and column.

    With threads it does not know the row: the file is read again without.
    """
    import pyarrow as pa

    with told(one.file):
        try:
            yield
        except pa.ArrowInvalid as exc:
            raise _again(one, types, exc) from exc


def _again(one: _Csv, types: Mapping[str, Any], first: Exception) -> Exception:
    import pyarrow as pa

    message = str(first)
    try:
        with open_text(one.file) as stream:
            for _ in one.reader(stream, types, threads=False):
                pass
    except pa.ArrowInvalid as exc:
        message = str(exc)
    return _explained(one, message)


def _explained(one: _Csv, message: str) -> Exception:
    name = one.file.name
    if found := _FIELDS.search(message):
        row, wanted, given = found.groups()
        return DataError(
            f"{_row(row)} has {given} fields, the header has {wanted}",
            where=name,
            next_step="quote the fields that hold the delimiter, close every quote, or set "
            "data.delimiter",
        )
    if found := _CONVERSION.search(message):
        number, row, kind, value, encoding = found.groups()
        column = one.dialect.names[int(number)]
        if encoding:
            return _not_utf8(one, column, row)
        return _TooNarrow(
            column,
            DataError(
                f"column {column!r}, {_row(row)}: {value[:100]!r} is no {kind}",
                where=name,
                next_step=f"correct the value, or set data.columns.{column}.type: text",
            ),
        )
    if _STRADDLING in message:
        return DataError(
            f"a row is longer than {BLOCK_BYTES >> 20} MiB",
            where=name,
            next_step="look for a quote that is opened and never closed",
        )
    return DataError(
        f"cannot be read: {message.splitlines()[0][:400]}",
        where=name,
        next_step="check that the file is complete and of the kind its name says",
    )


def _refuse_encoding(one: _Csv, column: str) -> None:
    """Raise DataError for a column of bytes that are no UTF-8, with the first such row."""
    import pyarrow as pa

    types = {column: pa.string()}
    with one.stream() as stream, _located(one, types):
        for _ in one.reader(stream, types, threads=False):
            pass


def _not_utf8(one: _Csv, column: str, row: str | None) -> DataError:
    return DataError(
        f"column {column!r}, {_row(row)}: the bytes are no UTF-8",
        where=one.file.name,
        next_step="write the file as UTF-8; it looks like Latin-1 or Windows-1252",
    )


def _row(number: str | None) -> str:
    """Arrow counts the header, we count from the first row of values."""
    return "a row" if number is None else f"row {int(number) - 1:,}"
