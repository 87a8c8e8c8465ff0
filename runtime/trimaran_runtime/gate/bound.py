"""How much a gain is at least."""

import math

from trimaran_runtime.evaluation.estimate import Gain
from trimaran_runtime.evaluation.uncertainty import quantile


def lower_bound(gain: Gain, alpha: float) -> float:
    """One-sided lower confidence bound of a gain; NaN (which exceeds nothing) when undefined."""
    if gain.value is None or gain.standard_error is None:
        return math.nan
    return gain.value - quantile(1 - alpha) * gain.standard_error
