"""The gate's decision: every check with its numbers, and a verdict that no undefined number passes.

How much is enough:

* champion and baseline: the one-sided lower confidence bound of the gain must exceed the limit. A
  model that is not shown to be better does not replace one that works; a tie is refused.
* segments and groups: a level is refused when its drop exceeds the limit *and* is no accident:
  Holm's test (1979) over all judged levels at `champion.alpha`. Without the second condition the
  smallest levels of an equal model would refuse it by chance. A level that passes on too few rows
  to rule out a larger drop says so in its detail.
* everything else: the number itself against its limit.
"""

from collections.abc import Iterator, Sequence

from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.evaluation.latency import Latency
from trimaran_runtime.gate import budgets, evidence, production, quality
from trimaran_runtime.gate.fairness import fairness_checks
from trimaran_runtime.gate.record import GateRecord
from trimaran_runtime.gate.segments import segment_checks
from trimaran_runtime.gate.thresholds import thresholds
from trimaran_runtime.registry.release import Check, Verdict
from trimaran_runtime.validation.finding import Findings


def judge(
    evaluation: Evaluation, findings: Findings, rules: GateRecord, latency: Latency | None = None
) -> Verdict:
    """Decide whether a model may be released.

    Args:
        evaluation: what was measured on the test rows.
        findings: what validation found in the data.
        rules: what the model must show.
        latency: how long it takes to answer; None: not measured, which no latency budget passes.
    """
    checks = tuple(_checks(evaluation, findings, rules, latency))
    estimate = evaluation.estimate
    interval = None
    if estimate.low is not None and estimate.high is not None:
        interval = (estimate.low, estimate.high)
    return Verdict(
        accepted=not failed(checks),
        metric=evaluation.metric.value,
        value=estimate.value,
        interval=interval,
        checks=checks,
        champion=evaluation.champion.release if evaluation.champion else None,
    )


def failed(checks: Sequence[Check]) -> list[Check]:
    """The checks that refuse."""
    return [check for check in checks if check.judged and not check.passed]


def _checks(
    evaluation: Evaluation, findings: Findings, rules: GateRecord, latency: Latency | None
) -> Iterator[Check]:
    config = rules.gate
    yield evidence.validation(findings)
    yield evidence.leaks(findings)
    yield evidence.held_out(evaluation)
    yield evidence.finite(evaluation)
    yield evidence.varying(evaluation)
    if evaluation.reproduced is not None:
        yield evidence.reproduced(equal=evaluation.reproduced)
    yield from quality.floors(evaluation, config)
    if config.baseline:
        yield quality.baseline(evaluation, config)
    if evaluation.calibration is not None or config.max_calibration_error is not None:
        yield quality.calibration(evaluation, config.max_calibration_error)
    yield from fairness_checks(evaluation, config)
    yield from budgets.size(evaluation, config)
    yield from budgets.latency(latency, config)
    yield production.champion(evaluation, config)
    yield production.interface(evaluation)
    yield thresholds(evaluation, rules)
    yield from segment_checks(evaluation, config)
