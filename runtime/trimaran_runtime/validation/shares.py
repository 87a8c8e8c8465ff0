"""Splits that nothing can be learned from or judged on: empty ones, and ones without a class."""

import numpy as np

from trimaran_runtime.data.config import DataConfig, Task
from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.parts import Parts
from trimaran_runtime.validation.target import FEWEST_OF_A_CLASS, MOST_CLASSES

_MOST_SHOWN = 5


def empty_splits(parts: Parts) -> list[Finding]:
    """Splits without a row."""
    rows = sum(parts.sizes.values())
    how = f", split by {parts.by}" if parts.by else ""
    left_out = f"; left out: {parts.left_out}" if parts.left_out else ""
    return [
        Finding(
            severity=Severity.error,
            check="splits",
            column=None,
            evidence=f"the {name} split has no rows (of {rows:,}{how}{left_out})",
            advice="give it a larger share in data.split, or more rows; rows of one instant or one "
            "group stay together",
        )
        for name, size in parts.sizes.items()
        if not size
    ]


def lost_classes(columns: Columns, data: DataConfig, parts: Parts) -> list[Finding]:
    """Splits that lack a class; classes too rare to be in every split are told of elsewhere."""
    if data.task is not Task.classification:
        return []
    encoded = columns.encoded(data.target)
    if not 2 <= len(encoded.levels) <= MOST_CLASSES:
        return []
    levels = encoded.levels.to_pylist()
    counts = {
        name: np.bincount(encoded.codes[parts.span(name)], minlength=len(levels) + 1)[:-1]
        for name, size in parts.sizes.items()
        if size
    }
    total = sum(counts.values())
    found = []
    for name, held in counts.items():
        lost = [levels[code] for code in np.flatnonzero((held == 0) & (total >= FEWEST_OF_A_CLASS))]
        if lost:
            shown = ", ".join(sorted(repr(label) for label in lost)[:_MOST_SHOWN])
            more = f" and {len(lost) - _MOST_SHOWN} more" if len(lost) > _MOST_SHOWN else ""
            found.append(
                Finding(
                    severity=Severity.error,
                    check="splits",
                    column=data.target,
                    evidence=f"the {name} split ({parts.sizes[name]:,} rows) has no row of class "
                    f"{shown}{more}",
                    advice="give it a larger share in data.split, merge rare classes, or set "
                    "data.split.balanced",
                )
            )
    return found
