"""Validation of a million rows against reading them, and against pandera's part of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.table import record
from tests.benchmarks.validation_load import ROWS

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
MOST_TIMES_READING = 6
MOST_EXTRA_MIB = 1024


def measured(work: str, folder: Path) -> dict[str, float]:
    """What a process of its own measured."""
    command = [sys.executable, "-m", "tests.benchmarks.validation_load", work, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    document: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return document


def test_validation_against_reading_and_pandera(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.validation_load", "make", str(tmp_path)],
        check=True,
    )
    assert measured("ours", tmp_path) == {}  # the first call writes the lock
    ours, pandera = measured("ours", tmp_path), measured("pandera", tmp_path)
    what = f"validation of {ROWS:,} rows x 50 columns, all checks"
    ratio = record(what, ours["taken"], "pyarrow reads the Parquet", ours["reading"])
    record(
        f"{what}, extra memory", ours["extra_mib"], "the bar of 1 GiB", MOST_EXTRA_MIB, unit="MiB"
    )
    # Pandera's part: types, missing values, ranges, levels, uniqueness of the same lock.
    lock_alone = f"the lock of {ROWS:,} rows x 50 columns"
    record(lock_alone, ours["lock"], "pandera, the same rules", pandera["taken"])
    assert ratio <= MOST_TIMES_READING
    assert ours["extra_mib"] <= MOST_EXTRA_MIB
