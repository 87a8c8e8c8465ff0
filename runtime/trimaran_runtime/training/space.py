"""How a value of the searched space is drawn."""

from typing import TYPE_CHECKING

from trimaran_runtime.training.config import Scalar, SearchRange

if TYPE_CHECKING:
    import optuna


def draw(trial: "optuna.Trial", name: str, dimension: SearchRange) -> Scalar:
    """A value of one dimension, as the search's sampler suggests it."""
    if dimension.choices is not None:
        choices = dimension.choices
        # By place: Optuna takes 1, 1.0 and true for one choice.
        return choices[trial.suggest_categorical(name, range(len(choices)))]
    low, high = dimension.ends
    if dimension.integer:
        return trial.suggest_int(name, int(low), int(high), log=dimension.log)
    return trial.suggest_float(name, low, high, log=dimension.log)
