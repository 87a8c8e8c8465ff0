"""How many rows each class has, by split."""

import numpy as np

from trimaran_runtime.data.config import DataConfig, Task
from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.finding import Finding, Severity, SplitClasses
from trimaran_runtime.validation.parts import Parts

_MOST_SHOWN = 5
_MOST_CLASSES = 100
"""More classes are refused elsewhere, and not counted here."""


def class_balance(
    columns: Columns, data: DataConfig, parts: Parts
) -> tuple[tuple[SplitClasses, ...], list[Finding]]:
    """Rows of each class by split, and a note that says so; nothing for regression."""
    encoded = columns.encoded(data.target) if data.task is Task.classification else None
    if encoded is None or not 2 <= len(encoded.levels) <= _MOST_CLASSES:
        return (), []
    names = [str(level) for level in encoded.levels.to_pylist()]
    order = sorted(range(len(names)), key=lambda place: names[place])
    counted = []
    for split in parts.sizes:
        counts = np.bincount(encoded.codes[parts.span(split)], minlength=len(names) + 1)
        classes = {names[place]: int(counts[place]) for place in order}
        counted.append(SplitClasses(split=split, classes=classes))
    return tuple(counted), [_note(tuple(counted), data.target)]


def _note(counted: tuple[SplitClasses, ...], target: str) -> Finding:
    total = dict.fromkeys(counted[0].classes, 0)
    for entry in counted:
        for label, rows in entry.classes.items():
            total[label] += rows
    shown = sorted(total, key=lambda label: (-total[label], label))[:_MOST_SHOWN]
    parts = [
        f"{label} {'/'.join(f'{_share(entry, label):.1%}' for entry in counted)}" for label in shown
    ]
    more = f" and {len(total) - len(shown)} more" if len(total) > len(shown) else ""
    names = "/".join(entry.split for entry in counted)
    return Finding(
        severity=Severity.note,
        check="balance",
        column=target,
        evidence=f"shares of the classes ({names}): {', '.join(parts)}{more}",
    )


def _share(entry: SplitClasses, label: str) -> float:
    return entry.classes[label] / max(1, sum(entry.classes.values()))
