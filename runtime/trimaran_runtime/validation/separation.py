"""How well one column alone tells the target: the measure behind the search for leaks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
_BINS = 64
_MOST_CLASSES = 20
_FEWEST_PER_SIDE = 50
"""A separation seen on fewer rows of either class may be chance."""

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def rank_auc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve of a score, ties counted half; NaN when a class is absent.

    Mann and Whitney's U over the product of the class sizes.
    """
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = average_ranks(scores)
    smallest = positives * (positives + 1) / 2
    return float((ranks[positive].sum() - smallest) / (positives * negatives))


def average_ranks(values: NDArray[Any]) -> Floats:
    """Ranks from 1, tied values sharing the mean of theirs."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(values)])
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(starts + (sizes + 1) / 2, sizes)
    return ranks


def spearman(first: Floats, second: Floats) -> float:
    """Rank correlation of two columns without missing values; NaN when one is constant."""
    a, b = average_ranks(first), average_ranks(second)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class Values:
    """One column's values at some rows: as numbers, or as codes of levels.

    Attributes:
        numbers: missing values NaN; None: the column has levels.
        codes: level of each row, a missing value being a level; None: the column has numbers.
    """

    numbers: Floats | None = None
    codes: Codes | None = None

    @property
    def groups(self) -> Codes:
        """Level of each row; numbers in bins."""
        if self.numbers is not None:
            return _bins(self.numbers)
        if self.codes is None:
            raise ValueError("values are neither numbers nor codes")
        return self.codes


def class_separation(values: Values, labels: Codes, classes: int) -> float:
    """Best AUC, 0.5 to 1, with which one column alone tells one class from the others.

    Numbers are tried as they are (both directions, missing values at either end and left out), in
    bins, and by missingness alone; texts and booleans by the target's mean of each level, always
    taken from other folds, so that a level that occurs once tells nothing.

    Args:
        values: the column at n rows.
        labels: class number of each row.
        classes: how many classes; beyond 20 only the 20 first are tried.
    """
    numbers, groups = values.numbers, values.groups
    wanted = [1] if classes == 2 else range(min(classes, _MOST_CLASSES))
    best = 0.5
    for label in wanted:
        positive = labels == label
        # Of many classes, one of a few rows is separated by some column by chance.
        if classes > 2 and positive.sum() < _FEWEST_PER_SIDE:
            continue
        found = [rank_auc(_out_of_fold_mean(groups, positive), positive)]
        if numbers is not None:
            found += _of_numbers(numbers, positive)
        best = max(best, *(max(auc, 1 - auc) for auc in found if not np.isnan(auc)), 0.5)
    return best


def number_association(values: Values, target: Floats) -> float:
    """Largest |Spearman correlation| of a column with a numeric target, 0 to 1.

    Numbers are tried as they are and in bins, which finds what is not monotone; texts and booleans
    by the target's mean of each level. Means are from other folds.
    """
    numbers = values.numbers
    tried = [(_out_of_fold_mean(values.groups, target), np.ones(len(target), dtype=bool))]
    if numbers is not None:
        tried.append((numbers, ~np.isnan(numbers)))
    best = 0.0
    for scores, rows in tried:
        if rows.sum() < 2 * _FEWEST_PER_SIDE:
            continue
        rho = spearman(scores[rows], target[rows])
        best = max(best, 0.0 if np.isnan(rho) else abs(rho))
    return best


def _of_numbers(numbers: Floats, positive: NDArray[np.bool_]) -> list[float]:
    missing = np.isnan(numbers)
    if not missing.any():
        return [rank_auc(numbers, positive)]
    low = rank_auc(np.where(missing, -np.inf, numbers), positive)
    high = rank_auc(np.where(missing, np.inf, numbers), positive)
    found = [low, high, rank_auc(missing.astype(np.float64), positive)]
    present = positive[~missing]
    if min(present.sum(), len(present) - present.sum()) >= _FEWEST_PER_SIDE:
        found.append(rank_auc(numbers[~missing], present))
    return found


def _bins(numbers: Floats) -> Codes:
    """Bin of each value, of about equal sizes; missing values in a bin of their own."""
    missing = np.isnan(numbers)
    present = numbers[~missing]
    if not len(present):
        return np.zeros(len(numbers), dtype=np.int64)
    edges = np.unique(np.quantile(present, np.linspace(0, 1, _BINS + 1)[1:-1]))
    codes = np.searchsorted(edges, numbers, side="right")
    return np.where(missing, len(edges) + 1, codes).astype(np.int64)


def _out_of_fold_mean(codes: Codes, target: NDArray[Any]) -> Floats:
    """Mean of the target within each row's level, over the rows of the other folds."""
    size = int(codes.max()) + 1 if len(codes) else 1
    values = target.astype(np.float64)
    fold = np.arange(len(codes)) % FOLDS
    cell = fold * size + codes
    sums = np.bincount(cell, values, FOLDS * size).reshape(FOLDS, size)
    counts = np.bincount(cell, minlength=FOLDS * size).reshape(FOLDS, size)
    other_sums, other_counts = sums.sum(axis=0) - sums, counts.sum(axis=0) - counts
    mean = values.mean() if len(values) else 0.0
    # One row's worth of the overall mean keeps a rare level near it.
    means = (other_sums + mean) / (other_counts + 1)
    scores: Floats = means[fold, codes]
    return scores
