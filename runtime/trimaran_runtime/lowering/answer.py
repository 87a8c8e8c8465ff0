"""The last step: numbers or probabilities from a matrix of prepared rows."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.lowering.forest import Forest

Floats = NDArray[np.float64]
Link = Literal["number", "positive", "logistic", "softmax", "one_vs_rest", "share"]
"""How scores become answers: as they are; exp; the logistic function of one score, for two classes;
softmax; logistic functions divided by their sum; as they are, being probabilities already."""


@runtime_checkable
class Answer(Protocol):
    """A model of prepared rows."""

    @property
    def columns(self) -> int:
        """Columns that it takes."""

    @property
    def answers(self) -> int:
        """Columns that it gives: 1 for a number, else one per class."""

    def __call__(self, rows: Floats) -> Floats:
        """(n, answers) from (n, columns)."""


@dataclass(frozen=True)
class Linear:
    """Scores (n, k) = rows @ `coefficients` (d, k) + `intercept` (k,)."""

    coefficients: Floats
    intercept: Floats
    link: Link

    @property
    def columns(self) -> int:
        return len(self.coefficients)

    @property
    def answers(self) -> int:
        return _answers(self.link, len(self.intercept))

    def __call__(self, rows: Floats) -> Floats:
        return linked(rows @ self.coefficients + self.intercept, self.link)


@dataclass(frozen=True)
class Trees:
    """Sums of trees, added up one after the other as the original does.

    Attributes:
        forest: the trees; where `base` has several columns and a tree one, they take turns.
        base: (k,) what the trees' answers are added to.
        factor: what each tree's answer is multiplied by.
        divisor: what the sum is divided by.
        link: how the sums become answers.
    """

    forest: Forest
    base: Floats
    factor: float
    divisor: float
    link: Link

    @property
    def columns(self) -> int:
        return self.forest.width

    @property
    def answers(self) -> int:
        return _answers(self.link, len(self.base))

    def __call__(self, rows: Floats) -> Floats:
        values = self.forest.values(rows)
        if self.factor != 1:
            values = values * self.factor
        if values.shape[2] != len(self.base):
            turns = values.reshape(-1, len(self.base), len(rows))
            values = turns.transpose(0, 2, 1)
        terms = np.empty((1 + len(values), *values.shape[1:]))
        terms[0], terms[1:] = self.base, values
        # One number alone is summed up in pairs, several one after the other: one order for all.
        small = terms[0].size < 2
        total = np.add.accumulate(terms)[-1] if small else np.add.reduce(terms, axis=0)
        return linked(total if self.divisor == 1 else total / self.divisor, self.link)


def linked(scores: Floats, link: Link) -> Floats:
    """Answers from scores, in scikit-learn's arithmetic."""
    match link:
        case "number" | "share":
            return scores
        case "positive":
            return np.exp(scores)
        case "softmax":
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)
    with np.errstate(over="ignore"):
        chance = 1 / (1 + np.exp(-scores))
    if link == "logistic":
        both = np.empty((len(scores), 2))
        both[:, 1] = chance[:, 0]
        both[:, 0] = 1 - chance[:, 0]
        return both
    total = chance.sum(axis=1, keepdims=True)
    none = total == 0
    uniform = np.full_like(chance, 1 / chance.shape[1])
    return np.where(none, uniform, chance / np.where(none, 1, total))


def _answers(link: Link, scores: int) -> int:
    return 2 if link == "logistic" else scores
