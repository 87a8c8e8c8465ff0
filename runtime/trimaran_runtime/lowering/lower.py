"""Makes the lowered form of a fitted scikit-learn model, or says why it has none."""

from collections.abc import Callable
from typing import Any

import numpy as np

from trimaran_runtime.lowering.answer import Answer
from trimaran_runtime.lowering.from_encoder import ENCODERS, encoder
from trimaran_runtime.lowering.from_graph import from_graph
from trimaran_runtime.lowering.from_linear import linear
from trimaran_runtime.lowering.from_steps import CannotLower, kind, operations, steps_of
from trimaran_runtime.lowering.from_trees import BOOSTED, boosted, sorted_columns, trees
from trimaran_runtime.lowering.lowered import Lowered, Part
from trimaran_runtime.lowering.matrix import InfiniteIsMissing, Operation
from trimaran_runtime.lowering.reader import Calendar, Numbers, Reader
from trimaran_runtime.registry.release import Feature, Signature
from trimaran_runtime.training.learner.columns import calendar, numbers

Found = tuple[tuple[Operation, ...], Answer]
_NUMBERS = frozenset({"number", "integer", "boolean"})


def numpy_answer(last: Any, signature: Signature) -> Found:  # noqa: ARG001 - as `onnx_answer`
    """The model proper in NumPy, or a graph where it is one, and what is done before it.

    Args:
        last: the last step of a fitted pipeline.
        signature: what the model takes and gives.

    Raises:
        CannotLower: it has no such form.
    """
    found = from_graph(last) or linear(last) or trees(last)
    if found is None:
        raise CannotLower(f"{kind(last)} is neither a linear model nor an ensemble of trees")
    return found


def lower(
    model: Any, signature: Signature, answer: Callable[[Any, Signature], Found] = numpy_answer
) -> Lowered:
    """The lowered form of a model: not yet proven to answer the same.

    Args:
        model: fitted scikit-learn estimator or pipeline.
        signature: what it takes and gives.
        answer: makes the last step's form.

    Raises:
        CannotLower: it has none, and the message says why.
    """
    *steps, last = steps_of(model)
    sorts = not steps and kind(last) in BOOSTED and last._preprocessor is not None
    if sorts and answer is numpy_answer:
        return _boosted_on_columns(last, signature)
    found = answer(last, signature)
    features = signature.features
    if steps and kind(steps[0]) == "ColumnTransformer":
        parts, steps = _parts(steps[0], features), steps[1:]
    else:
        everything = list(range(len(features)))
        reader, first, used = _reader(steps, features, everything)
        parts, steps = (Part(reader, first),), steps[used:]
    return _fitted_together(signature, parts, operations(steps), found)


def _fitted_together(
    signature: Signature,
    parts: tuple[Part, ...],
    then: tuple[Operation, ...],
    found: Found,
) -> Lowered:
    before, answer = found
    expected = len(signature.classes) or 1
    if answer.answers != expected:
        raise CannotLower(f"the model gives {answer.answers} answers, not {expected}")
    try:
        return Lowered(
            inputs=tuple(feature.name for feature in signature.features),
            parts=parts,
            operations=(*then, *before),
            answer=answer,
        )
    except ValueError as exc:
        raise CannotLower(str(exc)) from exc


def _parts(transformer: Any, features: tuple[Feature, ...]) -> tuple[Part, ...]:
    if transformer.transformer_weights:
        raise CannotLower("ColumnTransformer has weights")
    places = transformer._transformer_to_input_indices
    parts = []
    for name, fitted, columns in transformer.transformers_:
        chosen = [int(i) for i in places[name]]
        if (isinstance(fitted, str) and fitted == "drop") or not chosen:
            continue
        steps = steps_of(fitted)
        if isinstance(columns, str):
            raise CannotLower(f"{kind(steps[0])} reads the text of a single column")
        reader, first, used = _reader(steps, features, chosen)
        parts.append(Part(reader, (*first, *operations(steps[used:]))))
    return tuple(parts)


def _reader(
    steps: list[Any], features: tuple[Feature, ...], columns: list[int]
) -> tuple[Reader, tuple[Operation, ...], int]:
    """A reader of columns, what follows it, and how many of the steps they stand for."""
    places, used = np.array(columns, dtype=np.int32), 0
    read = tuple(features[i] for i in columns)
    if steps and kind(steps[0]) in ENCODERS:
        return encoder(steps[0], read, places), (), 1
    first: tuple[Operation, ...] = ()
    if steps and kind(steps[0]) == "FunctionTransformer":
        function = steps[0].func
        if function is calendar:
            _refuse_other(read, frozenset({"timestamp"}))
            return Calendar(places), (), 1
        if function is numbers:
            first, used = (InfiniteIsMissing(),), 1
    _refuse_other(read, _NUMBERS)
    return Numbers(places), first, used


def _refuse_other(features: tuple[Feature, ...], types: frozenset[str]) -> None:
    for feature in features:
        if feature.type not in types:
            raise CannotLower(f"column {feature.name!r} is a {feature.type}, read as it is")


def _boosted_on_columns(last: Any, signature: Signature) -> Lowered:
    """Boosted trees that were fitted on the columns themselves, and sort out the categories."""
    fitted = last._preprocessor.named_transformers_["encoder"]
    features, (categories, others) = signature.features, sorted_columns(last)
    rest = tuple(features[i] for i in others.tolist())
    _refuse_other(rest, _NUMBERS)
    read = tuple(features[i] for i in categories.tolist())
    parts = [Part(encoder(fitted, read, categories), ())]
    if len(others):
        parts.append(Part(Numbers(others), ()))
    return _fitted_together(signature, tuple(parts), (), ((), boosted(last)))
