"""Summaries of samples drawn from known populations: multinomials, so rows cost nothing.

A population is the summary of many rows of a distribution, taken for the truth.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa

from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.summary import Summary

ROWS = 400_000
NUMBERS = ("normal", "lognormal", "heavy", "poisson", "rare_count", "inflated", "hour", "bimodal")
LEVELS = (2, 5, 20, 100, 1_000, 10_000)


@cache
def numbers(kind: str, moved: float = 0.0) -> NumberSummary:
    """Population of numbers; `moved` shifts or stretches it, 0: not."""
    draw = np.random.default_rng(len(kind))
    match kind:
        case "normal":
            values = draw.normal(moved, 1, ROWS)
        case "lognormal":
            values = draw.lognormal(3 + moved, 1.5, ROWS)
        case "heavy":
            values = draw.standard_t(2, ROWS) + moved
        case "poisson":
            values = draw.poisson(2 + moved, ROWS).astype(float)
        case "rare_count":
            values = draw.poisson(0.05 + moved / 4, ROWS).astype(float)
        case "inflated":
            some = draw.random(ROWS) < 0.4 + moved / 4
            values = np.where(some, draw.exponential(3, ROWS), 0)
        case "hour":
            values = (draw.integers(0, 24, ROWS) * (1 - moved / 4)).round()
        case _:
            some = draw.random(ROWS) < 0.5 + moved / 4
            values = np.where(some, draw.normal(-3, 1, ROWS), draw.normal(3, 1, ROWS))
    reference = Profile.of(pa.table({"x": [0.0]}))
    found = Profile.of(pa.table({"x": values}), reference=reference).columns["x"]
    assert isinstance(found, NumberSummary)
    return found


@cache
def levels(count: int, moved: float = 0.0) -> LevelSummary:
    """Population of so many levels with shares falling as 1/rank; `moved` lifts the second."""
    weight = 1 / np.arange(1, count + 1)
    weight[1] *= 1 + moved
    share = weight / weight.sum()
    rows = np.maximum(np.round(share * 10_000_000), 1).astype(int)
    return LevelSummary(
        missing=0, levels={f"level {place}": int(n) for place, n in enumerate(rows)}
    )


def drawn(
    population: Summary, rows: int, draw: np.random.Generator, missing: float = 0.0
) -> Summary:
    """Summary of so many rows of a population, some of them missing."""
    lost = int(draw.binomial(rows, missing))
    if isinstance(population, LevelSummary):
        names = list(population.levels)
        counts = np.array([population.levels[name] for name in names])
        found = draw.multinomial(rows - lost, counts / counts.sum())
        return LevelSummary(
            missing=lost, levels={names[at]: int(found[at]) for at in np.flatnonzero(found)}
        )
    assert isinstance(population, NumberSummary)
    found = draw.multinomial(rows - lost, population.counts / population.finite)
    some = np.flatnonzero(found)
    return replace(
        population, missing=lost, keys=population.keys[some], counts=found[some].astype(np.int64)
    )
