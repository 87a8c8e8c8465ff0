"""Whether other words are used: the words of all texts, by the buckets that they are counted in."""

from dataclasses import replace

import numpy as np

from trimaran_runtime.drift.divergence import divergence
from trimaran_runtime.drift.estimate import Comparison, Doubt, Estimate, estimate
from trimaran_runtime.drift.key import Counts, edges
from trimaran_runtime.drift.text import WORD_BUCKETS, TextSummary

_MOST_BINS = 256
"""More of them would tell rare words apart, and drown in what they vary by."""
_BIN_ROWS = 20


def vocabulary(reference: TextSummary, current: TextSummary) -> Comparison | None:
    """Jensen-Shannon distance between the words of two columns; None: one has none.

    Words of one text are not drawn one by one: in the worst case a text says one word over and
    over. So a column of words is worth `(sum w)^2 / sum w^2` of them, w words in each text (Kish's
    design effect at full correlation within a text), which is at most one for each text.
    """
    if not (reference.buckets.any() and current.buckets.any()):
        return None
    worth = max(_words_per_draw(reference), _words_per_draw(current))
    fewest = min(int(reference.buckets.sum()), int(current.buckets.sum())) / worth

    def compared(doubt: Doubt) -> Estimate:
        shared = replace(doubt, inflation=doubt.inflation * worth)
        bins = _bins(fewest / doubt.inflation)
        found = divergence(_folded(reference, bins), _folded(current, bins), shared)
        return estimate(*found, current.present, "other words are used, or some of them more often")

    return compared


def _words_per_draw(texts: TextSummary) -> float:
    words = texts.statistics["words"]
    low, high = edges(words.keys, words.centre)
    # Whole numbers sit on the edge that is nearer the centre, 0.
    each = np.where(low >= words.centre, low, high)
    return max(1.0, float((each**2 * words.counts).sum() / max((each * words.counts).sum(), 1.0)))


def _bins(draws: float) -> int:
    """A power of two with at least 20 draws in each bin on average, 2 to 256."""
    bins = _MOST_BINS
    while bins > 2 and draws < bins * _BIN_ROWS:
        bins //= 2
    return bins


def _folded(texts: TextSummary, bins: int) -> Counts:
    found: Counts = texts.buckets.reshape(WORD_BUCKETS // bins, bins).sum(axis=0)
    return found
