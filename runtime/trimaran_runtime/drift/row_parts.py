"""The parts that a reference has, of rows that are compared or merged with it."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from trimaran_runtime.drift.row_values import blocks
from trimaran_runtime.drift.source import Source

if TYPE_CHECKING:
    from trimaran_runtime.drift.profile import Profile


class RowParts:
    """Parts in the making: takes batches, in any order.

    Args:
        reference: whose parts they are to fit; None: there are none.
    """

    def __init__(self, reference: "Profile | None") -> None:
        self._correlation: Any = None
        self._sample: Any = None
        if reference is None:
            return
        if reference.correlation is not None:
            from trimaran_runtime.drift.correlation import ScoreSums
            from trimaran_runtime.drift.normal_score import ScoreTable

            self._correlation = ScoreSums(ScoreTable.of(reference))
        if reference.sample is not None:
            from trimaran_runtime.drift.row_collector import RowCollector

            self._sample = RowCollector.like(reference.sample)

    def add(self, source: Source, names: Collection[str]) -> None:
        """Take in the rows of a batch, and of its columns those with these names."""
        for part in (self._correlation, self._sample):
            if part is not None:
                for batch in blocks(source, [n for n in part.columns if n in names]):
                    part.add(batch)

    def found(self) -> dict[str, Any]:
        """The parts, by their field in a profile."""
        parts = {"correlation": self._correlation, "sample": self._sample}
        return {name: part.found() for name, part in parts.items() if part is not None}
