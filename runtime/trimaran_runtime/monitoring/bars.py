"""Shares of a column before and now, in bars that a person can read."""

from dataclasses import dataclass

import numpy as np

from trimaran_runtime.drift.key import Floats, edges
from trimaran_runtime.drift.summary import LevelSummary, NumberSummary, Summary

_MOST_VALUES = 30
_BINS = 24
_LEVELS = 12
_TAIL = 0.005
"""Share at each end that goes into the outermost bin: one outlier would flatten the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar.

    Attributes:
        label: level or value; empty for a bin.
        low, high: edges of a bin; None for a level or value.
        reference: share of the reference's present values, 0 to 1.
        current: share of the current ones.
    """

    label: str
    low: float | None = None
    high: float | None = None
    reference: float
    current: float


def bars(reference: Summary, current: Summary) -> tuple[Bar, ...]:
    """Bars of one column; none when either side has no value, or the levels are not known."""
    if isinstance(reference, NumberSummary) and isinstance(current, NumberSummary):
        if reference.finite and current.finite:
            return _number_bars(reference, current)
    elif (
        isinstance(reference, LevelSummary)
        and isinstance(current, LevelSummary)
        and (reference.levels and current.levels)
    ):
        return _level_bars(reference, current)
    return ()


def _number_bars(reference: NumberSummary, current: NumberSummary) -> tuple[Bar, ...]:
    before, now = _values(reference), _values(current)
    distinct = np.union1d(before, now)
    if len(distinct) <= _MOST_VALUES:
        return tuple(
            Bar(label=f"{value:.6g}", reference=float(b), current=float(n))
            for value, b, n in zip(
                distinct,
                _at(distinct, before, reference),
                _at(distinct, now, current),
                strict=True,
            )
        )
    low = min(_percentile(before, reference, _TAIL), _percentile(now, current, _TAIL))
    high = max(_percentile(before, reference, 1 - _TAIL), _percentile(now, current, 1 - _TAIL))
    cuts = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    shares = [
        np.histogram(np.clip(values, cuts[0], cuts[-1]), cuts, weights=summary.counts)[0]
        / summary.finite
        for values, summary in ((before, reference), (now, current))
    ]
    return tuple(
        Bar(
            label="",
            low=float(cuts[i]),
            high=float(cuts[i + 1]),
            reference=float(b),
            current=float(n),
        )
        for i, (b, n) in enumerate(zip(*shares, strict=True))
    )


def _values(summary: NumberSummary) -> Floats:
    """A value for each key: its edge towards the centre, which whole numbers sit on."""
    low, high = edges(summary.keys, summary.centre)
    return np.where(low >= summary.centre, low, high)


def _at(distinct: Floats, values: Floats, summary: NumberSummary) -> Floats:
    shares = np.zeros(len(distinct))
    np.add.at(shares, np.searchsorted(distinct, values), summary.counts / summary.finite)
    return shares


def _percentile(values: Floats, summary: NumberSummary, share: float) -> float:
    return float(values[np.searchsorted(np.cumsum(summary.counts), share * summary.finite)])


def _level_bars(reference: LevelSummary, current: LevelSummary) -> tuple[Bar, ...]:
    names = reference.levels.keys() | current.levels.keys()
    shares = {
        name: (
            reference.levels.get(name, 0) / reference.present,
            current.levels.get(name, 0) / current.present,
        )
        for name in names
    }
    ranked = sorted(names, key=lambda name: (-max(shares[name]), name))
    shown = [
        Bar(label=name, reference=shares[name][0], current=shares[name][1])
        for name in ranked[:_LEVELS]
    ]
    if rest := ranked[_LEVELS:]:
        before, now = (sum(shares[name][side] for name in rest) for side in (0, 1))
        shown.append(Bar(label=f"{len(rest)} others", reference=before, current=now))
    return tuple(shown)
