"""Which of the columns that moved matter to the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimaran_runtime.drift.verdict import ColumnVerdict, Verdict

if TYPE_CHECKING:
    from trimaran_runtime.drift.classifier_verdict import ClassifierVerdict

LEAST_LOSS = 0.02
"""Area that the classifier has to lose without a column before the column is a cause by that alone:
what it loses without a column that nothing happened to stays below (tests)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A column that drifted, or by which a classifier tells the rows apart.

    Attributes:
        column: its name.
        share: importance times effect and influence, as a share of the sum over all columns, 0 to
            1; where no importance is known, all columns are as important.
        importance: share of all columns' importance, 0 to 1; 0: none, or it is not known.
        effect: its largest effect in units of its tolerance; 1 and more can be drift.
        influence: what the area of the classifier that found drift loses without it; 0: no such
            classifier, or it does not rest on it.
        sentence: all this in words.
    """

    column: str
    share: float
    importance: float
    effect: float
    influence: float
    sentence: str


def causes(verdict: Verdict, importances: Mapping[str, float]) -> tuple[Cause, ...]:
    """Columns that moved, by importance times how far they moved, largest first.

    How far is the column's own effect and what the domain classifier makes of it, each in units of
    its tolerance: so a column that moved with another one only is among them, and of two columns
    that moved alike the one that explains the shift comes first.

    Args:
        verdict: of reference and current rows.
        importances: what the model makes of each column, on any scale, such as the mean absolute
            contributions of a release's explanation; a column that is not named has none.
    """
    known = {name: max(value, 0.0) for name, value in importances.items()}
    whole = sum(known.values())
    judged = {column.column: column for column in verdict.columns}
    losses = _losses(verdict.classifier)
    moved = [
        name
        for name, column in judged.items()
        if column.severity.drifted or losses.get(name, 0.0) >= LEAST_LOSS
    ]
    importance = {name: known.get(name, 0.0) / whole if whole else 0.0 for name in moved}
    reach = {name: judged[name].ratio + _ratio(verdict.classifier, losses, name) for name in moved}
    weight = {name: reach[name] * (importance[name] if whole else 1.0) for name in moved}
    total = sum(weight.values()) or 1.0
    return tuple(
        Cause(
            column=name,
            share=weight[name] / total,
            importance=importance[name],
            effect=judged[name].ratio,
            influence=losses.get(name, 0.0),
            sentence=_sentence(
                judged[name],
                importance[name] if whole else None,
                verdict.classifier if losses.get(name, 0.0) >= LEAST_LOSS else None,
                losses.get(name, 0.0),
            ),
        )
        for name in sorted(moved, key=lambda name: (-weight[name], -reach[name], name))
    )


def _losses(classifier: "ClassifierVerdict | None") -> dict[str, float]:
    if classifier is None or not classifier.severity.drifted:
        return {}
    return {one.column: max(one.loss, 0.0) for one in classifier.influences}


def _ratio(classifier: "ClassifierVerdict | None", losses: Mapping[str, float], name: str) -> float:
    """Influence in units of what is tolerated of the area: beyond one half, which is chance."""
    if classifier is None:
        return 0.0
    return losses.get(name, 0.0) / max(classifier.tolerance - 0.5, 1e-9)


def _sentence(
    column: ColumnVerdict,
    importance: float | None,
    classifier: "ClassifierVerdict | None",
    loss: float,
) -> str:
    made = "" if importance is None else f", which makes {importance:.0%} of the model's answers"
    told = column.sentence if column.severity.drifted else "it did not drift by itself"
    by = ""
    if classifier is not None:
        by = (
            f"; a classifier tells the rows apart by it (AUC {classifier.auc:.2f}, "
            f"{loss:.2f} less without it)"
        )
    return f"{column.column}{made}: {told}{by}"
