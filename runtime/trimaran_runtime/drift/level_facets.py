"""What is compared about a column of levels."""

import math

import numpy as np

from trimaran_runtime.drift.bins import level_bins, level_rows
from trimaran_runtime.drift.bound import difference, share_of_one, size
from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.divergence import divergence
from trimaran_runtime.drift.estimate import Comparison, Doubt, Estimate, estimate
from trimaran_runtime.drift.level import LevelSummary

_NAMED = 3


def of_levels(reference: LevelSummary, current: LevelSummary) -> dict[FacetName, Comparison]:
    """The comparisons that two summaries of levels allow."""
    if not (reference.present and current.present):
        return {}
    found: dict[FacetName, Comparison] = {
        FacetName.js: lambda doubt: _js(reference, current, doubt)
    }
    if reference.buckets is None and current.buckets is None:
        found |= {
            FacetName.new_category: lambda doubt: _new_category(reference, current, doubt),
            FacetName.share: lambda doubt: _share(reference, current, doubt),
        }
    return found


def _js(reference: LevelSummary, current: LevelSummary, doubt: Doubt) -> Estimate:
    found = divergence(*level_bins(reference, current), doubt)
    return estimate(*found, current.present, "the mix of levels has changed")


def _new_category(reference: LevelSummary, current: LevelSummary, doubt: Doubt) -> Estimate:
    new = {name: rows for name, rows in current.levels.items() if name not in reference.levels}
    count, rows, before = sum(new.values()), current.present, reference.present
    once = sum(1 for rows in reference.levels.values() if rows == 1)
    twice = sum(1 for rows in reference.levels.values() if rows == 2)
    # Good and Turing: levels seen once foretell the share of levels not seen yet.
    expected = once / before
    z = doubt.z(2)
    spread = z * math.sqrt(doubt.inflation * (once + 2 * twice)) / before
    most = expected + spread + math.log(2 / doubt.risk) / doubt.rows(before)
    low, high = share_of_one(count / doubt.inflation, doubt.rows(rows), z)
    names = sorted(new, key=lambda name: (-new[name], name))[:_NAMED]
    listed = ", ".join(repr(name) for name in names) + (", …" if len(new) > _NAMED else "")
    detail = f"{count / rows:.2%} of the values are levels never seen in the reference"
    return estimate(
        max(0.0, count / rows - expected),
        max(0.0, low - most),
        high,
        rows,
        f"{detail} ({listed})" if listed else detail,
    )


def _share(reference: LevelSummary, current: LevelSummary, doubt: Doubt) -> Estimate:
    names = sorted(reference.levels.keys() | current.levels.keys())
    before, now = level_rows(reference, names), level_rows(current, names)
    change, low, high = difference(
        now / doubt.inflation,
        doubt.rows(current.present),
        before / doubt.inflation,
        doubt.rows(reference.present),
        # One of many levels is looked at: they share the risk.
        doubt.z(2 * len(names)),
    )
    effect, lower, upper = size(change, low, high)
    worst = int(np.lexsort((effect, lower))[-1])
    detail = (
        f"the share of {names[worst]!r} went from {before[worst] / reference.present:.2%} "
        f"to {now[worst] / current.present:.2%}"
    )
    return estimate(effect[worst], lower[worst], upper.max(), current.present, detail)
