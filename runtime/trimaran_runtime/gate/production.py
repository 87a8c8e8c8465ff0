"""Checks against the model in production: better than it, and a drop-in for its callers."""

from trimaran_runtime.evaluation.champion_result import ChampionResult
from trimaran_runtime.evaluation.estimate import Gain
from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.gate.bound import lower_bound
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.gate.wording import shown
from trimaran_runtime.registry.release import SHORT, Check


def champion(evaluation: Evaluation, config: GateConfig) -> Check:
    """Better than the model in production by more than chance, on the same rows."""
    champion, rows = evaluation.champion, evaluation.predictions.rows
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
        detail = f"production ({name}) cannot be compared: {champion.incompatible}"
        return Check(name="champion", passed=False, detail=detail, rows=rows)
    return _compared(evaluation, champion, champion.gain, config)


def interface(evaluation: Evaluation) -> Check:
    """Whoever calls the model in production can call the new one the same way."""
    champion = evaluation.champion
    if champion is None or champion.interface is None:
        return Check(
            name="interface", passed=True, judged=False, detail="no model in production to replace"
        )
    found = champion.interface
    told = [f"column {name} is gone" for name in found.gone]
    told += [f"column {name} was retyped: {types}" for name, types in found.retyped.items()]
    told += [found.answers] if found.answers else []
    noted = f"takes {', '.join(found.added)} in addition" if found.added else ""
    return Check(
        name="interface",
        passed=not told,
        detail="; ".join(told) or noted or "takes and gives what production does",
        value=len(told),
        limit=0,
    )


def _compared(
    evaluation: Evaluation, champion: ChampionResult, gain: Gain, config: GateConfig
) -> Check:
    limit, alpha = config.champion.must_beat_by, config.champion.alpha
    bound = lower_bound(gain, alpha)
    numbers = (
        f"{evaluation.metric} {shown(evaluation.estimate.value)}, "
        f"production ({champion.release[:SHORT]}) {shown(champion.value)}"
    )
    confidence = f"at {1 - alpha:.0%} confidence"
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
        rows=evaluation.predictions.rows,
    )
