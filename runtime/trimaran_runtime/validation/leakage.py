"""Leaks: columns that know the answer, or that are known only after it is due."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from trimaran_runtime.data.config import DataConfig, Task
from trimaran_runtime.validation.config import ValidationConfig
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.separation import (
    as_numbers,
    class_separation,
    number_association,
)

if TYPE_CHECKING:
    import pyarrow as pa

PERFECT = 0.9999
"""A separation from which on a column is called a copy of the target."""
STANDS_OUT = 0.8
"""Least separation of a column that is judged against the others."""
_FEWEST_COLUMNS = 5
"""With fewer features, "all others are far behind" says nothing."""


def known_later(table: "pa.Table", data: DataConfig, config: ValidationConfig) -> list[Finding]:
    """Columns that `data.known_later` names and the table still has.

    Those that `data.exclude` names as well are carried along and never features: no leak.
    """
    return [
        _finding(
            name,
            config,
            "is known only after the prediction is due (data.known_later), and is in the table",
        )
        for name in data.known_later
        if name in table.column_names and name not in data.exclude and name != data.target
    ]


def too_good(
    table: "pa.Table", features: list[str], data: DataConfig, config: ValidationConfig
) -> list[Finding]:
    """Features that alone tell the target too well, by `validation.leak_auc` or beside the others.

    The second rule: a separation of at least `STANDS_OUT` whose distance to 1 is at most half that
    of the best column behind the gap. It needs five features.
    """
    scores = separations(table, features, data)
    outstanding = _beyond_gap(scores)
    word = "AUC" if data.task is Task.classification else "|rank correlation|"
    found = []
    for name, score in scores.items():
        if score >= PERFECT:
            evidence = f"is a copy or a transform of the target ({word} {score:.4f} alone)"
        elif score >= config.leak_auc:
            evidence = f"alone tells the target with {word} {score:.3f} >= {config.leak_auc:g}"
        elif name in outstanding:
            evidence = (
                f"alone tells the target with {word} {score:.3f}, "
                f"far ahead of the next column ({outstanding[name]:.3f})"
            )
        else:
            continue
        found.append(_finding(name, config, evidence))
    return found


def separations(table: "pa.Table", features: list[str], data: DataConfig) -> dict[str, float]:
    """How well each feature alone tells the target: AUC, or |rank correlation| for regression."""
    import pyarrow.compute as pc

    target = table.column(data.target)
    present = pc.is_valid(target)
    if target.null_count:
        table, target = table.filter(present), target.filter(present)
    if table.num_rows == 0:
        return {}
    if data.task is Task.regression:
        numbers = as_numbers(target)
        if numbers is None:
            return {}
        return {name: number_association(table.column(name), numbers) for name in features}
    # Numbers in the order of the labels, so that the positive one of two is the larger.
    encoded = target.combine_chunks().dictionary_encode()
    order = np.argsort(np.argsort(np.asarray(encoded.dictionary.to_pylist())))
    labels = order[np.asarray(encoded.indices)].astype(np.int64)
    classes = len(encoded.dictionary)
    if classes < 2:
        return {}
    return {name: class_separation(table.column(name), labels, classes) for name in features}


def _beyond_gap(scores: Mapping[str, float]) -> dict[str, float]:
    """Columns above the lowest gap, with the separation of the best column below it."""
    if len(scores) < _FEWEST_COLUMNS:
        return {}
    ranked = sorted(scores, key=lambda name: scores[name], reverse=True)
    above = 0
    for place in range(1, len(ranked) // 2 + 1):
        upper, lower = scores[ranked[place - 1]], scores[ranked[place]]
        if upper >= STANDS_OUT and 1 - upper <= (1 - lower) / 2:
            above = place
    if not above:
        return {}
    return dict.fromkeys(ranked[:above], scores[ranked[above]])


def _finding(name: str, config: ValidationConfig, evidence: str) -> Finding:
    if name in config.allow:
        return Finding(
            severity=Severity.note,
            check="leak",
            column=name,
            evidence=f"{evidence}; allowed by validation.allow",
        )
    return Finding(
        severity=Severity.error,
        check="leak",
        column=name,
        evidence=f"leak: {evidence}",
        advice=f"drop {name!r} before returning the table, or list it in data.exclude; "
        f"if it is known in time, list it in validation.allow",
    )
