"""The rows of a run as its splits: one table, and which of its rows are in which split."""

from collections.abc import Mapping
from dataclasses import dataclass
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
    """

    sizes: Mapping[str, int]
    outside: int = 0

    def span(self, name: str) -> slice:
        """Rows of a split."""
        start = 0
        for split, size in self.sizes.items():
            if split == name:
                return slice(start, start + size)
            start += size
        raise KeyError(name)

    @classmethod
    def joined(cls, splits: "Mapping[str, pa.Table]", source_rows: int) -> "tuple[pa.Table, Parts]":
        """One table out of the splits, without copying them.

        Args:
            splits: table by name, all of one schema.
            source_rows: rows of the source they were taken from.
        """
        import pyarrow as pa

        table = pa.concat_tables(list(splits.values()))
        sizes = {name: split.num_rows for name, split in splits.items()}
        return table, cls(sizes=sizes, outside=max(0, source_rows - table.num_rows))
