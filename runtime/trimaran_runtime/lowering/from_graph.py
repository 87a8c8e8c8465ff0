"""Lowered forms of models that are in ONNX already: `trimaran_runtime.training.onnx_model`."""

from typing import Any

from trimaran_runtime.lowering.from_steps import kind
from trimaran_runtime.lowering.graph import Graph
from trimaran_runtime.lowering.matrix import Operation

MODULE = "trimaran_runtime.training.onnx_model"
_OWN = frozenset({f"{MODULE}.OnnxClassifier", f"{MODULE}.OnnxRegressor"})


def from_graph(model: Any) -> tuple[tuple[Operation, ...], Graph] | None:
    """The graph of a model in ONNX, which does nothing before it; None: it is something else."""
    return ((), model.graph) if kind(model) in _OWN else None
