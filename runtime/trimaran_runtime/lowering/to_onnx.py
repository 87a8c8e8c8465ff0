"""Fitted scikit-learn models in ONNX, by skl2onnx, where the model is made; never in a server."""

import copy
from importlib.util import find_spec
from typing import Any

import numpy as np

from trimaran_runtime.errors import ConfigError, RuntimeFault
from trimaran_runtime.lowering.from_graph import from_graph
from trimaran_runtime.lowering.from_steps import CannotLower, kind
from trimaran_runtime.lowering.from_trees import BOOSTED
from trimaran_runtime.lowering.graph import Graph
from trimaran_runtime.lowering.matrix import Finite, Operation, Single
from trimaran_runtime.lowering.onnx_session import onnxruntime, open_session
from trimaran_runtime.lowering.ranks import Rank
from trimaran_runtime.registry.release import Signature

_NEEDED = ("onnx", "skl2onnx", "onnxruntime")
_TREES = frozenset(
    {
        "DecisionTreeClassifier",
        "DecisionTreeRegressor",
        "ExtraTreeClassifier",
        "ExtraTreeRegressor",
        "ExtraTreesClassifier",
        "ExtraTreesRegressor",
        "GradientBoostingClassifier",
        "GradientBoostingRegressor",
        "RandomForestClassifier",
        "RandomForestRegressor",
    }
)
"""Estimators that round what they are given to float32, as their form in ONNX does."""
_INPUT = "rows"
_TRACKS = "nodes_missing_value_tracks_true"


def refuse_without_libraries() -> None:
    """Refuse to make models in ONNX where that cannot be done; loads nothing.

    Raises:
        ConfigError: a library is not installed.
    """
    lacking = [name for name in _NEEDED if find_spec(name) is None]
    if lacking:
        raise ConfigError(
            f"onnx needs {', '.join(lacking)}, which {'is' if len(lacking) == 1 else 'are'} "
            "not installed",
            where="pipeline.lowering.format",
            allowed="numpy, or onnx beside the libraries of the runtime's extra `onnx`",
            next_step="add trimaran-runtime[onnx] to the project's requirements",
        )


def onnx_answer(last: Any, signature: Signature) -> tuple[tuple[Operation, ...], Graph]:
    """The model proper in ONNX, and what is done in NumPy before: not yet proven to be the same.

    It takes float64 where ONNX Runtime computes the model in that, as it does linear ones, else
    float32. The thresholds of boosted trees are replaced by ranks: see `Rank`.

    Args:
        last: the last step of a fitted pipeline.
        signature: what the model takes and gives.

    Raises:
        CannotLower: skl2onnx or ONNX Runtime does not know it.
    """
    if (own := from_graph(last)) is not None:
        return own
    if kind(last) in BOOSTED:
        ranks, ranked = _ranked(last)
        return (ranks,), _converted(ranked, signature, "FloatTensorType")
    first: tuple[Operation, ...] = () if _takes_missing(last) else (Finite(missing=False),)
    if kind(last) in _TREES:
        return (*first, Single()), _converted(last, signature, "FloatTensorType")
    try:
        return first, _converted(last, signature, "DoubleTensorType")
    except CannotLower:
        return (*first, Single()), _converted(last, signature, "FloatTensorType")


def _takes_missing(last: Any) -> bool:
    return bool(last.__sklearn_tags__().input_tags.allow_nan)


def _converted(last: Any, signature: Signature, floats: str) -> Graph:
    # First, so that the library is told not to call home before anything else loads it.
    onnxruntime()
    from skl2onnx import to_onnx
    from skl2onnx.common import data_types

    width = int(last.n_features_in_)
    taken = [(_INPUT, getattr(data_types, floats)([None, width]))]
    classifies = signature.task == "classification"
    options = {id(last): {"zipmap": False}} if classifies else None
    try:
        made = to_onnx(last, initial_types=taken, options=options)
        if kind(last) in _TREES:
            _send_missing(made, last)
        content = made.SerializeToString(deterministic=True)
        graph = Graph(
            content=np.frombuffer(content, dtype=np.uint8),
            output=made.graph.output[1 if classifies else 0].name,
            columns=width,
            scores=len(signature.classes) or 1,
            link="share" if classifies else "number",
        )
        open_session(content, width)
    except RuntimeFault as exc:
        raise CannotLower(f"{kind(last)} has no form in ONNX: {exc.what}") from exc
    except Exception as exc:
        raise CannotLower(f"{kind(last)} has no form in ONNX: {_first_line(exc)}") from exc
    return graph


def _send_missing(made: Any, last: Any) -> None:
    """Let missing values go where the original sends them; skl2onnx sends all to the right."""
    found = getattr(last, "estimators_", [last])
    trees = [each.tree_ for each in np.asarray(found, dtype=object).reshape(-1)]
    for node in made.graph.node:
        given = {attribute.name: attribute for attribute in node.attribute}
        if _TRACKS not in given:
            continue
        places = zip(given["nodes_treeids"].ints, given["nodes_nodeids"].ints, strict=True)
        given[_TRACKS].ints[:] = [int(trees[tree].missing_go_to_left[at]) for tree, at in places]


def _first_line(exc: Exception) -> str:
    lines = str(exc).strip().splitlines()
    return f"{type(exc).__name__}: {lines[0]}" if lines else type(exc).__name__


def _ranked(model: Any) -> tuple[Rank, Any]:
    """Boosted trees that compare ranks instead of values, and what makes ranks of values."""
    if model._preprocessor is not None:
        raise CannotLower(f"{kind(model)} splits categories, and trees in ONNX do not")
    model = copy.deepcopy(model)
    predictors = [each for turn in model._predictors for each in turn]
    width = int(model.n_features_in_)
    thresholds = [_thresholds(predictors, column) for column in range(width)]
    for predictor in predictors:
        nodes = predictor.nodes.copy()
        for node in np.flatnonzero(nodes["is_leaf"] == 0):
            known = thresholds[nodes["feature_idx"][node]]
            nodes["num_threshold"][node] = known.searchsorted(nodes["num_threshold"][node])
        predictor.nodes = nodes
    counts = np.array([len(known) for known in thresholds], dtype=np.int32)
    return Rank(counts, np.concatenate(thresholds)), model


def _thresholds(predictors: list[Any], column: int) -> Any:
    found = []
    for nodes in (each.nodes for each in predictors):
        own = (nodes["is_leaf"] == 0) & (nodes["feature_idx"] == column)
        found.append(nodes["num_threshold"][own])
    return np.unique(np.concatenate([np.empty(0), *found]))
