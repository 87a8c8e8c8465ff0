"""Normal scores: a value's rank in the reference, as a small whole number.

A value's key (`drift.key`) has a mid-rank in the reference's histogram; the normal quantile of
that rank, times 12, rounded, is its score. Scores are the same numbers for every row and every
machine, so that their products add up exactly.
"""

import hashlib
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.key import HIGHEST, KEYS, LOWEST, Counts, Keys, together
from trimaran_runtime.drift.number import NumberSummary

if TYPE_CHECKING:
    from trimaran_runtime.drift.profile import Profile

PER_DEVIATION = 12
"""Scores per standard deviation: rounding adds 0.06 % to a variance."""
LIMIT = 45
"""Largest score (3.75 standard deviations): 8,192 products of two add up exactly in a float32."""
MAX_COLUMNS = 200
"""Columns that are looked at in pairs, the first by name: there are 19,900 pairs of them."""

Scores = npt.NDArray[np.int8]


def _cuts() -> npt.NDArray[np.float64]:
    """Ranks, 0 to 1, at which the next score begins, shape `(90,)`."""
    between = (np.arange(-LIMIT, LIMIT) + 0.5) / PER_DEVIATION
    # Rounded: the last bits of erf are not the same on every machine.
    return np.array([round(NormalDist().cdf(x) * 2**40) / 2**40 for x in between.tolist()])


_CUTS = _cuts()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NormalScoreTable:
    """Score of every key of every numeric column of a reference.

    Attributes:
        columns: names, in order.
        centres: what is subtracted before taking keys, by column.
        scores: shape `(columns, 65536)`, by the raw top bits of `float32(x - centre)`; NaN has 0.
        basis: digest of what the scores rest on; equal for equal references.
    """

    columns: tuple[str, ...]
    centres: tuple[float, ...]
    scores: Scores
    basis: str

    @classmethod
    def of(cls, reference: "Profile") -> "NormalScoreTable":
        """Tables of the first 200 numeric columns with at least two different values."""
        found = {
            name: summary
            for name, summary in sorted(reference.columns.items())
            if isinstance(summary, NumberSummary)
            and summary.kind == "number"
            and len(summary.keys) > 1
        }
        names = tuple(found)[:MAX_COLUMNS]
        digest = hashlib.blake2b(digest_size=16)
        scores = np.zeros((len(names), KEYS), np.int8)
        for place, name in enumerate(names):
            summary = found[name]
            digest.update(f"{len(name)}:{name}:{summary.centre!r}:{len(summary.keys)}".encode())
            digest.update(summary.keys.astype("<u2").tobytes())
            digest.update(summary.counts.astype("<i8").tobytes())
            scores[place] = _scores(summary)
        return cls(
            columns=names,
            centres=tuple(found[name].centre for name in names),
            scores=scores,
            basis=digest.hexdigest(),
        )


def _scores(reference: NumberSummary) -> Scores:
    """Score by raw key, shape `(65536,)`."""
    keys, counts = _with_infinite(reference)
    reached, rows = np.cumsum(counts), int(counts.sum())
    # In turn: the keys without rows before one that occurs, which rank between its neighbours,
    # and that key itself; at last, the keys behind all of them.
    rank = np.empty(2 * len(keys) + 1)
    rank[1::2] = (reached - counts + counts / 2) / rows
    rank[0], rank[2::2] = 0, reached / rows
    begin = np.zeros(len(rank), np.intp)
    begin[1::2] = keys
    begin[2::2] = begin[1::2] + 1
    first = begin[np.searchsorted(rank, _CUTS, side="left")]
    by_key = np.repeat(
        np.arange(-LIMIT, LIMIT + 1, dtype=np.int8), np.diff(first, prepend=0, append=KEYS)
    )
    # Keys beyond the infinities are NaN.
    by_key[:LOWEST] = by_key[HIGHEST + 1 :] = 0
    # As in `KEY_BY_RAW`: the negative half of the line runs backwards.
    return np.concatenate([by_key[KEYS // 2 :], by_key[: KEYS // 2][::-1]])


def _with_infinite(summary: NumberSummary) -> tuple[Keys, Counts]:
    """Keys that occur and their rows, those of infinite values among them."""
    beyond = {HIGHEST: summary.above, LOWEST: summary.below}
    ends = np.array([key for key, rows in beyond.items() if rows], np.uint16)
    keys = together(summary.keys, ends)
    counts = np.zeros(len(keys), np.int64)
    counts[np.searchsorted(keys, summary.keys)] = summary.counts
    for key in ends:
        counts[np.searchsorted(keys, key)] += beyond[int(key)]
    return keys, counts
