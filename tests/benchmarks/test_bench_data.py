"""The data step on 1,000,000 rows x 50 columns against reading and writing them: CPU and memory.

`TRIMARAN_BENCH_ROWS` takes fewer rows, for a look; the bars are those of a million. CPU rather than
wall time: the step is held to what it takes, not to what else the machine does.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.benchmarks.table import record

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
ROWS = int(os.environ.get("TRIMARAN_BENCH_ROWS", "1_000_000"))
MOST_TIMES_COPYING = 1.5
MOST_EXTRA_MIB = 350
NUMBERS, LEVELS, TEXTS = 38, 10, 2
_PEAK = """
import json, sys, time
from pathlib import Path
import pyarrow as pa
from pyarrow import parquet
from tests.benchmarks.memory import reset_peak, status_mib
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.row_hash import fingerprint
from trimaran_runtime.data.table import write_table
from trimaran_runtime.user_code import UserCode

folder, what = Path(sys.argv[1]), sys.argv[2]
table = parquet.read_table(folder / "rows.parquet") if what == "fingerprint" else None
before = reset_peak()
started, cpu = time.perf_counter(), time.process_time()
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
taken, cpu = time.perf_counter() - started, time.process_time() - cpu
print(json.dumps({"seconds": taken, "cpu": cpu, "mib": status_mib("VmHWM") - before}))
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
    """Least time, CPU and peak of three fresh processes."""
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", _PEAK, str(folder), what], capture_output=True, check=True
            ).stdout
        )
        for _ in range(3)
    ]
    return {key: min(run[key] for run in runs) for key in ("seconds", "cpu", "mib")}


def test_fingerprint_and_step_against_reading(folder: Path) -> None:
    size = f"{ROWS:,} x {NUMBERS + LEVELS + TEXTS}"
    read, copied = measured(folder, "read"), measured(folder, "copy")
    step, content = measured(folder, "step"), measured(folder, "fingerprint")
    ratio = record(f"fingerprint of {size}, CPU", content["cpu"], "reading it", read["cpu"])
    assert ratio < 3
    what, against = f"data step, {size}", "pyarrow: read it, write it"
    record(what, step["seconds"], against, copied["seconds"])
    ratio = record(f"{what}: CPU", step["cpu"], against, copied["cpu"])
    assert ratio <= MOST_TIMES_COPYING
    record(f"{what}: peak memory", step["mib"], against, copied["mib"], "MiB")
    assert step["mib"] <= MOST_EXTRA_MIB
