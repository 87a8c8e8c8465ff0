"""What is compared about a column: an effect, and a bound below and above it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trimaran_runtime.drift.bins import NumberBins, level_bins, pool_thin
from trimaran_runtime.drift.bound import (
    difference,
    noncentrality,
    quantile,
    size,
    unseen_by_chance,
    wilson,
)
from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.key import Counts, Floats, Keys, edges
from trimaran_runtime.drift.summary import LevelSummary, NumberSummary, Summary

_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An effect, its bounds, the current rows it rests on, and what happened in words."""

    effect: float
    lower: float
    upper: float
    rows: int
    detail: str


Comparison = Callable[[float], Estimate]
"""Takes the risk of each bound."""


def comparisons(reference: Summary, current: Summary) -> dict[FacetName, Comparison]:
    """The comparisons that two summaries of one column allow."""
    found: dict[FacetName, Comparison] = {
        FacetName.missing: lambda risk: _missing(reference, current, risk)
    }
    if isinstance(reference, NumberSummary) and isinstance(current, NumberSummary):
        # Time moves on: the range and shape of a timestamp say nothing about the model's input.
        if reference.kind == "number":
            found |= _numeric(reference, current)
    elif isinstance(reference, LevelSummary) and isinstance(current, LevelSummary):
        found |= _leveled(reference, current)
    return found


def _numeric(reference: NumberSummary, current: NumberSummary) -> dict[FacetName, Comparison]:
    found: dict[FacetName, Comparison] = {
        FacetName.infinite: lambda risk: _infinite(reference, current, risk)
    }
    if reference.finite and current.finite:
        found |= {
            FacetName.out_of_range: lambda risk: _out_of_range(reference, current, risk),
            FacetName.js: lambda risk: _js_numbers(reference, current, risk),
            FacetName.ks: lambda risk: _ks(reference, current, risk),
        }
    return found


def _leveled(reference: LevelSummary, current: LevelSummary) -> dict[FacetName, Comparison]:
    if not (reference.present and current.present):
        return {}
    found: dict[FacetName, Comparison] = {
        FacetName.js: lambda risk: _js_levels(reference, current, risk)
    }
    if reference.buckets is None and current.buckets is None:
        found |= {
            FacetName.new_category: lambda risk: _new_category(reference, current, risk),
            FacetName.share: lambda risk: _share(reference, current, risk),
        }
    return found


def _missing(reference: Summary, current: Summary, risk: float) -> Estimate:
    return _share_of(
        "missing values", current.missing, current.rows, reference.missing, reference.rows, risk
    )


def _infinite(reference: NumberSummary, current: NumberSummary, risk: float) -> Estimate:
    before, now = reference.above + reference.below, current.above + current.below
    return _share_of("infinite values", now, current.rows, before, reference.rows, risk)


def _share_of(
    what: str, count: int, rows: int, reference: int, reference_rows: int, risk: float
) -> Estimate:
    change, low, high = difference(
        np.array([float(count)]), rows, np.array([float(reference)]), reference_rows, quantile(risk)
    )
    effect, lower, upper = size(change, low, high)
    moved = f"{what} went from {reference / reference_rows:.2%} to {count / rows:.2%}"
    return _estimate(effect[0], lower[0], upper[0], rows, moved)


def _out_of_range(reference: NumberSummary, current: NumberSummary, risk: float) -> Estimate:
    outside = (current.keys < reference.keys[0]) | (current.keys > reference.keys[-1])
    count, rows = int(current.counts[outside].sum()), current.finite
    low, high = wilson(np.array([float(count)]), rows, quantile(risk / 2))
    # The range of a sample is narrower than that of what it was drawn from.
    chance = unseen_by_chance(risk / 2) / reference.finite
    effect = max(0.0, count / rows - 2 / (reference.finite + 1))
    detail = (
        f"{count / rows:.2%} of the values lie outside the range of the reference, "
        f"{_short(reference.minimum)} to {_short(reference.maximum)} "
        f"(now {_short(current.minimum)} to {_short(current.maximum)})"
    )
    return _estimate(effect, max(0.0, low[0] - chance), high[0], rows, detail)


def _js_numbers(reference: NumberSummary, current: NumberSummary, risk: float) -> Estimate:
    bins = NumberBins.of(reference)
    estimate = _js(bins.rows(reference), bins.rows(current), risk)
    moved = (
        f"the distribution has another shape (median {_short(median(reference))} before, "
        f"{_short(median(current))} now)"
    )
    return _estimate(*estimate, current.finite, moved)


def _js_levels(reference: LevelSummary, current: LevelSummary, risk: float) -> Estimate:
    estimate = _js(*level_bins(reference, current), risk)
    return _estimate(*estimate, current.present, "the mix of levels has changed")


def _js(reference: Counts, current: Counts, risk: float) -> tuple[float, float, float]:
    """Jensen-Shannon distance, base 2: freed of its bias, with bounds.

    Between close distributions the divergence is a chi-square distance: in nats, times 8 and
    over `1/n + 1/m`, its estimate is a non-central chi-square whose noncentrality is that
    multiple of the true one (Potgieter et al., arXiv 2307.11878, for the PSI).
    """
    reference, current = pool_thin(reference, current)
    freedom = len(reference) - 1
    if freedom == 0:
        return 0.0, 0.0, 0.0
    before, now = reference / reference.sum(), current / current.sum()
    middle = (before + now) / 2
    divergence = (_kullback(before, middle) + _kullback(now, middle)) / 2
    scale = 8 * math.log(2) / (1 / int(reference.sum()) + 1 / int(current.sum()))
    lower, upper = noncentrality(scale * divergence, freedom, quantile(risk))
    effect = max(0.0, divergence - freedom / scale)
    return math.sqrt(effect), math.sqrt(lower / scale), min(1.0, math.sqrt(upper / scale))


def _kullback(one: Floats, other: Floats) -> float:
    some = one > 0
    return float((one[some] * np.log2(one[some] / other[some])).sum())


def _ks(reference: NumberSummary, current: NumberSummary, risk: float) -> Estimate:
    keys = np.union1d(reference.keys, current.keys)
    gap = np.abs(_cumulative(reference, keys) - _cumulative(current, keys))
    effect = float(gap.max())
    # Two-sample Dvoretzky-Kiefer-Wolfowitz band: holds for every distribution at once.
    band = math.sqrt(math.log(2 / risk) / 2 * (1 / reference.finite + 1 / current.finite))
    detail = (
        f"the distribution shifted by up to {effect:.1%} of the rows "
        f"(median {_short(median(reference))} before, {_short(median(current))} now)"
    )
    lower, upper = max(0.0, effect - band), min(1.0, effect + band)
    return _estimate(effect, lower, upper, current.finite, detail)


def _cumulative(summary: NumberSummary, keys: Keys) -> Floats:
    reached = np.concatenate([[0], np.cumsum(summary.counts)]) / summary.finite
    shares: Floats = reached[np.searchsorted(summary.keys, keys, side="right")]
    return shares


def _new_category(reference: LevelSummary, current: LevelSummary, risk: float) -> Estimate:
    new = {name: rows for name, rows in current.levels.items() if name not in reference.levels}
    count, rows, before = sum(new.values()), current.present, reference.present
    once = sum(1 for rows in reference.levels.values() if rows == 1)
    twice = sum(1 for rows in reference.levels.values() if rows == 2)
    # Good and Turing: levels seen once foretell the share of levels not seen yet.
    expected = once / before
    z = quantile(risk / 2)
    most = expected + z * math.sqrt(once + 2 * twice) / before + math.log(2 / risk) / before
    low, high = wilson(np.array([float(count)]), rows, z)
    names = sorted(new, key=lambda name: (-new[name], name))[:_NAMED]
    listed = ", ".join(repr(name) for name in names) + (", …" if len(new) > _NAMED else "")
    detail = f"{count / rows:.2%} of the values are levels never seen in the reference"
    return _estimate(
        max(0.0, count / rows - expected),
        max(0.0, low[0] - most),
        high[0],
        rows,
        f"{detail} ({listed})" if listed else detail,
    )


def _share(reference: LevelSummary, current: LevelSummary, risk: float) -> Estimate:
    names = sorted(reference.levels.keys() | current.levels.keys())
    before = np.array([float(reference.levels.get(name, 0)) for name in names])
    now = np.array([float(current.levels.get(name, 0)) for name in names])
    # One of many levels is looked at: they share the risk.
    z = quantile(risk / len(names))
    effect, lower, upper = size(*difference(now, current.present, before, reference.present, z))
    worst = int(np.lexsort((effect, lower))[-1])
    detail = (
        f"the share of {names[worst]!r} went from {before[worst] / reference.present:.2%} "
        f"to {now[worst] / current.present:.2%}"
    )
    return _estimate(effect[worst], lower[worst], upper.max(), current.present, detail)


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


def _estimate(effect: float, lower: float, upper: float, rows: int, detail: str) -> Estimate:
    return Estimate(
        effect=float(effect), lower=float(lower), upper=float(upper), rows=rows, detail=detail
    )
