"""Models that your code brings in ONNX, e.g. exported from PyTorch, as scikit-learn has models.

What `pipeline.train` returns may be one of them, or a pipeline of scikit-learn that ends with one.
"""

from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.lowering.answer import Link
from trimaran_runtime.lowering.graph import Graph
from trimaran_runtime.lowering.onnx_file import RefusedModel

Floats = NDArray[np.float64]
_CLASSIFYING: dict[str, Link] = {
    "probabilities": "share",
    "logits": "softmax",
    "logit": "logistic",
}


class Proto(Protocol):
    """An `onnx.ModelProto`."""

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        """The model's bytes."""


class _OnnxModel(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """A model in ONNX; fitted already."""

    graph: Graph

    def fit(self, rows: Any, target: Any = None) -> Self:
        """Do nothing: the model is fitted."""
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Nothing: there is nothing to set."""
        return {}

    @property
    def n_features_in_(self) -> int:
        """Columns that it takes."""
        return self.graph.columns

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __getstate__(self) -> dict[str, Any]:
        # What runs the model is opened anew where it is needed.
        graph = self.graph
        return {
            "content": graph.content,
            "output": graph.output,
            "columns": graph.columns,
            "scores": graph.scores,
            "link": graph.link,
            **{name: value for name, value in vars(self).items() if name == "classes_"},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        rest = dict(state)
        names = ("content", "output", "columns", "scores", "link")
        self.graph = Graph(**{name: rest.pop(name) for name in names})
        for name, value in rest.items():
            setattr(self, name, value)

    def _answers(self, rows: Any) -> Floats:
        given = (
            rows.to_numpy(dtype=np.float64, na_value=np.nan)
            if hasattr(rows, "to_numpy")
            else np.asarray(rows, dtype=np.float64)
        )
        return self.graph(given)


class OnnxClassifier(ClassifierMixin, _OnnxModel):  # type: ignore[misc] # no types there
    """A classifier in ONNX.

    Args:
        model: an `onnx.ModelProto`, or its bytes. It takes one matrix of float32 or float64, any
            number of rows, and its columns are all columns it is given, in their order.
        classes: labels, in the order of the output's columns.
        columns: how many columns it takes.
        gives: what the output holds: `probabilities` (n, k); `logits` (n, k), which softmax makes
            probabilities of; or `logit` (n, 1) of the second of two classes.
        output: name of that output.

    Raises:
        ConfigError: the model reaches outside of itself, or `gives` is not known.
    """

    def __init__(
        self,
        model: Proto | bytes,
        classes: Sequence[Any],
        *,
        columns: int,
        output: str,
        gives: str = "probabilities",
    ) -> None:
        if gives not in _CLASSIFYING:
            raise ConfigError(
                f"a classifier does not give {gives!r}",
                where="OnnxClassifier",
                allowed=", ".join(_CLASSIFYING),
            )
        self.classes_ = np.asarray(classes)
        scores = 1 if gives == "logit" else len(self.classes_)
        self.graph = _graph(model, output, columns, scores, _CLASSIFYING[gives])

    def predict_proba(self, rows: Any) -> Floats:
        """(n, k) probabilities."""
        return self._answers(rows)

    def predict(self, rows: Any) -> Any:
        """(n,) labels: the likeliest ones."""
        return self.classes_[self._answers(rows).argmax(axis=1)]


class OnnxRegressor(RegressorMixin, _OnnxModel):  # type: ignore[misc] # no types there
    """A regression in ONNX.

    Args:
        model: see `OnnxClassifier`.
        columns: how many columns it takes.
        output: name of the output with the numbers, (n,) or (n, 1).

    Raises:
        ConfigError: the model reaches outside of itself.
    """

    def __init__(self, model: Proto | bytes, *, columns: int, output: str) -> None:
        self.graph = _graph(model, output, columns, 1, "number")

    def predict(self, rows: Any) -> Floats:
        """(n,) numbers."""
        return self._answers(rows)[:, 0]


def _graph(model: Proto | bytes, output: str, columns: int, scores: int, link: Link) -> Graph:
    content = model if isinstance(model, bytes) else model.SerializeToString()
    held = np.frombuffer(content, dtype=np.uint8)
    try:
        return Graph(held, output, columns, scores, link)
    except RefusedModel as exc:
        raise ConfigError(
            f"the model in ONNX is refused: {exc}",
            where="pipeline.train",
            allowed="a model in one piece, of operators of the ONNX standard",
            next_step="export it without external data and custom operators",
        ) from exc
