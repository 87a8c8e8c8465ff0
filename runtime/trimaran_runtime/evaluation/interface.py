"""What a new model asks of its callers that the model in production did not."""

from trimaran_runtime.evaluation.champion_result import InterfaceChange
from trimaran_runtime.registry.release import Signature

_WIDER = {("integer", "number"), ("category", "text"), ("text", "category")}
"""Types that take every value of the type before: both kinds of text are text to a caller."""


def interface_change(before: Signature, after: Signature) -> InterfaceChange:
    """Compare two signatures by the names of their columns; their order is no difference.

    Args:
        before: of the model in production.
        after: of the new model.
    """
    old = {feature.name: feature.type for feature in before.features}
    new = {feature.name: feature.type for feature in after.features}
    retyped = {
        name: f"{kind} → {new[name]}"
        for name, kind in old.items()
        if name in new and new[name] != kind and (kind, new[name]) not in _WIDER
    }
    answers = []
    if (before.target, before.task) != (after.target, after.task):
        answers.append(f"{before.target} ({before.task}) → {after.target} ({after.task})")
    if before.classes != after.classes:
        answers.append(f"classes {list(before.classes)} → {list(after.classes)}")
    return InterfaceChange(
        gone=tuple(name for name in old if name not in new),
        retyped=retyped,
        added=tuple(name for name in new if name not in old),
        answers="; ".join(answers),
    )
