"""The searched space: what is checked of it, and how a value is drawn from it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.training.config import Scalar, SearchRange

if TYPE_CHECKING:
    import optuna

SPACE = "pipeline.tune.space"


def refuse_impossible(space: Mapping[str, SearchRange]) -> None:
    """Refuse an empty space and ranges that hold no value.

    Raises:
        ConfigError: names the dimension and what it lacks.
    """
    if not space:
        raise ConfigError(
            "there is nothing to search",
            where=SPACE,
            allowed="{name: {low: 1, high: 9}} or {name: {choices: [a, b]}}",
            next_step="name a hyperparameter, or leave pipeline.tune out",
        )
    for name, dimension in space.items():
        _refuse_impossible(f"{SPACE}.{name}", dimension)


def draw(trial: "optuna.Trial", name: str, dimension: SearchRange) -> Scalar:
    """A value of one dimension, as the search's sampler suggests it."""
    if dimension.choices is not None:
        choices = dimension.choices
        # By place: Optuna takes 1, 1.0 and true for one choice.
        return choices[trial.suggest_categorical(name, range(len(choices)))]
    low, high = dimension.low, dimension.high
    if low is None or high is None:
        raise ConfigError("has no end", where=f"{SPACE}.{name}", allowed="low and high")
    if dimension.integer:
        return trial.suggest_int(name, int(low), int(high), log=dimension.log)
    return trial.suggest_float(name, low, high, log=dimension.log)


def _refuse_impossible(where: str, dimension: SearchRange) -> None:
    low, high = dimension.low, dimension.high
    if dimension.choices is not None:
        if not dimension.choices:
            raise ConfigError("0 choices", where=where, allowed="1 or more")
        if low is not None or high is not None or dimension.log or dimension.integer:
            raise ConfigError("choices beside a range", where=where, allowed="one of the two")
    elif low is None or high is None or low >= high:
        raise ConfigError(
            f"low {_shown(low)}, high {_shown(high)} is no range",
            where=where,
            allowed="low below high; or choices",
        )
    elif dimension.integer and (low % 1 or high % 1):
        raise ConfigError(
            f"{low:g} to {high:g} with integer: true", where=where, allowed="whole numbers"
        )
    elif dimension.log and low <= 0:
        raise ConfigError(
            f"{low:g} has no logarithm", where=f"{where}.low", allowed="above 0 where log is true"
        )


def _shown(value: float | None) -> str:
    return "not given" if value is None else f"{value:g}"
