"""The parts that a reference has, of rows that are compared or merged with it."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from trimaran_runtime.drift.row_values import blocks
from trimaran_runtime.drift.source import Source

if TYPE_CHECKING:
    from trimaran_runtime.drift.correlation import NormalScores
    from trimaran_runtime.drift.profile import Profile
    from trimaran_runtime.drift.row_collector import RowCollector


class RowParts:
    """Parts in the making: takes batches, in any order.

    Args:
        reference: whose parts they are to fit; None: there are none.
        threads: at a time; None: as many as there are cores.
    """

    _correlation: "NormalScores | None"
    _sample: "RowCollector | None"

    def __init__(self, reference: "Profile | None", threads: int | None = None) -> None:
        self._threads = threads
        self._correlation = None
        self._sample = None
        if reference is None:
            return
        if reference.correlation is not None:
            from trimaran_runtime.drift.correlation import NormalScores
            from trimaran_runtime.drift.normal_score import NormalScoreTable

            self._scores = NormalScoreTable.of(reference)
            self._correlation = NormalScores.none(self._scores)
        if reference.sample is not None:
            from trimaran_runtime.drift.row_collector import RowCollector

            self._sample = RowCollector.like(reference.sample)

    def add(self, source: Source, names: Collection[str]) -> None:
        """Take in the rows of a batch, and of its columns those with these names."""
        if self._correlation is not None:
            columns = [name for name in self._correlation.columns if name in names]
            found = type(self._correlation).of_source(source, self._scores, columns, self._threads)
            self._correlation = self._correlation.merge(found)
        if self._sample is not None:
            for batch in blocks(source, [n for n in self._sample.columns if n in names]):
                self._sample.add(batch)

    def found(self) -> dict[str, Any]:
        """The parts, by their field in a profile."""
        sample = None if self._sample is None else self._sample.found()
        return {"correlation": self._correlation, "sample": sample}
