"""The steps of scikit-learn's pipelines, and the operations on matrices among them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trimaran_runtime.lowering.matrix import Divide, Fill, Finite, Operation, Shift, Spread

_TRUSTED = "sklearn."


class CannotLower(ValueError):
    """A model has no lowered form; the message says why."""


def kind(estimator: Any) -> str:
    """Class name of one of scikit-learn's own; others go by their full name.

    A subclass of the user's is not the class it is derived from.
    """
    cls = type(estimator)
    own = cls.__module__.startswith(_TRUSTED)
    return cls.__name__ if own else f"{cls.__module__}.{cls.__qualname__}"


def steps_of(model: Any) -> list[Any]:
    """The steps of (nested) pipelines in order; those that do nothing are left out."""
    if kind(model) == "Pipeline":
        found = [step for _, each in model.steps for step in steps_of(each)]
        if not found:
            raise CannotLower("a pipeline does nothing")
        return found
    if model is None or (isinstance(model, str) and model == "passthrough"):
        return []
    return [model]


def operations(steps: Sequence[Any]) -> tuple[Operation, ...]:
    """What steps do to a matrix; raises CannotLower for one that is not known."""
    found: list[Operation] = []
    for step in steps:
        translate = _KINDS.get(kind(step))
        if translate is None:
            raise CannotLower(f"{kind(step)} has no lowered form")
        found += translate(step)
    return tuple(found)


def _checked(*found: Operation | None) -> list[Operation]:
    """Behind scikit-learn's check of what goes in, which lets NaN pass."""
    return [Finite(missing=True), *(operation for operation in found if operation is not None)]


def _standard(step: Any) -> list[Operation]:
    centre = Shift(_floats(step.mean_)) if step.with_mean else None
    return _checked(centre, Divide(_floats(step.scale_)) if step.with_std else None)


def _robust(step: Any) -> list[Operation]:
    centre = Shift(_floats(step.center_)) if step.with_centering else None
    return _checked(centre, Divide(_floats(step.scale_)) if step.with_scaling else None)


def _min_max(step: Any) -> list[Operation]:
    bounds = step.feature_range if step.clip else ()
    return _checked(Spread(_floats(step.scale_), _floats(step.min_), _floats(bounds)))


def _max_abs(step: Any) -> list[Operation]:
    if getattr(step, "clip", False):
        raise CannotLower("MaxAbsScaler cuts off")
    return _checked(Divide(_floats(step.scale_)))


def _imputer(step: Any) -> list[Operation]:
    missing = step.missing_values
    if not (isinstance(missing, float) and math.isnan(missing)):
        raise CannotLower(f"SimpleImputer fills {missing!r}, not what is missing")
    try:
        value = _floats(step.statistics_)
    except (TypeError, ValueError) as exc:
        raise CannotLower("SimpleImputer fills texts") from exc
    empty = np.isnan(value)
    kept = np.arange(len(value)) if step.keep_empty_features else np.flatnonzero(~empty)
    indicated = step.indicator_.features_ if step.add_indicator else []
    return _checked(Fill(_places(kept), value[kept], _places(indicated)))


def _function(step: Any) -> list[Operation]:
    if step.func is not None or step.validate:
        named = getattr(step.func, "__name__", repr(step.func))
        raise CannotLower(f"the function {named} has no lowered form")
    return []


_KINDS: dict[str, Callable[[Any], list[Operation]]] = {
    "StandardScaler": _standard,
    "RobustScaler": _robust,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "SimpleImputer": _imputer,
    "FunctionTransformer": _function,
}


def _floats(values: Any) -> Any:
    return np.asarray(values, dtype=np.float64)


def _places(values: Any) -> Any:
    return np.asarray(values, dtype=np.int32)
