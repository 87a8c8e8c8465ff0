"""The gate's rule for itself: no looser than for the model in production without a reason.

Whoever may edit the spec may edit the gate. It cannot be kept from them, but it can be seen: a
looser gate refuses until `gate.loosened_because` says why, and that is in the release.
"""

from collections.abc import Iterator

from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.gate.config import FairnessRule, GateConfig, Metric
from trimaran_runtime.gate.record import GateRecord
from trimaran_runtime.registry.release import Check


def thresholds(evaluation: Evaluation, rules: GateRecord) -> Check:
    """Check the rules themselves against those that the model in production passed."""
    champion = evaluation.champion
    if champion is None or champion.gate is None:
        detail = (
            "nothing is in production" if champion is None else "production's are not on record"
        )
        return Check(name="thresholds", passed=True, judged=False, detail=detail)
    before = champion.gate
    found = list(loosened(before, rules))
    reason = rules.gate.loosened_because
    if not found:
        detail, passed = "no looser than those that production passed", True
    elif not reason:
        detail = f"{'; '.join(found)}. Say why in gate.loosened_because"
        passed = False
    elif reason == before.gate.loosened_because:
        detail = (
            f"{'; '.join(found)}. gate.loosened_because is still the reason of an earlier change"
        )
        passed = False
    else:
        detail, passed = f"{'; '.join(found)}, because: {reason}", True
    return Check(name="thresholds", passed=passed, detail=detail, value=len(found), limit=0)


def loosened(before: GateRecord, now: GateRecord) -> Iterator[str]:
    """What the second set of rules asks less of, in words; nothing when it asks as much or more."""
    old, new = before.gate, now.gate
    if old.metric is not new.metric:
        yield f"metric {old.metric} → {new.metric}"
    else:
        yield from _floor("floor", old.metric, old.floor, new.floor)
    for metric, floor in old.floors.items():
        yield from _floor(f"floors.{metric}", metric, floor, new.floors.get(metric))
    if old.baseline and not new.baseline:
        yield "baseline was turned off"
    yield from _champion_and_segments(old, new, compares_segments=bool(before.segments))
    gone = [name for name in before.segments if name not in now.segments]
    if gone:
        yield f"data.segments lost {', '.join(gone)}"
    yield from _fairness(before, now)
    for field in ("max_calibration_error", "max_latency_ms", "max_size_mib"):
        yield from _ceiling(field, getattr(old, field), getattr(new, field))


def _champion_and_segments(
    old: GateConfig, new: GateConfig, *, compares_segments: bool
) -> Iterator[str]:
    if new.champion.must_beat_by < old.champion.must_beat_by:
        yield _change("champion.must_beat_by", old.champion.must_beat_by, new.champion.must_beat_by)
    # A larger alpha lets more through by chance; a smaller one overlooks more drops in segments.
    was, now = old.champion.alpha, new.champion.alpha
    if now > was or (compares_segments and now < was):
        yield _change("champion.alpha", was, now)
    yield from _ceiling("segments.max_drop", old.segments.max_drop, new.segments.max_drop)
    yield from _ceiling("segments.min_rows", old.segments.min_rows, new.segments.min_rows)


def _fairness(before: GateRecord, now: GateRecord) -> Iterator[str]:
    old, new = before.gate.fairness, now.gate.fairness
    if old is None:
        return
    if new is None or new.rate is not old.rate:
        yield f"fairness {_rule(old)} → {_rule(new)}"
        return
    yield from _ceiling("fairness.max_difference", old.max_difference, new.max_difference)
    gone = [name for name in before.fairness if name not in now.fairness]
    if gone:
        yield f"evaluation.fairness lost {', '.join(gone)}"


def _rule(rule: FairnessRule | None) -> str:
    return "none" if rule is None else f"{rule.rate} {rule.max_difference:g}"


def _floor(name: str, metric: Metric, old: float | None, new: float | None) -> Iterator[str]:
    if old is None:
        return
    sign = 1 if metric.higher_is_better else -1
    if new is None or sign * new < sign * old:
        yield _change(name, old, new)


def _ceiling(name: str, old: float | None, new: float | None) -> Iterator[str]:
    if old is not None and (new is None or new > old):
        yield _change(name, old, new)


def _change(name: str, old: float, new: float | None) -> str:
    return f"{name} {old:g} → {'none' if new is None else f'{new:g}'}"
