"""The `evaluation` section: what is measured beside what the gate decides by."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimaran_runtime.section import Section

Cost = Annotated[float, Field(gt=0)]


class Aim(StrEnum):
    """What the threshold between two classes is chosen for."""

    f1 = "f1"
    """The largest F1 of the second class."""
    youden = "youden"
    """The largest true positive rate less false positive rate (Youden's J, 1950)."""
    cost = "cost"
    """The least cost, from the costs of the two kinds of error."""


class ThresholdRule(Section):
    """How the threshold between two classes is chosen, on the validation rows alone."""

    aim: Aim = Aim.f1
    """`f1`, `youden` or `cost`."""
    false_positive_cost: Cost = 1.0
    """Cost of a false positive; only its ratio to the other counts, and only for `cost`."""
    false_negative_cost: Cost = 1.0
    """Cost of a false negative."""


class EvaluationConfig(Section):
    """What is measured beside what the gate decides by; reported in the release."""

    threshold: ThresholdRule = ThresholdRule()
    """The probability from which a row is called positive; problems of two classes only."""
    fairness: tuple[str, ...] | None = None
    """Columns whose levels are compared by selection rate, true and false positive rate; none:
    `data.segments`."""
