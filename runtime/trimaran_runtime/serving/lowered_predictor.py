"""Turns checked rows into predictions with a lowered model: NumPy, and nothing else is loaded."""

from collections.abc import Sequence
from typing import Any

from trimaran_runtime.lowering.lowered import Lowered
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.predictor import Renderer, refuse_non_finite


class LoweredPredictor(Renderer):
    """A lowered model behind its signature; answers as `Predictor` does with the original.

    Args:
        lowered: the model.
        signature: what it takes and gives.
    """

    def __init__(self, lowered: Lowered, signature: Signature) -> None:
        super().__init__(
            signature.task == "classification", has_probabilities=True, classes=signature.classes
        )
        self._lowered = lowered

    def predict(self, values: Sequence[list[Any]]) -> list[Any]:
        """Predictions for rows given by column: see `Predictor.predict`.

        Raises:
            NonFinitePrediction: the model answered NaN or infinity.
            ValueError: the original refuses such values as well.
        """
        scores = self._lowered.predict(values)
        refuse_non_finite(scores)
        if not self._is_classifier:
            return list(scores[:, 0].tolist())
        labels = [self._classes[i] for i in scores.argmax(axis=1).tolist()]
        return list(zip(labels, scores.tolist(), strict=True))
