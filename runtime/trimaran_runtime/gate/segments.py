"""The gate's rule for segments: no level may lose more than allowed, unless by accident."""

from trimaran_runtime.evaluation.champion_result import VanishedSegment
from trimaran_runtime.evaluation.evaluation import Evaluation, SegmentResult
from trimaran_runtime.evaluation.uncertainty import quantile, tail
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.gate.wording import shown
from trimaran_runtime.registry.release import Check

_SMALLEST_P = 1e-6
"""The normal distribution says little about how small a smaller p-value is."""


def segment_checks(evaluation: Evaluation, config: GateConfig) -> list[Check]:
    """One check per segment level that the evaluation lists, judged or only reported."""
    judged = [
        segment
        for segment in evaluation.segments
        if segment.rows >= config.segments.min_rows and _drop(segment) is not None
    ]
    chance = {segment.name: tail(_drop(segment) or 0.0, _error(segment)) for segment in judged}
    significant = holm(chance, config.champion.alpha)
    champion = evaluation.champion
    compared = champion is not None and champion.gain is not None
    vanished = champion.vanished if champion else ()
    gone = {segment.name for segment in vanished}
    return [
        *(
            _judged_segment(segment, evaluation, config, chance[segment.name], significant)
            if segment.name in chance
            else _reported_segment(segment, evaluation, config, compared=compared)
            for segment in evaluation.segments
            if segment.name not in gone
        ),
        *(_vanished_segment(segment, config) for segment in vanished),
    ]


def holm(chance: "dict[str, float]", alpha: float) -> set[str]:
    """Names whose drop is no accident, with at most `alpha` risk of one false name in all.

    Holm's step-down test (1979) of one-sided p-values.
    """
    significant: set[str] = set()
    ranked = sorted(chance, key=lambda name: chance[name])
    for place, name in enumerate(ranked):
        if not chance[name] <= alpha / (len(ranked) - place):
            break
        significant.add(name)
    return significant


def _judged_segment(
    segment: SegmentResult,
    evaluation: Evaluation,
    config: GateConfig,
    chance: float,
    significant: set[str],
) -> Check:
    limit = config.segments.max_drop
    drop = _drop(segment) or 0.0
    refused = drop > limit and segment.name in significant
    detail = (
        f"{evaluation.metric} {shown(segment.estimate.value)}, "
        f"production {shown(segment.champion)}, "
    )
    if refused:
        detail += f"drop {drop:.4f} > {limit:g} (n={segment.rows}, {_chance(chance)})"
    else:
        most = drop + quantile(1 - config.champion.alpha) * _error(segment)
        detail += f"drop {max(drop, 0.0):.4f}" if drop > 0 else "no drop"
        if most > limit:
            detail += (
                f"; {segment.rows} rows cannot rule out a drop of {most:.4f} (limit {limit:g})"
            )
    return Check(
        name=f"segment {segment.name}",
        passed=not refused,
        detail=detail,
        value=drop,
        limit=limit,
        rows=segment.rows,
    )


def _reported_segment(
    segment: SegmentResult, evaluation: Evaluation, config: GateConfig, *, compared: bool
) -> Check:
    measured = f"{evaluation.metric} {shown(segment.estimate.value)}"
    if not compared:
        reason = "no champion to compare with"
    elif segment.rows < config.segments.min_rows:
        reason = f"{segment.rows} rows, fewer than {config.segments.min_rows}: not judged"
    else:
        reason = f"{evaluation.metric} is undefined there (one class alone?): not judged"
    return Check(
        name=f"segment {segment.name}",
        passed=True,
        judged=False,
        detail=f"{measured}; {reason}",
        value=segment.estimate.value,
        rows=segment.rows,
    )


def _vanished_segment(segment: VanishedSegment, config: GateConfig) -> Check:
    """Whoever leaves out the rows of a segment hides how the model does there."""
    return Check(
        name=f"segment {segment.name}",
        passed=False,
        detail=f"{segment.rows} test rows, production was judged on {segment.before}: how the "
        "model does there cannot be told. Put them back, or override it where they are gone "
        "for good",
        value=segment.rows,
        limit=config.segments.min_rows / 2,
        rows=segment.rows,
    )


def _drop(segment: SegmentResult) -> float | None:
    if segment.gain is None or segment.gain.value is None:
        return None
    return -segment.gain.value


def _error(segment: SegmentResult) -> float:
    """Standard error of a segment's drop; 0 when unknown, so that a large drop is not excused."""
    error = segment.gain.standard_error if segment.gain else None
    return 0.0 if error is None else error


def _chance(probability: float) -> str:
    return f"p={probability:.2g}" if probability >= _SMALLEST_P else f"p<{_SMALLEST_P:g}"
