"""Checks of how good the model is by itself: floors, baseline, calibration."""

from collections.abc import Iterator

from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.gate.bound import lower_bound
from trimaran_runtime.gate.config import GateConfig, Metric
from trimaran_runtime.gate.wording import shown
from trimaran_runtime.registry.release import Check


def floors(evaluation: Evaluation, config: GateConfig) -> Iterator[Check]:
    """The floor of the metric that decides, then those of further metrics by name."""
    if config.floor is not None:
        found = evaluation.estimate.value
        yield _floor("floor", evaluation, evaluation.metric, found, config.floor)
    for metric, floor in config.floors.items():
        found = evaluation.metrics.get(metric)
        yield _floor(f"floor {metric}", evaluation, metric, found, floor)


def _floor(
    name: str, evaluation: Evaluation, metric: Metric, found: float | None, floor: float
) -> Check:
    higher = metric.higher_is_better
    passed = found is not None and (found >= floor if higher else found <= floor)
    sign = (">=" if higher else "<=") if passed else ("<" if higher else ">")
    return Check(
        name=name,
        passed=passed,
        detail=f"{metric} is undefined"
        if found is None
        else f"{metric} {found:.4g} {sign} {floor:g}",
        value=found,
        limit=floor,
        rows=evaluation.predictions.rows,
    )


def baseline(evaluation: Evaluation, config: GateConfig) -> Check:
    """Better than the best constant answer; simple rivals are reported beside it."""
    rival = evaluation.baseline
    bound = lower_bound(rival.gain, config.champion.alpha)
    constant = shown(rival.value)
    others = "".join(f", {name} {shown(one.value)}" for name, one in evaluation.rivals.items())
    return Check(
        name="baseline",
        passed=bound > 0,
        detail=(
            f"{evaluation.metric} {shown(evaluation.estimate.value)}, best constant {constant}, "
            f"gain {shown(rival.gain.value)} (at least {shown(bound)} at "
            f"{1 - config.champion.alpha:.0%} confidence){others}"
        ),
        value=rival.gain.value,
        limit=0.0,
        rows=evaluation.predictions.rows,
    )


def calibration(evaluation: Evaluation, limit: float | None) -> Check:
    """Predicted probabilities are what happens; None: reported only."""
    found = evaluation.calibration
    if found is None:
        return Check(
            name="calibration",
            passed=False,
            detail="calibration error is undefined: the answers are no probabilities",
            limit=limit,
        )
    detail = f"calibration error {found.corrected:.4f} [{found.low:.4f}, {found.high:.4f}]"
    passed = limit is None or found.corrected <= limit
    if limit is not None:
        detail += f" {'<=' if passed else '>'} {limit:g}"
    return Check(
        name="calibration",
        passed=passed,
        judged=limit is not None,
        detail=detail,
        value=found.corrected,
        limit=limit,
        rows=evaluation.predictions.rows,
    )
