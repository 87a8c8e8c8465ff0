"""Drift of two tables, and of a large one in Parquet, against what has to be done at least."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.benchmarks import drift_floor
from tests.benchmarks.drift_load import CATEGORICAL, NUMERIC, ROWS
from tests.benchmarks.table import record

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]
COLUMNS = NUMERIC + CATEGORICAL
TABLES = f"two tables of {ROWS:,} x {COLUMNS}"
STREAM = f"{10 * ROWS:,} x {COLUMNS} of Parquet to a profile"


def measured(work: str, folder: Path) -> dict[str, float]:
    """What a process of its own measured."""
    command = [sys.executable, "-m", "tests.benchmarks.drift_load", work, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    document: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return document


def test_two_tables_against_the_floor_and_scipy(tmp_path: Path) -> None:
    floor, ours = measured("floor", tmp_path), measured("profiles", tmp_path)
    correlated = measured("correlated", tmp_path)
    single, compiled = measured("single", tmp_path), measured("compiled", tmp_path)
    plain = "the same written plainly, one thread"
    ratio = record(f"{TABLES} to profiles", ours["taken"], plain, floor["taken"])
    record(f"{TABLES} to profiles, one thread: CPU", single["cpu"], plain, floor["cpu"])
    record(f"{TABLES} to profiles, one thread, numba: CPU", compiled["cpu"], plain, floor["cpu"])
    verdict = f"drift verdict, {TABLES}"
    record(f"{verdict}, at least", ours["verdict"], plain, floor["verdict"])
    whole = record(f"{verdict} with correlations", correlated["taken"], plain, floor["whole"])
    by_hand = measured("by_hand", tmp_path)
    times = record(verdict, ours["verdict"], "scipy ks_2samp and chi2 loop", by_hand["taken"])
    bar = ("the bar of 40 MiB", 40)
    record(f"{TABLES} to profiles, extra memory", ours["extra_mib"], *bar, unit="MiB")
    extra = correlated["extra_mib"]
    record(f"{verdict} with correlations, extra memory", extra, *bar, unit="MiB")
    assert ratio <= 1.2
    assert times <= 1 / 8
    assert whole <= 1.2
    assert ours["extra_mib"] <= 40
    assert extra <= 40


def test_the_plain_verdict_finds_what_moved() -> None:
    draw = np.random.default_rng(0)

    def rows(shift: float, rho: float, levels: int) -> pa.Table:
        one, other = draw.normal(size=(2, 100_000))
        names = pa.array([str(n) for n in range(20)])
        return pa.table(
            {
                "still": draw.normal(size=100_000),
                "moved": draw.normal(shift, 1, 100_000),
                "one": one,
                "other": rho * one + np.sqrt(1 - rho * rho) * other,
                "codes": pa.DictionaryArray.from_arrays(
                    pa.array(draw.integers(0, levels, 100_000), pa.int32()), names
                ),
            }
        )

    before = rows(0, 0.8, 18)
    assert drift_floor.verdict(before, rows(0, 0.8, 18), pairs=True) == (set(), [])
    found = drift_floor.verdict(before, rows(0.3, 0.2, 20), pairs=True)
    assert found == ({"moved", "codes"}, [("one", "other")])


def test_a_stream_of_parquet_against_reading_it(tmp_path: Path) -> None:
    measured("make", tmp_path)
    reading, ours = measured("reading", tmp_path), measured("streaming", tmp_path)
    compiled = measured("streaming_compiled", tmp_path)
    only = "pyarrow reads it, one thread"
    # One thread each: processor time is wall time on a quiet machine, and holds on a busy one.
    ratio = record(f"{STREAM}: CPU", ours["cpu"], only, reading["cpu"])
    faster = record(f"{STREAM}, numba: CPU", compiled["cpu"], only, reading["cpu"])
    memory = f"{STREAM}, extra memory"
    record(memory, ours["extra_mib"], "the bar of 350 MiB", 350, unit="MiB")
    assert ratio <= 2.4
    assert faster <= 1.6
    assert ours["extra_mib"] <= 350
