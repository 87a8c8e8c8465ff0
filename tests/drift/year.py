"""Simulated traffic of 50 columns: days that wobble, rows that repeat, and shifts.

A column wobbles by tilting its population along its normal scores, which shifts a normal column
by so many standard deviations and every other one by as much in the same sense. Rows that
resemble each other come in runs of equal ones.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from statistics import NormalDist

import numpy as np

from tests.drift.drawn import NUMBERS, drawn, levels, numbers
from trimaran_runtime.drift.comparison import compare
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.detector import DetectorState, update
from trimaran_runtime.drift.history import History
from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.summary import Summary
from trimaran_runtime.drift.watched import means

CONFIG = DriftConfig()
COLUMNS = 50
START = datetime(2026, 1, 1, tzinfo=UTC)
WOBBLE = 0.007
"""Standard deviation of a day's shift, in standard deviations of the column."""
_RESEMBLANCE = 0.9
"""Of a day's shift with that of the day before."""
_LEVELS = (2, 2, 3, 5, 5, 8, 12, 20, 30, 50, 100, 200, 500, 1_000, 10_000)
_MISSING = (0.0, 0.0, 0.05, 0.0, 0.2)


@cache
def population(place: int) -> Summary:
    """Of the column with this number: 35 of numbers, then 15 of levels."""
    return numbers(NUMBERS[place % len(NUMBERS)]) if place < 35 else levels(_LEVELS[place - 35])


@cache
def scores(place: int) -> np.ndarray:
    """Normal score of each key or level of a population."""
    summary = population(place)
    counts = _counts(summary)
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    return np.array([NormalDist().inv_cdf(share) for share in middle])


def _counts(summary: Summary) -> np.ndarray:
    if isinstance(summary, LevelSummary):
        return np.array(list(summary.levels.values()))
    assert isinstance(summary, NumberSummary)
    return summary.counts


def tilted(place: int, shift: float) -> Summary:
    """The population, shifted by so many standard deviations."""
    summary = population(place)
    if shift == 0:
        return summary
    weight = _counts(summary) * np.exp(shift * scores(place))
    counts = np.maximum(np.round(weight / weight.sum() * 10**12), 1).astype(np.int64)
    if isinstance(summary, LevelSummary):
        return LevelSummary(missing=0, levels=dict(zip(summary.levels, counts, strict=True)))
    assert isinstance(summary, NumberSummary)
    return replace(summary, counts=counts)


def traffic(
    rows: int,
    draw: np.random.Generator,
    shifts: np.ndarray | None = None,
    run: int = 1,
    columns: int = COLUMNS,
) -> Profile:
    """Profile of a window.

    Args:
        rows: rows.
        draw: where chance comes from.
        shifts: by column, in standard deviations; None: none.
        run: equal rows in a row.
        columns: how many of the 50, spread over all kinds.
    """
    found = {}
    for place in np.linspace(0, COLUMNS - 1, columns).astype(int):
        shift = 0.0 if shifts is None else float(shifts[place])
        summary = drawn(tilted(place, shift), rows // run, draw, _MISSING[place % 5])
        found[f"c{place:02d}"] = _repeated(summary, run)
    return Profile(rows=rows // run * run, columns=found)


def _repeated(summary: Summary, run: int) -> Summary:
    if run == 1:
        return summary
    missing = summary.missing * run
    if isinstance(summary, LevelSummary):
        return LevelSummary(missing=missing, levels={n: k * run for n, k in summary.levels.items()})
    assert isinstance(summary, NumberSummary)
    return replace(summary, missing=missing, counts=summary.counts * run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What daily checks said.

    Attributes:
        verdicts: column-days that a single check called drifted, before or beside the shift.
        detections: column-days of the detector's alarms, likewise.
        found: days from the shift to the first alarm of either, by shifted column.
        detector: the same of the detector alone.
    """

    verdicts: int
    detections: int
    found: dict[str, int]
    detector: dict[str, int]


def simulate(
    *,
    days: int,
    rows: int,
    seed: int,
    run: int = 1,
    columns: int = COLUMNS,
    wobble: float = WOBBLE,
    shifted: int = 0,
    shift_day: int = 0,
    shift: float = 0.1,
) -> Year:
    """Check a year of days against a reference of 32 days like them, and all in all 1M rows."""
    draw = np.random.default_rng(seed)
    walk = _walk(days + 32, draw) * wobble
    parts = [traffic(31_250, draw, walk[day], run, columns) for day in range(32)]
    history = History.of_profiles(parts)
    reference = parts[0]
    for part in parts[1:]:
        reference = reference.merge(part)
    names = list(reference.columns)
    moved = [name for name in names if _shows(int(name[1:]))][:shifted]
    state = DetectorState.begin("simulated")
    verdicts = detections = 0
    found: dict[str, int] = {}
    detector: dict[str, int] = {}
    for day in range(days):
        shifts = walk[32 + day].copy()
        late = bool(moved) and day >= shift_day
        for name in moved if late else ():
            shifts[int(name[1:])] += shift
        window = traffic(rows, draw, shifts, run, columns)
        drifted = set(compare(reference, window, CONFIG, history).drifted)
        since = START + timedelta(days=day)
        state, watch = update(
            state,
            means(reference, window),
            release="simulated",
            since=since,
            until=since + timedelta(days=1),
            config=CONFIG,
            history=history,
        )
        alarmed = {alarm.quantity.rpartition(":")[0] for alarm in watch.alarms}
        expected = set(moved) if late else set()
        verdicts += len(drifted - expected)
        detections += len(alarmed - expected)
        for name in expected & (drifted | alarmed):
            found.setdefault(name, day - shift_day)
        for name in expected & alarmed:
            detector.setdefault(name, day - shift_day)
    return Year(verdicts=verdicts, detections=detections, found=found, detector=detector)


def _shows(place: int) -> bool:
    """Whether a tenth of a standard deviation moves the column's mean place beyond the zone.

    Not where most rows are equal: a count of mean 0.05 then changes in 0.9 % of its rows.
    """
    return place < 35 and NUMBERS[place % len(NUMBERS)] not in {"rare_count", "inflated"}


def _walk(days: int, draw: np.random.Generator) -> np.ndarray:
    """AR(1) of variance 1, shape `(days, columns)`."""
    walk = np.empty((days, COLUMNS))
    walk[0] = draw.normal(0, 1, COLUMNS)
    for day in range(1, days):
        fresh = draw.normal(0, np.sqrt(1 - _RESEMBLANCE**2), COLUMNS)
        walk[day] = _RESEMBLANCE * walk[day - 1] + fresh
    return walk
