"""Rows of a source as they stream: chunk by chunk, each knowing the file and the row it starts at.

Rows are counted from 1 within their file; the line of names at the head of a CSV is not counted.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_ROWS = 65_536
"""Most rows of a chunk: small enough that a column of it stays in a core's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows of one file, one after the other, as the reader found them.

    Attributes:
        table: the rows, in the types of the file.
        origin: the file, or what else gave them, as an error names it.
        first_row: number of the first row within the origin, from 1.
    """

    table: "pa.Table"
    origin: str
    first_row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The columns that are read of a source; what else is in its files is not looked at.

    Attributes:
        typed: columns that have one type in normal form over all files.
        carried: columns that are passed on as the files hold them, of whatever type.
    """

    typed: frozenset[str]
    carried: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """Both together."""
        return self.typed | self.carried


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A source that is opened: its columns are known, its rows are not read yet.

    Attributes:
        types: type in normal form by column, in the order of the first file.
        chunks: reads the rows, from the first one each time it is called; raises DataError
            where they cannot be read, and Retyped.
        carried: type in the first file of the columns that are only passed on.
        some_chunks: reads some columns alone; None: the others have to be read as well.
    """

    types: Mapping[str, Any]
    chunks: Callable[[], Iterator[Chunk]]
    carried: Mapping[str, Any] = field(default_factory=dict)
    some_chunks: Callable[[Collection[str]], Iterator[Chunk]] | None = None

    def only(self, names: Collection[str]) -> "Rows":
        """The same source with some of its columns; names that it lacks are left out."""
        types = {name: kind for name, kind in self.types.items() if name in names}
        if len(types) == len(self.types):
            return self

        def chunks() -> Iterator[Chunk]:
            try:
                for chunk in self.some_chunks(types) if self.some_chunks else self.chunks():
                    # Those of the names that are there: who conforms them tells what is wrong.
                    places = [n for n, name in enumerate(chunk.table.column_names) if name in types]
                    yield replace(chunk, table=chunk.table.select(places))
            except Retyped as again:
                raise Retyped(again.rows.only(names)) from again

        return Rows(types=types, chunks=chunks)


class Retyped(Exception):
    """A later row showed that a column's type is wider than the first rows told: start again.

    Attributes:
        rows: the same source with the right types.
    """

    def __init__(self, rows: Rows) -> None:
        super().__init__("start again")
        self.rows = rows


def chunks_of(tables: "Iterator[pa.Table]", origin: str) -> Iterator[Chunk]:
    """Cut tables into chunks of at most `CHUNK_ROWS` rows, counting the rows of one origin."""
    row = 1
    for table in tables:
        for start in range(0, table.num_rows, CHUNK_ROWS):
            part = table.slice(start, CHUNK_ROWS)
            yield Chunk(table=part, origin=origin, first_row=row)
            row += part.num_rows
