"""What is compared about a column of numbers."""

import math

import numpy as np

from trimaran_runtime.drift.bins import NumberBins
from trimaran_runtime.drift.bound import share_of_one, unseen_by_chance
from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.divergence import divergence
from trimaran_runtime.drift.estimate import Comparison, Doubt, Estimate, estimate, share_of
from trimaran_runtime.drift.key import edges, together
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.wasserstein import Body, cumulative


def of_numbers(reference: NumberSummary, current: NumberSummary) -> dict[FacetName, Comparison]:
    """The comparisons that two summaries of numbers allow."""
    found: dict[FacetName, Comparison] = {
        FacetName.infinite: lambda doubt: _infinite(reference, current, doubt)
    }
    if reference.finite and current.finite:
        body = Body.of(reference)
        found |= {
            FacetName.out_of_range: lambda doubt: _out_of_range(reference, current, doubt),
            FacetName.tail: lambda doubt: _tail(body, reference, current, doubt),
            FacetName.js: lambda doubt: _js(reference, current, doubt),
            FacetName.ks: lambda doubt: _ks(reference, current, doubt),
        }
        if body.deviation > 0:
            found[FacetName.w1] = lambda doubt: _w1(body, reference, current, doubt)
    return found


def _infinite(reference: NumberSummary, current: NumberSummary, doubt: Doubt) -> Estimate:
    before, now = reference.above + reference.below, current.above + current.below
    return share_of("infinite values", now, current.rows, before, reference.rows, doubt)


def _out_of_range(reference: NumberSummary, current: NumberSummary, doubt: Doubt) -> Estimate:
    outside = (current.keys < reference.keys[0]) | (current.keys > reference.keys[-1])
    count, rows = int(current.counts[outside].sum()), current.finite
    low, high = share_of_one(count / doubt.inflation, doubt.rows(rows), doubt.z(2))
    # The range of a sample is narrower than that of what it was drawn from.
    chance = unseen_by_chance(doubt.risk / 2) / doubt.rows(reference.finite)
    effect = max(0.0, count / rows - 2 / (reference.finite + 1))
    detail = (
        f"{count / rows:.2%} of the values lie outside the range of the reference, "
        f"{_short(reference.minimum)} to {_short(reference.maximum)} "
        f"(now {_short(current.minimum)} to {_short(current.maximum)})"
    )
    return estimate(effect, max(0.0, low - chance), high, rows, detail)


def _tail(body: Body, reference: NumberSummary, current: NumberSummary, doubt: Doubt) -> Estimate:
    return share_of(
        f"values below {_short(body.low)} or above {_short(body.high)}",
        body.outside(current),
        current.finite,
        body.outside(reference),
        reference.finite,
        doubt,
    )


def _js(reference: NumberSummary, current: NumberSummary, doubt: Doubt) -> Estimate:
    bins = NumberBins.of(reference)
    found = divergence(bins.rows(reference), bins.rows(current), doubt)
    moved = (
        f"the distribution has another shape (median {_short(median(reference))} before, "
        f"{_short(median(current))} now)"
    )
    return estimate(*found, current.finite, moved)


def _ks(reference: NumberSummary, current: NumberSummary, doubt: Doubt) -> Estimate:
    keys = together(reference.keys, current.keys)
    gap = np.abs(cumulative(reference, keys) - cumulative(current, keys))
    effect = float(gap.max())
    before, now = doubt.rows(reference.finite), doubt.rows(current.finite)
    # Two-sample Dvoretzky-Kiefer-Wolfowitz band: holds for every distribution at once.
    band = math.sqrt(math.log(2 / doubt.risk) / 2 * (1 / before + 1 / now))
    detail = (
        f"the distribution shifted by up to {effect:.1%} of the rows "
        f"(median {_short(median(reference))} before, {_short(median(current))} now)"
    )
    lower, upper = max(0.0, effect - band), min(1.0, effect + band)
    return estimate(effect, lower, upper, current.finite, detail)


def _w1(body: Body, reference: NumberSummary, current: NumberSummary, doubt: Doubt) -> Estimate:
    effect, lower, upper = body.distance(reference, current, doubt)
    detail = (
        f"a value moved by {effect:.3f} standard deviations on average "
        f"(median {_short(median(reference))} before, {_short(median(current))} now)"
    )
    return estimate(effect, lower, upper, current.finite, detail)


def median(summary: NumberSummary) -> float | None:
    """Median of the finite values, to the width of a key; None without one."""
    if not summary.finite:
        return None
    place = int(np.searchsorted(np.cumsum(summary.counts), summary.finite / 2))
    low, high = edges(summary.keys[place : place + 1], summary.centre)
    # Towards the centre: the edge that whole numbers sit on.
    return float(low[0] if low[0] >= summary.centre else high[0])


def _short(number: float | None) -> str:
    return "none" if number is None else f"{number:.4g}"
