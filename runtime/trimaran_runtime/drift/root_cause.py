"""Which of the columns that drifted matter to the model."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimaran_runtime.drift.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A column that drifted.

    Attributes:
        column: its name.
        share: importance times effect, as a share of the sum over all columns, 0 to 1.
        importance: share of all columns' importance, 0 to 1.
        effect: its largest effect in units of its tolerance; 1 and more can be drift.
        sentence: all this in words.
    """

    column: str
    share: float
    importance: float
    effect: float
    sentence: str


def causes(verdict: Verdict, importances: Mapping[str, float]) -> tuple[Cause, ...]:
    """Columns that drifted, by importance times effect, largest first.

    Args:
        verdict: of reference and current rows.
        importances: what the model makes of each column, on any scale, such as the mean absolute
            contributions of a release's explanation; a column that is not named has none.
    """
    known = {name: max(value, 0.0) for name, value in importances.items()}
    moved = {column.column: column for column in verdict.columns if column.severity.drifted}
    whole = sum(known.values()) or 1.0
    weight = {name: known.get(name, 0.0) / whole * moved[name].ratio for name in moved}
    total = sum(weight.values()) or 1.0
    return tuple(
        Cause(
            column=name,
            share=weight[name] / total,
            importance=known.get(name, 0.0) / whole,
            effect=moved[name].ratio,
            sentence=(
                f"{name}, which makes {known.get(name, 0.0) / whole:.0%} of the model's answers: "
                f"{moved[name].sentence}"
            ),
        )
        for name in sorted(moved, key=lambda name: (-weight[name], -moved[name].ratio, name))
    )
