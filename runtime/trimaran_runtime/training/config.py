"""The part of the `pipeline` section that the train step executes."""

from typing import Annotated, Literal

from pydantic import Field

from trimaran_runtime.data.config import FUNCTION
from trimaran_runtime.section import Section

Scalar = bool | int | float | str


class SearchRange(Section):
    """One dimension of the searched space: a range, or choices."""

    low: float | None = None
    """Smallest value."""
    high: float | None = None
    """Largest value."""
    log: bool = False
    """Whether to search on a logarithmic scale."""
    integer: bool = False
    """Whether values are whole numbers."""
    choices: tuple[Scalar, ...] | None = None
    """The values to choose from, instead of a range."""


class Tune(Section):
    """Search for hyperparameters on the validation split."""

    trials: Annotated[int, Field(ge=1, le=10_000)] = 20
    """How many settings are tried."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Time after which no new trial starts, minutes; None: no limit but `trials`. With it, the
    same inputs may give another result on a slower machine."""
    metric: str = "roc_auc"
    """Metric to optimise on the validation split."""
    parallel: Annotated[int, Field(ge=1, le=100)] = 1
    """Trials at the same time. With more than one, the order in which they end decides what is
    tried next, so the same inputs may give another result."""
    space: dict[str, SearchRange] = {}
    """Searched hyperparameters by name; a built-in learner brings its own."""


class TrainingConfig(Section):
    """How a model is fitted."""

    train: Annotated[str, Field(pattern=FUNCTION)] | None = None
    """`module:function`, called as `fit(train, validation, parameters)` with pandas frames, and
    with `trial=` where it has an argument of that name."""
    learner: Literal["auto"] | None = None
    """A built-in learner instead of `train`: `auto` tries linear models, randomised trees and
    boosted trees within the budget of `tune`, and keeps the one that is best on the validation
    split."""
    parameters: dict[str, Scalar] = {}
    """Hyperparameters handed to `train`."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of every random generator the step starts."""
    tune: Tune | None = None
    """Hyperparameter search; None: `parameters` are used as they are."""
    trusted_types: tuple[str, ...] = ()
    """Types of your own (`module.Class`) that a model file may hold, beside scikit-learn's."""
    check_reproducible: bool = False
    """Whether the model is fitted once more in a fresh process, and the two files compared."""
