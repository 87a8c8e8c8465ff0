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
    """Time budget; None: no limit but `trials`."""
    metric: str = "roc_auc"
    """Metric to optimise on the validation split."""
    parallel: Annotated[int, Field(ge=1, le=100)] = 1
    """Trials at the same time."""
    space: dict[str, SearchRange] = {}
    """Searched hyperparameters by name."""


class TrainingConfig(Section):
    """How a model is fitted."""

    train: Annotated[str, Field(pattern=FUNCTION)] | None = None
    """`module:function`, called as `fit(train, validation, parameters)` with pandas frames."""
    learner: Literal["auto"] | None = None
    """A built-in learner instead of `train`."""
    parameters: dict[str, Scalar] = {}
    """Hyperparameters handed to `train`."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of every random generator the step starts."""
    tune: Tune | None = None
    """Hyperparameter search; None: `parameters` are used as they are."""
    trusted_types: tuple[str, ...] = ()
    """Types of your own (`module.Class`) that a model file may hold, beside scikit-learn's."""
