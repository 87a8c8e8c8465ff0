"""Leaks: columns that know the answer, or that are known only after it is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.data.config import DataConfig, Task
from trimaran_runtime.validation.columns import Columns, Floats, Rows, sample_of
from trimaran_runtime.validation.config import ValidationConfig
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.separation import (
    Codes,
    Values,
    class_separation,
    number_association,
)

PERFECT = 0.9999
"""A separation from which on a column is called a copy of the target."""
STANDS_OUT = 0.8
"""Least separation of a column that is judged against the others."""
STANDS_ALONE = 0.89
"""From here on, a column far ahead of the others is a leak; below, it is worth a look: one honest
cause may well outweigh all others."""
CONFIRM_ROWS = 200_000
"""Rows on which a suspect is measured again; in a smaller table, all."""
_FEWEST_COLUMNS = 5
"""With fewer features, "all others are far behind" says nothing."""
_MARGIN = 0.02
"""How far below a limit a column is still a suspect. The standard error of an AUC of 0.8 on 25,000
rows of either class is below 0.0025 (Hanley and McNeil, 1982, eq. 1): eight of them."""
_MANY_LEVELS = 1000
"""With more levels, whole levels are drawn: of a sample of rows each would keep too few."""


@dataclass(frozen=True)
class Labels:
    """The target as numbers.

    Attributes:
        values: class number (the positive one of two is the larger), or the number; shape `(n,)`.
        known: whether the row has a label.
        classes: how many classes; 0 for regression.
        numbers: the target as it is, where it is a number of more than two classes.
    """

    values: NDArray[np.generic]
    known: NDArray[np.bool_]
    classes: int
    numbers: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, columns: Columns, data: DataConfig) -> "Labels | None":
        """Labels of a table; None: there is nothing to tell apart."""
        if data.task is Task.regression:
            if not columns.is_number(data.target):
                return None
            values = columns.numbers(data.target)
            return cls(values, np.isfinite(values), 0)
        encoded = columns.encoded(data.target)
        classes = len(encoded.levels)
        if classes < 2:
            return None
        order = np.argsort(np.argsort(np.asarray(encoded.levels.to_pylist())))
        is_number = classes > 2 and columns.is_number(data.target)
        return cls(
            np.append(order, -1)[encoded.codes],
            encoded.codes < classes,
            classes,
            columns.numbers(data.target) if is_number else None,
        )

    @cached_property
    def sample(self) -> Rows:
        """Rows that suspects are sought on; of two classes, as many of either as there are."""
        from trimaran_runtime.validation.columns import SAMPLE_ROWS

        return self.drawn(SAMPLE_ROWS)

    def drawn(self, size: int) -> Rows:
        """Sorted numbers of about `size` labelled rows; an AUC does not depend on class sizes."""
        if self.classes != 2:
            return _some(np.flatnonzero(self.known), size)
        sides = [np.flatnonzero(self.known & (self.values == label)) for label in (0, 1)]
        return np.sort(np.concatenate([_some(side, size // 2) for side in sides]))


def known_later(columns: Columns, data: DataConfig, config: ValidationConfig) -> list[Finding]:
    """Columns that `data.known_later` names and the table still has.

    Those that `data.exclude` names as well are carried along and never features: no leak.
    """
    return [
        leak(
            name,
            config,
            "is known only after the prediction is due (data.known_later), and is in the table",
        )
        for name in data.known_later
        if name in columns.table.column_names and name not in data.exclude and name != data.target
    ]


def too_good(
    columns: Columns,
    features: list[str],
    labels: Labels,
    config: ValidationConfig,
) -> list[Finding]:
    """Features that alone tell the target too well, by `validation.leak_auc` or beside the others.

    The second rule: a separation of at least `STANDS_OUT` whose distance to 1 is at most half that
    of the best column behind the gap; a warning below `STANDS_ALONE`. It needs five features.
    """
    scores = separations(columns, features, labels, config)
    outstanding = _beyond_gap(scores)
    word = "AUC" if labels.classes else "|rank correlation|"
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
            if score < STANDS_ALONE:
                found.append(_look_at(name, evidence))
                continue
        else:
            continue
        found.append(leak(name, config, evidence))
    return found


def separations(
    columns: Columns, features: list[str], labels: Labels, config: ValidationConfig
) -> dict[str, float]:
    """How well each feature alone tells the target: AUC, or |rank correlation| for regression.

    Measured on about 50,000 rows; what comes near a limit there is measured again on 200,000.
    """
    if not len(labels.sample):
        return {}
    limit = min(config.leak_auc, STANDS_OUT) - _MARGIN
    confirming = labels.drawn(CONFIRM_ROWS)

    def score(name: str) -> float:
        first = _score(columns, name, labels, labels.sample)
        if first < limit or len(confirming) == len(labels.sample):
            return first
        return _score(columns, name, labels, confirming)

    return dict(zip(features, columns.each(features, score), strict=True))


def leak(name: str, config: ValidationConfig, evidence: str, check: str = "leak") -> Finding:
    """A leak: an error, or a note where `validation.allow` names the column."""
    if name in config.allow:
        return Finding(
            severity=Severity.note,
            check=check,
            column=name,
            evidence=f"{evidence}; allowed by validation.allow",
        )
    return Finding(
        severity=Severity.error,
        check=check,
        column=name,
        evidence=f"leak: {evidence}",
        advice=f"drop {name!r} before returning the table, or list it in data.exclude; "
        f"if it is known in time, list it in validation.allow",
    )


def _look_at(name: str, evidence: str) -> Finding:
    return Finding(
        severity=Severity.warning,
        check="leak",
        column=name,
        evidence=evidence,
        advice=f"see whether {name!r} is known when the prediction is made",
    )


def _score(columns: Columns, name: str, labels: Labels, rows: Rows) -> float:
    if columns.is_text(name):
        if not columns.has_few_levels(name):
            # Levels that hardly recur tell nothing of other rows.
            return 0.5 if labels.classes else 0.0
        encoded = columns.encoded(name)
        if len(encoded.levels) > _MANY_LEVELS:
            rows = _of_some_levels(encoded.codes, labels, len(rows))
        values = Values(codes=encoded.codes[rows].astype(np.int64))
    else:
        numbers = columns.numbers(name, rows)
        is_two_valued = columns[name].type.bit_width == 1
        values = Values(codes=_as_codes(numbers)) if is_two_valued else Values(numbers=numbers)
    if labels.classes:
        return class_separation(values, labels.values[rows].astype(np.int64), labels.classes)
    return number_association(values, labels.values[rows].astype(np.float64))


def _as_codes(numbers: Floats) -> Codes:
    return np.nan_to_num(numbers, nan=2.0).astype(np.int64)


def _of_some_levels(codes: NDArray[np.int32], labels: Labels, size: int) -> Rows:
    """Labelled rows of every k-th level, in a mixed order of levels; about `size`."""
    step = max(1, int(labels.known.sum()) // max(size, 1))
    mixed = codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)
    return np.flatnonzero((mixed % np.uint64(step) == 0) & labels.known)


def _some(rows: Rows, size: int) -> Rows:
    return rows[sample_of(len(rows), size)]


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
