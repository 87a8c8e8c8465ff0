"""Exact contributions to the answers of a lowered model, in NumPy alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from trimaran_runtime.explain.contributions import Contributions, Floats, Places
from trimaran_runtime.explain.explanation import Method, Scale
from trimaran_runtime.explain.interventional import Interventional
from trimaran_runtime.explain.lowered_sources import prepared_sources
from trimaran_runtime.lowering.answer import Link, Trees
from trimaran_runtime.lowering.lowered import Lowered

_SCALES: dict[Link, Scale] = {
    "number": Scale.value,
    "positive": Scale.log,
    "logistic": Scale.log_odds,
    "softmax": Scale.log_odds,
    "one_vs_rest": Scale.log_odds,
    "share": Scale.probability,
}
_MOST_CELLS = 300_000_000
"""Work of one request, see `Interventional.cells`: a few seconds of one core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoweredExplainer:
    """Explains rows as a server hands them to a lowered model.

    Attributes:
        lowered: the model.
        sources: (d,) place of the input column of each prepared column.
        reference: (m, d) prepared reference rows.
        trees: the games of its leaves; None: it is linear.
    """

    lowered: Lowered
    sources: Places
    reference: Floats
    trees: Interventional | None

    @classmethod
    def of(cls, lowered: Lowered, reference: Sequence[Any]) -> Self:
        """For a model, and the values of reference rows by column.

        Raises:
            ValueError: the model refuses the reference rows.
        """
        sources, prepared = prepared_sources(lowered), lowered.prepared(reference)
        trees = None
        if isinstance(lowered.answer, Trees):
            trees = Interventional(
                forest=lowered.answer.forest,
                sources=sources,
                columns=len(lowered.inputs),
                reference=prepared,
            )
        return cls(lowered=lowered, sources=sources, reference=prepared, trees=trees)

    @property
    def method(self) -> Method:
        """How contributions are found."""
        return Method.linear if self.trees is None else Method.interventional

    @property
    def scale(self) -> Scale:
        """What contributions add up to."""
        return _SCALES[self.lowered.answer.link]  # type: ignore[attr-defined]  # both answers have one

    @property
    def most_rows(self) -> int:
        """Rows of one request that take no more than a few seconds; at least one."""
        return 1_000_000 if self.trees is None else max(1, _MOST_CELLS // max(self.trees.cells, 1))

    def explain(self, values: Any) -> Contributions:
        """Contributions to the model's scores, of n rows by column; see `Lowered.predict`.

        Raises:
            ValueError: the model refuses such values as well.
        """
        rows = self.lowered.prepared(values)
        return self._linear(rows) if self.trees is None else self._trees(self.trees, rows)

    def _linear(self, rows: Floats) -> Contributions:
        answer: Any = self.lowered.answer
        means = self.reference.mean(axis=0)
        derived = (rows - means)[:, :, np.newaxis] * answer.coefficients
        found = Contributions(values=derived, base=means @ answer.coefficients + answer.intercept)
        return found.summed(self.sources, len(self.lowered.inputs))

    def _trees(self, trees: Interventional, rows: Floats) -> Contributions:
        answer: Any = self.lowered.answer
        found, usual = trees.explain(rows), answer.forest.values(self.reference).mean(axis=1)
        count = len(answer.base)
        if usual.shape[1] != count:
            # Trees take turns: the first is of the first class, and so on.
            found = found.reshape(*found.shape[:2], -1, count)
            usual = usual.reshape(-1, count)
        factor = answer.factor / answer.divisor
        return Contributions(
            values=found.sum(axis=2) * factor,
            base=answer.base / answer.divisor + usual.sum(axis=0) * factor,
        )
