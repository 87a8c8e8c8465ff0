"""The part of the `pipeline` section that the train step executes."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trimaran_runtime.data.config import FUNCTION
from trimaran_runtime.gate.config import Metric
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

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends of a range; raises ValueError where there is none."""
        if self.low is None or self.high is None:
            raise ValueError(
                f"low {_shown(self.low)}, high {_shown(self.high)} is no range: "
                "give low below high, or choices"
            )
        return self.low, self.high

    @model_validator(mode="after")
    def _holds_values(self) -> Self:
        if self.choices is not None:
            if not self.choices:
                raise ValueError("0 choices: give one or more")
            if self.low is not None or self.high is not None or self.log or self.integer:
                raise ValueError("choices beside a range: give one of the two")
            return self
        low, high = self.ends
        if low >= high:
            raise ValueError(
                f"low {low:g}, high {high:g} is no range: give low below high, or choices"
            )
        if self.integer and (low % 1 or high % 1):
            raise ValueError(f"{low:g} to {high:g} with integer: true: give whole numbers")
        if self.log and low <= 0:
            raise ValueError(f"low {low:g} has no logarithm: give one above 0, or leave out log")
        return self


class Tune(Section):
    """Search for hyperparameters on the validation split."""

    trials: Annotated[int, Field(ge=1, le=10_000)] = 20
    """How many settings are tried."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Time after which no new trial starts, minutes; None: no limit but `trials`. With it, the
    same inputs may give another result on a slower machine."""
    metric: Metric | None = None
    """Metric to optimise on the validation split; None: the gate's (`gate.metric`)."""
    parallel: Annotated[int, Field(ge=1, le=100)] = 1
    """Trials at the same time. With more than one, the order in which they end decides what is
    tried next, so the same inputs may give another result."""
    space: dict[str, SearchRange] = {}
    """Searched hyperparameters by name; a built-in learner brings its own."""


class LoweredFormat(StrEnum):
    """What computes the lowered form of a model."""

    numpy = "numpy"
    """NumPy, in float64."""
    onnx = "onnx"
    """ONNX Runtime, trees in float32; preparation in NumPy."""


class LoweringConfig(Section):
    """What a release's model is lowered to."""

    format: LoweredFormat = LoweredFormat.numpy
    """`numpy`, or `onnx`; where a form is not proven equal, the next simpler one serves: NumPy,
    then scikit-learn."""
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 1e-5
    """Largest difference of two probabilities, or of two numbers relative to the larger of the
    original's and 1, that a form in ONNX may have; one in NumPy: 1e-9."""
    flipped_labels: Annotated[float, Field(ge=0, lt=1)] = 0
    """Largest share of the compared rows that may have another label in ONNX, 0 to 1, where the
    probabilities are within the tolerance: ties."""


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
    lowering: LoweringConfig = LoweringConfig()
    """What the release's model is lowered to."""

    @model_validator(mode="after")
    def _something_to_search(self) -> Self:
        if self.tune is not None and not self.tune.space and self.learner is None:
            raise ValueError(
                "tune.space names nothing to search: name a hyperparameter of your function "
                "(depth: {low: 1, high: 9}), or leave out tune"
            )
        return self


def _shown(end: float | None) -> str:
    return "not given" if end is None else f"{end:g}"
