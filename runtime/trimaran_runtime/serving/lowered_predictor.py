"""Turns checked rows into predictions with a lowered model: in NumPy, or in ONNX Runtime."""

from typing import Any

from trimaran_runtime.lowering.lowered import Lowered
from trimaran_runtime.lowering.placed import provider_of
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.predictor import Renderer, refuse_non_finite
from trimaran_runtime.serving.values import Values


class LoweredPredictor(Renderer):
    """A lowered model behind its signature; answers as `Predictor` does with the original.

    Args:
        lowered: the model.
        signature: what it takes and gives.

    Attributes:
        form: `linear`, `trees` or `onnx`.
        provider: what computes it, in ONNX Runtime's words; None: NumPy does.
    """

    def __init__(self, lowered: Lowered, signature: Signature) -> None:
        super().__init__(
            signature.task == "classification", has_probabilities=True, classes=signature.classes
        )
        self._lowered = lowered
        self.form = lowered.form
        self.provider = provider_of(lowered)

    def predict(self, values: Values) -> list[Any]:
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
