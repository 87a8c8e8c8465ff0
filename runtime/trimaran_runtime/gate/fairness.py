"""The gate's rule for groups: no two may be further apart than allowed, unless by accident."""

from collections.abc import Iterator

from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.gate.segments import holm
from trimaran_runtime.registry.release import Check


def fairness_checks(evaluation: Evaluation, config: GateConfig) -> Iterator[Check]:
    """One check per column; nothing without `gate.fairness`."""
    rule = config.fairness
    if rule is None:
        return
    gaps = {
        column.column: gap
        for column in evaluation.fairness
        for gap in column.gaps
        if gap.rate is rule.rate
    }
    chance = {name: gap.chance for name, gap in gaps.items()}
    significant = holm(chance, config.champion.alpha)
    for column in evaluation.fairness:
        gap = gaps.get(column.column)
        name = f"fairness {column.column}"
        if gap is None:
            detail = f"no two groups with {config.segments.min_rows} rows: not judged"
            yield Check(name=name, passed=True, judged=False, detail=detail)
            continue
        refused = gap.difference > rule.max_difference and column.column in significant
        detail = (
            f"{rule.rate} of {gap.highest} is {gap.difference:.4f} "
            f"[{gap.low:.4f}, {gap.high:.4f}] above that of {gap.lowest}"
        )
        if refused:
            detail += f" > {rule.max_difference:g}"
        elif gap.high > rule.max_difference:
            detail += f"; a difference above {rule.max_difference:g} cannot be ruled out"
        yield Check(
            name=name,
            passed=not refused,
            detail=detail,
            value=gap.difference,
            limit=rule.max_difference,
            rows=sum(level.rows for level in column.levels),
        )
    if not evaluation.fairness:
        detail = "nothing to compare: no column is named, or there are not two classes"
        yield Check(name="fairness", passed=False, detail=detail, limit=rule.max_difference)
