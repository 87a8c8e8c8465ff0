"""The data step on 1,000,000 rows x 50 columns: time against reading alone, and peak memory."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.benchmarks.table import record

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
ROWS = 1_000_000
NUMBERS, LEVELS, TEXTS = 38, 10, 2
_PEAK = """
import json, resource, sys, time
from pathlib import Path
import pyarrow as pa
from pyarrow import parquet
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.row_hash import fingerprint
from trimaran_runtime.data.table import write_table
from trimaran_runtime.user_code import UserCode

folder, what = Path(sys.argv[1]), sys.argv[2]
table = parquet.read_table(folder / "rows.parquet") if what == "fingerprint" else None
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
if what == "read":
    parquet.read_table(folder / "rows.parquet")
elif what == "fingerprint":
    fingerprint(table)
elif what == "step":
    config = DataConfig(source="rows.parquet", target="n0", task="regression")
    write_table(config, UserCode(folder), folder / "written.parquet")
else:
    whole = parquet.read_table(folder / "rows.parquet")
    parquet.write_table(whole, folder / "plain.parquet", compression="zstd")
taken = time.perf_counter() - started
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": taken, "mib": (after - before) / 1024}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Normal numbers, categories of 100 levels, and texts that hardly repeat."""
    path = tmp_path_factory.mktemp("rows")
    generator = np.random.default_rng(0)
    columns: dict[str, object] = {f"n{i}": generator.normal(size=ROWS) for i in range(NUMBERS)}
    levels = np.array([f"level {number}" for number in range(100)])
    for i in range(LEVELS):
        columns[f"c{i}"] = pa.array(levels[generator.integers(0, 100, ROWS)])
    for i in range(TEXTS):
        columns[f"t{i}"] = pa.array([f"{n:x}" for n in generator.integers(0, 2**48, ROWS)])
    parquet.write_table(pa.table(columns), path / "rows.parquet")
    return path


def measured(folder: Path, what: str) -> dict[str, float]:
    """Least time and least peak of three fresh processes."""
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", _PEAK, str(folder), what], capture_output=True, check=True
            ).stdout
        )
        for _ in range(3)
    ]
    return {key: min(run[key] for run in runs) for key in ("seconds", "mib")}


def test_fingerprint_and_step_against_reading(folder: Path) -> None:
    size = f"{ROWS:,} x {NUMBERS + LEVELS + TEXTS}"
    read, copied = measured(folder, "read"), measured(folder, "copy")
    step, content = measured(folder, "step"), measured(folder, "fingerprint")
    fingerprint = content["seconds"]
    assert record(f"fingerprint of {size}", fingerprint, "reading it", read["seconds"]) < 2
    what = f"data step, {size}"
    record(what, step["seconds"], "pyarrow: read it, write it", copied["seconds"])
    what = f"data step, {size}: peak memory"
    assert record(what, step["mib"], "pyarrow: read it, write it", copied["mib"], "MiB") < 1
    assert step["mib"] < 1024
