"""The gate's decision: every check with its numbers, and a verdict that no undefined number passes.

How much is enough:

* champion and baseline: the one-sided lower confidence bound of the gain must exceed the limit. A
  model that is not shown to be better does not replace one that works; a tie is refused.
* segments: a level is refused when its drop exceeds `max_drop` *and* is no accident: Holm's test
  (1979) over all judged levels at `champion.alpha`. Without the second condition the smallest
  levels of an equal model would refuse it by chance. A level that passes on too few rows to rule
  out a larger drop says so in its detail.
"""

import math
from collections.abc import Sequence

from trimaran_runtime.evaluation.evaluation import Evaluation, Gain
from trimaran_runtime.evaluation.uncertainty import quantile
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.gate.segments import segment_checks
from trimaran_runtime.gate.wording import shown
from trimaran_runtime.registry.release import SHORT, Check, Verdict
from trimaran_runtime.validation.finding import Findings


def judge(evaluation: Evaluation, findings: Findings, config: GateConfig) -> Verdict:
    """Decide whether a model may be released.

    Args:
        evaluation: what was measured on the test rows.
        findings: what validation found in the data.
        config: what the model must show.
    """
    checks = [_validation(findings), _finite(evaluation), _varying(evaluation)]
    if config.floor is not None:
        checks.append(_floor(evaluation, config.floor))
    if config.baseline:
        checks.append(_baseline(evaluation, config))
    checks.append(_champion(evaluation, config))
    checks += segment_checks(evaluation, config)
    estimate = evaluation.estimate
    interval = None
    if estimate.low is not None and estimate.high is not None:
        interval = (estimate.low, estimate.high)
    return Verdict(
        accepted=all(check.passed for check in checks if check.judged),
        metric=evaluation.metric.value,
        value=estimate.value,
        interval=interval,
        checks=tuple(checks),
        champion=evaluation.champion.release if evaluation.champion else None,
    )


def _validation(findings: Findings) -> Check:
    return Check(
        name="validation",
        passed=not findings.errors,
        detail=f"{findings.summary} in {findings.rows} rows",
        value=len(findings.errors),
        limit=0,
    )


def _finite(evaluation: Evaluation) -> Check:
    found = evaluation.predictions
    return Check(
        name="finite predictions",
        passed=found.not_finite == 0,
        detail=f"{found.not_finite} of {found.rows} predictions are NaN or infinite",
        value=found.not_finite,
        limit=0,
        rows=found.rows,
    )


def _varying(evaluation: Evaluation) -> Check:
    found = evaluation.predictions
    detail = (
        f"{found.distinct} distinct predictions"
        if found.distinct > 1
        else "predicts the same for every row"
        if found.distinct
        else "no prediction is finite"
    )
    return Check(
        name="varying predictions",
        passed=found.distinct > 1,
        detail=detail,
        value=found.distinct,
        limit=2,
        rows=found.rows,
    )


def _floor(evaluation: Evaluation, floor: float) -> Check:
    higher = evaluation.metric.higher_is_better
    found = evaluation.estimate.value
    passed = found is not None and (found >= floor if higher else found <= floor)
    sign = (">=" if higher else "<=") if passed else ("<" if higher else ">")
    detail = (
        f"{evaluation.metric} is undefined"
        if found is None
        else f"{evaluation.metric} {found:.4g} {sign} {floor:g}"
    )
    return Check(
        name="floor",
        passed=passed,
        detail=detail,
        value=found,
        limit=floor,
        rows=evaluation.predictions.rows,
    )


def _baseline(evaluation: Evaluation, config: GateConfig) -> Check:
    rival = evaluation.baseline
    bound = _lower_bound(rival.gain, config.champion.alpha)
    passed = bound > 0
    constant = shown(rival.value)
    detail = (
        f"{evaluation.metric} {shown(evaluation.estimate.value)}, best constant {constant}, "
        f"gain {shown(rival.gain.value)} (at least {shown(bound)} at "
        f"{1 - config.champion.alpha:.0%} confidence)"
    )
    return Check(
        name="baseline",
        passed=passed,
        detail=detail,
        value=rival.gain.value,
        limit=0.0,
        rows=evaluation.predictions.rows,
    )


def _champion(evaluation: Evaluation, config: GateConfig) -> Check:
    champion, limit = evaluation.champion, config.champion.must_beat_by
    rows = evaluation.predictions.rows
    if champion is None:
        return Check(
            name="champion", passed=True, judged=False, detail="nothing is in production", rows=rows
        )
    name = champion.release[:SHORT]
    if champion.same_model:
        return Check(
            name="champion", passed=True, detail=f"same model as production ({name})", rows=rows
        )
    if champion.lost:
        detail = f"production ({name}) is lost, nothing to compare with: {champion.lost}"
        return Check(name="champion", passed=False, judged=False, detail=detail, rows=rows)
    if champion.gain is None:
        detail = (
            f"production ({name}) cannot be compared: {champion.incompatible}. "
            "Keep the columns it needs in the table, listed in data.exclude"
        )
        return Check(name="champion", passed=False, detail=detail, rows=rows)
    gain = champion.gain
    bound = _lower_bound(gain, config.champion.alpha)
    numbers = (
        f"{evaluation.metric} {shown(evaluation.estimate.value)}, "
        f"production ({name}) {shown(champion.value)}"
    )
    confidence = f"at {1 - config.champion.alpha:.0%} confidence"
    if bound > limit:
        detail = f"{numbers}, gain {shown(gain.value)}, at least {shown(bound)} {confidence}"
    elif gain.value == 0 and gain.standard_error == 0:
        detail = f"{numbers}: a tie on the same rows; nothing is gained by replacing it"
    elif gain.value is not None and gain.value > limit:
        detail = (
            f"{numbers}, gain {gain.value:.4f} may be chance: at least {shown(bound)} "
            f"{confidence}, wanted more than {limit:g}"
        )
    else:
        detail = f"{numbers}, gain {shown(gain.value)}, wanted more than {limit:g}"
    return Check(
        name="champion",
        passed=bound > limit,
        detail=detail,
        value=gain.value,
        limit=limit,
        rows=rows,
    )


def failed(checks: Sequence[Check]) -> list[Check]:
    """The checks that refuse."""
    return [check for check in checks if check.judged and not check.passed]


def _lower_bound(gain: Gain, alpha: float) -> float:
    """One-sided lower confidence bound of a gain; NaN (which exceeds nothing) when undefined."""
    if gain.value is None or gain.standard_error is None:
        return math.nan
    return gain.value - quantile(1 - alpha) * gain.standard_error
