"""The rows of a run as its splits: one table, and which of its rows are in which split."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SPLITS = ("train", "validation", "test")
"""Names of the splits, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where each split lies in a table that holds them one after the other.

    Attributes:
        sizes: rows by split, in the order of the table.
        outside: rows of the source that are in no split, and so not in the table.
        by: what the rows were split by; empty: unknown.
        dropped: rows that were left out of the splits, by reason: `gap`, `group`.
    """

    sizes: Mapping[str, int]
    outside: int = 0
    by: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def left_out(self) -> str:
        """Why rows are in no split, in words, e.g. `4 by gap`; empty: none is."""
        return ", ".join(f"{count:,} by {why}" for why, count in self.dropped.items() if count)

    def span(self, name: str) -> slice:
        """Rows of a split."""
        start = 0
        for split, size in self.sizes.items():
            if split == name:
                return slice(start, start + size)
            start += size
        raise KeyError(name)

    @classmethod
    def joined(
        cls,
        splits: "Mapping[str, pa.Table]",
        source_rows: int,
        *,
        by: str = "",
        dropped: Mapping[str, int] | None = None,
    ) -> "tuple[pa.Table, Parts]":
        """One table out of the splits, without copying them.

        Args:
            splits: table by name, all of one schema.
            source_rows: rows of the source they were taken from.
            by: what they were split by.
            dropped: rows left out, by reason.
        """
        import pyarrow as pa

        table = pa.concat_tables(list(splits.values()))
        sizes = {name: split.num_rows for name, split in splits.items()}
        outside = max(0, source_rows - table.num_rows)
        return table, cls(sizes=sizes, outside=outside, by=by, dropped=dropped or {})
