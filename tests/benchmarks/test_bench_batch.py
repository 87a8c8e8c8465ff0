"""Batch inference of 5,000,000 rows x 10 columns: memory that does not grow, and what rows cost.

`TRIMARAN_BENCH_ROWS` takes fewer rows, for a look; the bars are those of five millions. Against:
reading the file whole, predicting it at once with the model, and writing it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import skops.io
from pyarrow import parquet
from sklearn.linear_model import LogisticRegression

from tests.benchmarks.table import record
from tests.serving import releases
from trimaran_runtime.registry.release import Feature

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_800)]
ROWS = int(os.environ.get("TRIMARAN_BENCH_ROWS", "5_000_000"))
COLUMNS = [f"x{number}" for number in range(10)]
MOST_MIB = 450
MOST_GROWTH = 1.15
"""Times the memory of a tenth of the rows."""
_RUN = """
import json, resource, sys, time
what, store, release, model, source, output = sys.argv[1:]
started, cpu = time.perf_counter(), time.process_time()
if what == "job":
    from trimaran_runtime.serving.batch.__main__ import main
    assert main(["--store", store, "--release", release, "--input", source, "--output", output,
                 "--keep", "id", "--overwrite"]) == 0
else:
    import pandas as pd, skops.io
    fitted, frame = skops.io.load(model), pd.read_parquet(source)
    chances = fitted.predict_proba(frame.drop(columns="id"))[:, 1]
    answers = {"id": frame["id"], "label": chances > 0.5, "probability": chances}
    pd.DataFrame(answers).to_parquet(output, compression="zstd")
cpu, taken = time.process_time() - cpu, time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": taken, "cpu": cpu, "mib": peak}))
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A release, its model as a file, and rows: all of them, and a tenth."""
    folder = tmp_path_factory.mktemp("batch")
    draw = np.random.default_rng(0)
    with pytest.MonkeyPatch.context() as patch:
        features = [Feature(name=n, type="number", nullable=False, example=0.5) for n in COLUMNS]
        patch.setattr(releases, "FEATURES", tuple(features))
        frame = pd.DataFrame(draw.normal(size=(5_000, len(COLUMNS))), columns=COLUMNS)
        model = LogisticRegression().fit(frame, frame.sum(axis=1) > 0)
        store = releases.new_store(folder / "store")
        release = releases.publish(store, model=model)
    skops.io.dump(model, folder / "model.skops")
    for name, count in (("tenth", ROWS // 10), ("whole", ROWS)):
        numbers = {column: draw.normal(size=count) for column in COLUMNS}
        table = pa.table({"id": np.arange(count), **numbers})
        parquet.write_table(table, folder / f"{name}.parquet")
    return {"folder": str(folder), "store": store.uri, "release": release}


def measured(given: dict[str, str], what: str, rows: str, times: int = 3) -> dict[str, float]:
    """Least time, CPU and peak of fresh processes."""
    folder = Path(given["folder"])
    arguments = [what, given["store"], given["release"], str(folder / "model.skops")]
    arguments += [str(folder / f"{rows}.parquet"), str(folder / "out.parquet")]
    runs = []
    for _ in range(times):
        command = [sys.executable, "-c", _RUN, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return {key: min(run[key] for run in runs) for key in ("seconds", "cpu", "mib")}


def test_memory_stays_and_rows_are_cheap(given: dict[str, str]) -> None:
    tenth, whole = measured(given, "job", "tenth"), measured(given, "job", "whole")
    plain = measured(given, "plain", "whole")
    what = f"batch inference of {ROWS:,} x {len(COLUMNS)}, logistic regression"
    against = "pandas: read it, predict it at once, write it"
    record(f"{what}: CPU", whole["cpu"], against, plain["cpu"])
    record(f"{what}: peak memory", whole["mib"], against, plain["mib"], "MiB")
    assert whole["mib"] <= MOST_MIB
    assert whole["mib"] <= tenth["mib"] * MOST_GROWTH
