"""One try of one setting, and what came of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from trimaran_runtime.errors import RuntimeFault, UserCodeError
from trimaran_runtime.training.config import Scalar
from trimaran_runtime.training.experiment import Experiment
from trimaran_runtime.training.search_record import State
from trimaran_runtime.training.trial import Pruned, Trial


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended.

    Attributes:
        state: complete, pruned or failed.
        value: the metric of a complete one.
        fault: why it failed; None: the metric is undefined on its predictions.
    """

    state: State
    value: float | None = None
    fault: RuntimeFault | None = None

    @property
    def line(self) -> str:
        """How it ended, for a person who watches."""
        if self.value is not None:
            return f"{self.state} {self.value:.6g}"
        if self.fault is not None:
            return f"{self.state}: {str(self.fault).splitlines()[0]}"
        return self.state if self.state is State.pruned else f"{self.state}: metric undefined"


def attempt(experiment: Experiment, parameters: Mapping[str, Scalar], trial: Trial) -> Outcome:
    """Fit a setting and measure it.

    What the user's function raises fails the trial: settings exist that a library refuses.

    Raises:
        ConfigError: whatever the setting, it could not have worked.
    """
    try:
        value = experiment.measure(parameters, trial)
    except Pruned:
        return Outcome(State.pruned)
    except UserCodeError as exc:
        return Outcome(State.failed, fault=exc)
    if math.isnan(value):
        return Outcome(State.failed)
    return Outcome(State.complete, value)
