"""A profile: what drift needs to know of a table, in one pass and a few kilobytes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from trimaran_runtime.drift.summary import NumberSummary, Summary, merge
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """Counts of a table, column by column.

    Profiles made with the same centres add up: the profile of a table is, bit for bit, the merge
    of the profiles of its parts, however it was parted and in whatever order they are merged.

    Attributes:
        rows: rows of the table.
        columns: summary by column name, in order of names.
    """

    rows: int
    columns: Mapping[str, Summary]

    @classmethod
    def of(
        cls,
        table: "pa.Table",
        columns: Iterable[str] | None = None,
        centres: Mapping[str, float] | None = None,
    ) -> Self:
        """Profile an Arrow table.

        Args:
            table: the rows; nulls and NaN are missing values.
            columns: which columns; None: all.
            centres: what to subtract from numeric columns before their histogram is taken, by
                column: `reference.centres` when the result is to be compared or merged (a column
                it does not name gets 0); None: each column's own, which suits a reference.

        Raises:
            DataError: a column is absent, or of a type that cannot be profiled.
        """
        from trimaran_runtime.drift.arrow import summarise

        names = sorted(table.column_names if columns is None else columns)
        if absent := [name for name in names if name not in table.column_names]:
            raise DataError(f"no column {absent[0]!r}", where="profile", allowed=_list(table))
        return cls(
            rows=table.num_rows,
            columns={
                name: summarise(
                    name, table[name], None if centres is None else float(centres.get(name, 0.0))
                )
                for name in names
            },
        )

    @property
    def centres(self) -> dict[str, float]:
        """Centre by numeric column: hand it to `of` for whatever is compared with this."""
        return {
            name: summary.centre
            for name, summary in self.columns.items()
            if isinstance(summary, NumberSummary)
        }

    def merge(self, other: Self) -> Self:
        """Profile of the rows of both.

        Raises:
            DataError: the columns, kinds or centres differ.
        """
        if set(self.columns) != set(other.columns):
            differ = ", ".join(sorted(set(self.columns) ^ set(other.columns)))
            raise DataError(f"profiles of different columns cannot be merged: {differ}")
        columns = {name: merge(self.columns[name], other.columns[name]) for name in self.columns}
        return type(self)(rows=self.rows + other.rows, columns=columns)

    def only(self, columns: Iterable[str]) -> Self:
        """The same rows, with those of the given columns that it has."""
        kept = set(columns)
        chosen = {name: summary for name, summary in self.columns.items() if name in kept}
        return type(self)(rows=self.rows, columns=chosen)

    def to_bytes(self) -> bytes:
        """Compact bytes; equal profiles give equal bytes."""
        from trimaran_runtime.drift.encoding import encode

        return encode(self.rows, self.columns)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read `to_bytes` back; raises Corrupted on anything else, whatever it is."""
        from trimaran_runtime.drift.encoding import decode

        rows, columns = decode(content)
        return cls(rows=rows, columns=columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Profile) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())


def _list(table: "pa.Table") -> str:
    return ", ".join(table.column_names[:20])
