"""Alarms where nothing changed, and none missed where something did: simulated with 50 columns.

`TRIMARAN_SWEEP=full` runs every seed and size, and the whole year; the power curve is
docs/drift-power.md.
"""

import os

import numpy as np
import pyarrow as pa
import pytest

from tests.drift.drift_tables import table_of
from tests.drift.power import CHANGES, detected
from tests.drift.year import COLUMNS, CONFIG, simulate, traffic
from trimaran_runtime.drift import Profile, compare

FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
SEEDS = 20 if FULL else 2
SIZES = (1_000, 5_000, 20_000, 100_000, 1_000_000) if FULL else (1_000, 20_000, 1_000_000)


@pytest.mark.parametrize("rows", SIZES)
def test_fifty_columns_that_did_not_change_raise_no_alarm(rows: int) -> None:
    reference = traffic(1_000_000, np.random.default_rng(1))
    for seed in range(SEEDS):
        verdict = compare(reference, traffic(rows, np.random.default_rng(100 + seed)), CONFIG)
        assert verdict.drifted == ()
        assert len(verdict.columns) == COLUMNS


@pytest.mark.parametrize("rows", SIZES[:2])
def test_nor_do_they_against_a_reference_of_the_same_size(rows: int) -> None:
    for seed in range(SEEDS):
        draw = np.random.default_rng(200 + seed)
        assert compare(traffic(rows, draw), traffic(rows, draw), CONFIG).drifted == ()


def test_nor_do_two_halves_of_real_rows() -> None:
    table = table_of(40_000, 5)
    reference = Profile.of(table.slice(0, 20_000))
    current = Profile.of(table.slice(20_000), reference=reference)
    assert compare(reference, current, CONFIG).drifted == ()
    moved = table.slice(20_000).set_column(0, "normal", pa.array(np.full(20_000, 9.0)))
    assert compare(reference, Profile.of(moved, reference=reference), CONFIG).drifted == ("normal",)


@pytest.mark.parametrize("run", [1, 4])
@pytest.mark.timeout(1800)
def test_a_year_of_days_that_wobble_raises_at_most_one_alarm(run: int) -> None:
    days, columns = (365, COLUMNS) if FULL else (40, 10)
    year = simulate(days=days, rows=20_000, seed=7 + run, run=run, columns=columns)
    print(f"\n{days} days, {columns} columns, equal rows in runs of {run}: {year}")
    assert year.verdicts + year.detections <= 1


@pytest.mark.timeout(1800)
def test_a_shift_of_a_tenth_of_a_standard_deviation_is_found_within_days() -> None:
    before, columns, shifted = (180, COLUMNS, 10) if FULL else (10, 10, 3)
    year = simulate(
        days=before + 10,
        rows=20_000,
        seed=5,
        columns=columns,
        shifted=shifted,
        shift_day=before,
    )
    delays = sorted(year.found.values())
    print(f"\ndays to the first alarm: {delays}; of the detector alone {year.detector}")
    assert len(delays) == shifted
    assert delays[-1] <= 7
    assert year.verdicts + year.detections <= 1


@pytest.mark.parametrize("name", CHANGES)
def test_a_material_change_is_found_in_19_of_20_windows_of_20000_rows(name: str) -> None:
    windows = 40 if FULL else 10
    assert detected(name, 1.0, 20_000, windows) >= 0.95
