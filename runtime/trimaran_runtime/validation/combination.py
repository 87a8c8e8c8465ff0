"""Leaks by parts: two or three columns that give the target exactly when put together."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.validation.columns import Columns, Floats
from trimaran_runtime.validation.config import ValidationConfig
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.leakage import PERFECT, Labels, leak
from trimaran_runtime.validation.separation import rank_auc

ROWS = 20_000
"""Rows that combinations are sought on; half of them to fit, half to judge."""
MOST_COLUMNS = 200
"""Columns put together at once; of more, those that go best with the target alone."""
_MOST_PARTS = 3
_FEWEST_ROWS = 200
_MOST_CLASSES = 100
_NEARER = (0.5, 0.25, 0.125, 0.0625)
"""Shares of the rows of two neighbouring classes, those nearest to their border."""
_FEWEST_OF_A_CLASS = 50
"""Rows of a class in the half that judges; fewer are told from others by chance."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """Standardised columns, shape `(n, d)`, and the target, shape `(n,)`.

    `classes` is how many numbers of classes the target holds; 0 for regression.
    """

    names: list[str]
    features: Floats
    target: Floats
    classes: int

    @property
    def is_class(self) -> bool:
        return self.classes > 0

    def score(self, chosen: list[int]) -> tuple[float, Floats]:
        """How well least squares over some columns tell the other half: R² or AUC; coefficients.

        Of more than two classes, each is fitted against the others, and the sum counts that tells
        all of them best: the AUC is that of the two classes it tells apart worst.
        """
        design = np.c_[self.features[:, chosen], np.ones(len(self.target))]
        fitted, judged = design[::2], design[1::2]
        wanted = _indicators(self.target, self.classes)
        weights = np.linalg.lstsq(fitted, wanted[::2], rcond=None)[0]
        told, target = judged @ weights, self.target[1::2]
        if self.is_class:
            scores = [_told_apart(each, target, self.classes) for each in told.T]
            weights = weights[:, int(np.argmax(scores))]
            if self.classes > 2:
                weights = _refined(fitted, self.target[::2], weights, self.classes)
            return _told_apart(judged @ weights, target, self.classes), weights[:-1]
        told = told[:, 0]
        rest = np.sum((target - told) ** 2) / max(np.sum((target - target.mean()) ** 2), 1e-300)
        return float(1 - rest), weights[:-1, 0]


def _indicators(target: Floats, classes: int) -> Floats:
    """What is fitted, shape `(n, k)`: a number, the larger of two classes, or each of more."""
    if classes <= 2:
        return target[:, None]
    each: Floats = (target[:, None] == np.arange(classes)).astype(np.float64)
    return each


def _told_apart(told: Floats, target: Floats, classes: int) -> float:
    """Least AUC of two classes beside one another along a score; 0: fewer than two to judge.

    Where that is 1, the score falls into one stretch per class: it gives the target exactly. One
    class that is easily told is no leak, however well it is.
    """
    if classes == 2:
        auc = rank_auc(told, target > 0.5)
        return 0.0 if np.isnan(auc) else auc
    return min(
        (rank_auc(told[rows], is_upper) for rows, is_upper in _neighbours(told, target, classes)),
        default=0.0,
    )


def _neighbours(
    told: Floats, target: Floats, classes: int
) -> list[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Rows of each two classes beside one another along a score, and which are of the upper."""
    rows = [np.flatnonzero(target == label) for label in range(classes)]
    judged = [some for some in rows if len(some) >= _FEWEST_OF_A_CLASS]
    judged.sort(key=lambda some: float(np.median(told[some])))
    return [
        (np.r_[low, high], np.arange(len(low) + len(high)) >= len(low))
        for low, high in pairwise(judged)
    ]


def _refined(design: Floats, target: Floats, weights: Floats, classes: int) -> Floats:
    """Weights that part neighbouring classes, fitted anew at their borders, ever nearer to them.

    What a class's straight line misses far from its borders would turn the sum a little.
    """
    for share in _NEARER:
        told = design @ weights
        sides, columns = [], []
        for rows, is_upper in _neighbours(told, target, classes):
            border = np.sort(told[rows])[int((~is_upper).sum())]
            size = max(int(share * len(rows)), _FEWEST_OF_A_CLASS)
            near = np.argsort(np.abs(told[rows] - border), kind="stable")[:size]
            part, side = design[rows[near]], is_upper[near].astype(np.float64)
            columns.append(part - part.mean(axis=0))
            sides.append(side - side.mean())
        if not sides or sum(map(len, sides)) <= 2 * design.shape[1]:
            break
        weights = np.linalg.lstsq(np.vstack(columns), np.concatenate(sides), rcond=None)[0]
    return weights


def combinations(
    columns: Columns,
    features: list[str],
    labels: Labels,
    config: ValidationConfig,
) -> list[Finding]:
    """Two or three numbers whose sum, difference, product or ratio is the target.

    A linear fit to all numbers tells first whether there can be such a sum; the columns of largest
    weight are then tried alone. Products and ratios are sums of logarithms, tried for regression
    where values are positive. Columns that are leaks alone are to be left out of `features`.
    """
    if labels.classes > _MOST_CLASSES:
        return []
    plain = _sample(columns, features, labels)
    if plain is None:
        return []
    found = _of(plain, config, "a sum")
    if not found and not plain.is_class and (plain.target > 0).all():
        logs = _sample(columns, features, labels, logarithms=True)
        found = [] if logs is None else _of(logs, config, "a product")
    return found


def _of(sample: _Sample, config: ValidationConfig, word: str) -> list[Finding]:
    everything, weights = sample.score(list(range(len(sample.names))))
    if not everything >= PERFECT:
        return []
    ranked = [int(place) for place in np.argsort(-np.abs(weights), kind="stable")]
    measure = "AUC" if sample.is_class else "R²"
    for count in range(2, min(_MOST_PARTS, len(ranked)) + 1):
        chosen = ranked[:count]
        score, _ = sample.score(chosen)
        if score >= PERFECT:
            names = [sample.names[place] for place in chosen]
            named = next((name for name in names if name not in config.allow), names[0])
            others = " and ".join(name for name in names if name != named)
            evidence = f"with {others} gives the target as {word} ({measure} {score:.4f} together)"
            return [leak(named, config, evidence, "combination")]
    return [
        Finding(
            severity=Severity.warning,
            check="combination",
            column=None,
            evidence=f"{len(ranked)} numbers together give the target exactly, as {word} "
            f"({measure} {everything:.4f})",
            advice="see whether the target is computed from them; then no model is needed",
        )
    ]


def _sample(
    columns: Columns, features: list[str], labels: Labels, *, logarithms: bool = False
) -> _Sample | None:
    """Numbers at some rows, standardised, missing values at the mean; None: too little to judge."""
    rows = labels.drawn(ROWS)
    if len(rows) < _FEWEST_ROWS:
        return None
    # The halves must not follow the order of the classes.
    rows = np.random.default_rng(0).permutation(rows)
    order = np.argsort(rows)
    target = labels.values[rows].astype(np.float64)
    if logarithms:
        target = np.log(target)
    sought = _indicators(target, labels.classes)
    sought = sought - sought.mean(axis=0)
    kept: list[tuple[float, str, Floats]] = []
    for name in features:
        if columns.is_text(name):
            continue
        values: Floats = np.empty(len(rows))
        values[order] = columns.numbers(name, rows[order])
        if logarithms:
            if not np.nanmin(values, initial=np.inf) > 0:
                continue
            values = np.log(values)
        standard = _standardised(values)
        if standard is not None:
            kept.append((float(np.abs(standard @ sought).max()), name, standard))
            if len(kept) > 2 * MOST_COLUMNS:
                kept = _strongest(kept)
    kept = _strongest(kept)
    if len(kept) < 2:
        return None
    matrix = np.column_stack([values for _, _, values in kept])
    return _Sample([name for _, name, _ in kept], matrix, target, labels.classes)


def _strongest(kept: list[tuple[float, str, Floats]]) -> list[tuple[float, str, Floats]]:
    if len(kept) <= MOST_COLUMNS:
        return kept
    return sorted(kept, key=lambda entry: (-entry[0], entry[1]))[:MOST_COLUMNS]


def _standardised(values: Floats) -> Floats | None:
    """Mean 0, deviation 1; None: constant, infinite or empty."""
    present = values[~np.isnan(values)]
    if not len(present) or not np.isfinite(present).all():
        return None
    mean, deviation = present.mean(), present.std()
    if not deviation > 0:
        return None
    standard: Floats = np.nan_to_num((values - mean) / deviation, nan=0.0)
    return standard
