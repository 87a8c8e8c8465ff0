"""Reason codes: the columns that moved one answer most, for whoever has to be told why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from trimaran_runtime.explain.explainer import Explainer, explainer_of
from trimaran_runtime.explain.explanation import Explanation, rounded
from trimaran_runtime.explain.reference import frame_of
from trimaran_runtime.section import Section
from trimaran_runtime.training.config import Scalar

if TYPE_CHECKING:
    from trimaran_runtime.registry.release import Signature


class Reason(Section):
    """One column's part in one answer."""

    feature: str
    """Input column."""
    value: Scalar | None
    """What the row says there."""
    contribution: float
    """What it adds to the answer, on the explanation's scale; negative: it takes away."""
    error: float | None = None
    """Standard error of the contribution; None: it is exact."""


@dataclass(frozen=True, slots=True)
class ReasonCodes:
    """Gives the reasons of a release's answers; made once, asked per row.

    Attributes:
        explainer: by the release's own method.
        signature: what the model takes and gives.
    """

    explainer: Explainer
    signature: "Signature"

    @classmethod
    def of(cls, model: Any, signature: "Signature", explanation: Explanation) -> Self:
        """For a release's model, and the explanation in its files."""
        reference = frame_of(explanation.reference, signature)
        explainer = explainer_of(model, reference, signature, seed=explanation.seed)
        return cls(explainer, signature)

    def reasons(
        self, row: Mapping[str, Scalar | None], k: int, *, output: int = 0
    ) -> tuple[Reason, ...]:
        """The k columns that moved an answer most, strongest first.

        Args:
            row: values by column; a timestamp as ISO 8601.
            k: how many.
            output: place of the class among the explanation's `outputs`; 0 for regression.
        """
        frame = frame_of({name: (row[name],) for name in self._names()}, self.signature)
        found = self.explainer.explain(frame)
        moved = found.values[0, :, output]
        order = np.argsort(-np.abs(moved), kind="stable")[:k]
        return tuple(
            Reason(
                feature=self._names()[at],
                value=row[self._names()[at]],
                contribution=rounded(moved[at]),
                error=None if found.error is None else rounded(found.error[0, at, output]),
            )
            for at in order
        )

    def _names(self) -> list[str]:
        return [feature.name for feature in self.signature.features]
