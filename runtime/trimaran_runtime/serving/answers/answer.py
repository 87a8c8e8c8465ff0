"""What is answered, before it is bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

RELEASE_HEADER = "x-trimaran-release"
"""Header that names the release: not every body has a place for it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Predictions of one request.

    Attributes:
        predictions: as the model gives them (`trimaran_runtime.serving.predictor.Predictor`).
        rendered: as JSON spells them: a number each, or an object with `label` and, where the
            model has them, `probability` and `probabilities`.
        release: short id of the release.
        explanations: of each row, where they were asked for.
    """

    predictions: Sequence[Any]
    rendered: Sequence[Any]
    release: str
    explanations: Sequence[Any] | None = None
