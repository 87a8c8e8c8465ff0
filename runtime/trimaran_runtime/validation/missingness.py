"""Leaks through a join: a column that is there, or is missing, only for one class."""

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.config import ValidationConfig
from trimaran_runtime.validation.finding import Finding
from trimaran_runtime.validation.leakage import Labels, leak

FEWEST_ROWS = 50
"""Rows that must be of one class before it says something."""
MOST_CHANCE = 1e-9
"""Largest probability that so many rows are of one class by chance."""
_LEAST_SHARE = 0.1
"""Share of the class that they must cover: a rare reason may be honest."""


def joined_by_outcome(
    columns: Columns, features: list[str], labels: Labels, config: ValidationConfig
) -> list[Finding]:
    """Columns that have a value, or lack one, for rows of a single class only.

    That is what a join with a table that is written when the outcome is known leaves behind.
    """
    if not labels.classes:
        return []
    found = []
    for name in features:
        column = columns[name]
        if not 0 < column.null_count < len(column):
            continue
        missing = np.asarray(column.is_null())
        for rows, word in ((~missing, "present"), (missing, "missing")):
            evidence = _of_one_class(rows & labels.known, labels, word)
            if evidence:
                found.append(leak(name, config, evidence, "join"))
                break
    return found


def _of_one_class(rows: NDArray[np.bool_], labels: Labels, word: str) -> str:
    """What shows that the rows are of one class; empty: they are not, or it may be chance."""
    seen = labels.values[rows]
    if not len(seen) or (seen != seen[0]).any():
        return ""
    count, known = int(rows.sum()), int(labels.known.sum())
    of_class = int((labels.known & (labels.values == seen[0])).sum())
    # Hypergeometric, bounded by drawing with replacement.
    chance = (of_class / known) ** count
    if count < FEWEST_ROWS or chance > MOST_CHANCE or count < _LEAST_SHARE * of_class:
        return ""
    return (
        f"is {word} in {count} rows, all of one class that {of_class / known:.1%} of the rows "
        "are of: it was joined from where the outcome is known"
    )
