"""Lowered forms of scikit-learn's trees and their ensembles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.lowering.answer import Link, Trees
from trimaran_runtime.lowering.forest import CODES, Forest
from trimaran_runtime.lowering.from_steps import CannotLower, kind
from trimaran_runtime.lowering.matrix import Finite, Operation, Recode, Single

BOOSTED = frozenset({"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"})
_AVERAGED = frozenset(
    {
        "ExtraTreesClassifier",
        "ExtraTreesRegressor",
        "RandomForestClassifier",
        "RandomForestRegressor",
    }
)
_SINGLE = frozenset(
    {
        "DecisionTreeClassifier",
        "DecisionTreeRegressor",
        "ExtraTreeClassifier",
        "ExtraTreeRegressor",
    }
)
_ADDED = frozenset({"GradientBoostingClassifier", "GradientBoostingRegressor"})
_CONSTANT = frozenset({"DummyClassifier", "DummyRegressor"})
_LINKS: dict[str, Link] = {
    "IdentityLink": "number",
    "LogLink": "positive",
    "LogitLink": "logistic",
    "MultinomialLogit": "softmax",
}
_WORDS, _WORD_BITS = 8, 32


def trees(model: Any) -> tuple[tuple[Operation, ...], Trees] | None:
    """An ensemble of trees, and what it does before; None: it is something else.

    Raises:
        CannotLower: it answers several questions at once, or starts from another model.
    """
    name = kind(model)
    if name in BOOSTED:
        sorts = model._preprocessor is not None
        return (_recoded(model),) if sorts else (), boosted(model)
    if name in _AVERAGED:
        return _averaged(model, [each.tree_ for each in model.estimators_])
    if name in _SINGLE:
        return _averaged(model, [model.tree_])
    if name in _ADDED:
        return _added(model)
    return None


def sorted_columns(model: Any) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Columns of boosted trees that hold categories, and the others, as they were given."""
    places = model._preprocessor._transformer_to_input_indices
    return (
        np.array(places["encoder"], dtype=np.int32),
        np.array(places["numerical"], dtype=np.int32),
    )


def boosted(model: Any) -> Trees:
    """Boosted trees, behind the sorting out of their columns."""
    link = _LINKS.get(type(model._loss.link).__name__)
    if link is None:
        raise CannotLower(f"{kind(model)} has a link that is not known")
    base = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1)
    return Trees(forest=_boosted_forest(model), base=base, factor=1.0, divisor=1.0, link=link)


def _recoded(model: Any) -> Recode:
    fitted = model._preprocessor.named_transformers_["encoder"]
    columns, others = sorted_columns(model)
    floats = [np.asarray(each, dtype=np.float64) for each in fitted.categories_]
    known = [each[~np.isnan(each)] for each in floats]
    return Recode(
        columns=columns,
        counts=np.array([len(each) for each in known], dtype=np.int32),
        values=np.concatenate([np.empty(0), *known]),
        others=others,
    )


def _boosted_forest(model: Any) -> Forest:
    binning = model._bin_mapper
    known, place = binning.make_known_categories_bitsets()
    parts: list[_Tree] = []
    splits: list[NDArray[np.bool_]] = []
    for predictor in (each for turn in model._predictors for each in turn):
        nodes = predictor.nodes
        leaf = nodes["is_leaf"] == 1
        split = np.full(len(nodes), -1)
        chosen = np.flatnonzero((nodes["is_categorical"] == 1) & ~leaf)
        split[chosen] = len(splits) + np.arange(len(chosen))
        splits += [_goes_left(predictor, nodes[i], known, place) for i in chosen]
        parts.append(
            _Tree(
                feature=np.where(leaf, -1, nodes["feature_idx"].astype(np.int64)),
                threshold=nodes["num_threshold"],
                left=nodes["left"].astype(np.int64),
                right=nodes["right"].astype(np.int64),
                missing_left=nodes["missing_go_to_left"] == 1,
                split=split,
                value=nodes["value"][:, None],
            )
        )
    return _forest(parts, binning.is_categorical_.size, splits)


def _goes_left(predictor: Any, node: Any, known: Any, place: Any) -> NDArray[np.bool_]:
    """By code, whether a node sends it left; what it does not know goes as missing values do."""
    left = _bits(predictor.raw_left_cat_bitsets[node["bitset_idx"]])
    listed = _bits(known[place[node["feature_idx"]]])
    goes = np.where(left | listed, left, node["missing_go_to_left"] == 1)
    goes[CODES - 1] = node["missing_go_to_left"] == 1
    return np.asarray(goes, dtype=np.bool_)


def _bits(words: Any) -> NDArray[np.bool_]:
    shifts = np.arange(_WORD_BITS, dtype=np.uint32)
    bits = np.asarray(words, dtype=np.uint32)[:_WORDS, None] >> shifts & np.uint32(1)
    return bits.reshape(-1).astype(np.bool_)


def _averaged(model: Any, found: Sequence[Any]) -> tuple[tuple[Operation, ...], Trees]:
    if model.n_outputs_ != 1:
        raise CannotLower(f"{kind(model)} answers several questions at once")
    forest = _forest([_of(tree) for tree in found], model.n_features_in_, [])
    classifies = hasattr(model, "classes_")
    answer = Trees(
        forest=forest,
        base=np.zeros(forest.value.shape[1]),
        factor=1.0,
        divisor=float(len(found)),
        link="share" if classifies else "number",
    )
    return _checks(model), answer


def _added(model: Any) -> tuple[tuple[Operation, ...], Trees]:
    initial = model.init_
    if not (isinstance(initial, str) and initial == "zero") and kind(initial) not in _CONSTANT:
        raise CannotLower(f"{kind(model)} starts from a {kind(initial)}")
    if hasattr(model, "classes_") and model.loss != "log_loss":
        raise CannotLower(f"{kind(model)} has the loss {model.loss}, not log_loss")
    base = model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32))
    found = [_of(each.tree_) for turn in model.estimators_ for each in turn]
    link: Link = "number"
    if hasattr(model, "classes_"):
        link = "logistic" if base.shape[1] == 1 else "softmax"
    answer = Trees(
        forest=_forest(found, model.n_features_in_, []),
        base=np.asarray(base[0], dtype=np.float64),
        factor=float(model.learning_rate),
        divisor=1.0,
        link=link,
    )
    return _checks(model), answer


def _checks(model: Any) -> tuple[Operation, ...]:
    if model.__sklearn_tags__().input_tags.allow_nan:
        return (Single(),)
    return (Finite(missing=False), Single())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """One tree, its nodes numbered from 0."""

    feature: Any
    threshold: Any
    left: Any
    right: Any
    missing_left: Any
    split: Any
    value: Any


def _of(tree: Any) -> _Tree:
    leaf = tree.children_left < 0
    return _Tree(
        feature=np.where(leaf, -1, tree.feature),
        threshold=tree.threshold,
        left=np.where(leaf, 0, tree.children_left),
        right=np.where(leaf, 0, tree.children_right),
        missing_left=np.asarray(tree.missing_go_to_left) == 1,
        split=np.full(tree.node_count, -1),
        value=tree.value[:, 0, :],
    )


def _forest(found: Sequence[_Tree], width: int, splits: Sequence[NDArray[np.bool_]]) -> Forest:
    starts = np.cumsum([0, *(len(tree.feature) for tree in found)])
    moved = list(zip(found, starts[:-1], strict=True))

    def joined(parts: Sequence[Any], dtype: Any) -> Any:
        return np.ascontiguousarray(np.concatenate(parts), dtype=dtype)

    return Forest(
        roots=starts[:-1].astype(np.int32),
        feature=joined([tree.feature for tree in found], np.int32),
        threshold=joined([tree.threshold for tree in found], np.float64),
        left=joined([tree.left + start for tree, start in moved], np.int32),
        right=joined([tree.right + start for tree, start in moved], np.int32),
        missing_left=joined([tree.missing_left for tree in found], np.bool_),
        split=joined([tree.split for tree in found], np.int32),
        goes_left=np.array(splits, dtype=np.bool_).reshape(len(splits), CODES),
        value=joined([tree.value for tree in found], np.float64),
        width=int(width),
    )
