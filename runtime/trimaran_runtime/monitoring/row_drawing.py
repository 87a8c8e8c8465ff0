"""Draws rows of a table that comes in parts, while something else reads it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.row_sample import RowSample

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.drift.row_collector import RowCollector


class RowDrawing:
    """A sample in the making, with kinds and centres of the first part, as a profile has them.

    Args:
        rows: different rows to keep.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._collector: RowCollector | None = None

    def of(self, tables: "Iterator[pa.Table]") -> "Iterator[pa.Table]":
        """The tables, looked at as they pass."""
        from trimaran_runtime.drift.row_collector import RowCollector
        from trimaran_runtime.drift.row_values import blocks
        from trimaran_runtime.drift.source import source_of

        for table in tables:
            if self._collector is None:
                begun = RowSample.of(table.slice(0, 0), Profile.of(table), rows=self._rows)
                self._collector = RowCollector.like(begun)
            for batch in blocks(source_of(table), self._collector.columns):
                self._collector.add(batch)
            yield table

    def found(self) -> RowSample | None:
        """The sample of all that passed; None: nothing did."""
        return None if self._collector is None else self._collector.found()
