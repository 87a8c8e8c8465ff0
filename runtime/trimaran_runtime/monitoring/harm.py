"""Whether the model is worse now, as far as its own scores tell: there are no labels yet."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from trimaran_runtime.drift.bound import quantile
from trimaran_runtime.drift.estimated_performance import METRICS, Rates, expect
from trimaran_runtime.drift.score_table import ScoreTable
from trimaran_runtime.evaluation.estimate import Estimate as Measured
from trimaran_runtime.gate.config import Metric

if TYPE_CHECKING:
    from trimaran_runtime.registry.release import Release

_HARMLESS = 0.02
"""Worse by at most this much, for sure, is no harm: absolute; relative of losses and errors."""
_YEAR_HOURS = 8766
_YEARLY_RISK = 0.01
_RELATIVE = frozenset({Metric.log_loss, Metric.rmse, Metric.mae})


def allowance(metric: Metric, before: float) -> float:
    """How much worse than before is no harm yet, in the metric's unit."""
    return _HARMLESS * (abs(before) if metric in _RELATIVE else 1)


def surely_worse(metric: Metric, now: Measured, before: float, every_hours: float) -> bool:
    """Whether labels show that a metric is worse than before by more than is tolerated.

    Each part of time is a further look, and of 365 intervals at 95 % some miss: parts of 100 rows
    would call a model that is what it was worse two or three times a year. So the interval is
    widened until all parts of a year together have a risk of 1 % (Bonferroni), by normal quantiles.

    Args:
        metric: which one.
        now: on the labelled rows of a part, with its 95 % interval.
        before: on the test rows.
        every_hours: length of a part, in hours.
    """
    if now.value is None or now.low is None or now.high is None:
        return False
    higher = metric.higher_is_better
    best, sign = (now.high, 1) if higher else (now.low, -1)
    looks = max(1.0, _YEAR_HOURS / every_hours)
    reach = quantile(_YEARLY_RISK / looks) / quantile(0.025)
    best = now.value + (best - now.value) * reach
    return sign * (before - best) > allowance(metric, before)


class Method(StrEnum):
    """How performance is estimated without labels."""

    cbpe = "cbpe"
    """Classes are as likely at each score as they were among the test rows."""
    pape = "pape"
    """As they were among the test rows, weighted to look like the rows of the window."""


_BY = {
    Method.cbpe: "CBPE: by the test rows of each score",
    Method.pape: "PAPE: by the test rows of each score, weighted because the inputs moved",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Performance in the window, estimated without labels.

    Attributes:
        metric: the one that the gate decided by; accuracy where that cannot be estimated.
        value: what is expected.
        low, high: 95 % interval of what labels will show.
        before: on the reference's test rows.
        harm: True: the whole interval is worse than the whole interval of before. False: none of
            it is worse than before by more than 0.02 (log loss: 2 %). None: it may be either.
        method: how it was estimated.
        sentence: all this in words.
    """

    metric: Metric
    value: float
    low: float
    high: float
    before: float
    harm: bool | None
    method: Method
    sentence: str


def estimate(
    release: "Release",
    reference: ScoreTable,
    current: ScoreTable,
    weighted: Rates | None = None,
) -> Estimate | None:
    """What the scores tell of the performance; None: nothing.

    Args:
        release: the release; its gate's metric is the one that counts.
        reference: predictions on the test rows, with their true classes.
        current: predictions in the window, in the reference's bins.
        weighted: rates of test rows that are weighted to look like the window's; None: the inputs
            did not move, or it is not known.
    """
    wanted = release.verdict.metric
    metric = Metric(wanted) if wanted in set(METRICS) else Metric.accuracy
    rates = Rates.of(reference)
    now, then = expect(current, weighted or rates)[metric], expect(reference, rates)[metric]
    method = Method.cbpe if weighted is None else Method.pape
    if now.value is None or now.low is None or now.high is None:
        return None
    if then.value is None or then.low is None or then.high is None:
        return None
    worst, best_now = (now.low, now.high) if metric.higher_is_better else (now.high, now.low)
    worst_before = then.low if metric.higher_is_better else then.high
    sign = 1 if metric.higher_is_better else -1
    allowed = allowance(metric, then.value)
    harm: bool | None = None
    if sign * (worst_before - best_now) > 0:
        harm = True
    elif sign * (then.value - worst) <= allowed:
        harm = False
    said = {True: "surely worse than", None: "perhaps worse than"}
    word = f"at most {allowed:.2g} worse than" if harm is False else said[harm]
    return Estimate(
        metric=metric,
        value=now.value,
        low=now.low,
        high=now.high,
        before=then.value,
        harm=harm,
        method=method,
        sentence=(
            f"{metric} is estimated at {now.value:.3f} ({now.low:.3f} to {now.high:.3f}), "
            f"{word} the {then.value:.3f} of the test rows ({_BY[method]})"
        ),
    )
