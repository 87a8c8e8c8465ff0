"""What the benchmark of validation runs, in a process of its own: times and peak memory as JSON.

`python -m tests.benchmarks.validation_load make FOLDER` writes the table; `ours FOLDER` and
`pandera FOLDER` check it.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.memory import reset_peak, status_mib

ROWS = int(os.environ.get("TRIMARAN_BENCH_ROWS", "1_000_000"))
"""Fewer are for a look: the bars are those of a million."""
SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}


def make(folder: Path) -> None:
    """50 columns: 28 floats (5 with gaps), 6 integers, 2 booleans, 10 categories, 2 texts, times.

    Split by time, as Parquet with the writer of the steps.
    """
    import pyarrow as pa

    from trimaran_runtime.data.parquet import write_parquet

    generator = np.random.default_rng(1)
    columns: dict[str, Any] = {}
    for i in range(28):
        values = generator.normal(size=ROWS) if i % 2 else generator.lognormal(size=ROWS)
        missing = generator.random(ROWS) < 0.1 if i < 5 else None
        columns[f"x{i}"] = pa.array(values, mask=missing)
    for i in range(6):
        columns[f"n{i}"] = generator.poisson(3 * 8**i, size=ROWS)
    for i in range(2):
        columns[f"b{i}"] = generator.random(ROWS) < 0.3
    for i in range(10):
        levels = pa.array([f"level {n} of {i}" for n in range(4 * (i + 1) ** 2)])
        columns[f"c{i}"] = levels.take(pa.array(generator.integers(0, len(levels), ROWS)))
    customers = pa.array([f"customer-{n:08d}" for n in range(100_000)])
    columns["customer"] = customers.take(pa.array(generator.integers(0, 100_000, ROWS)))
    columns["event"] = pa.array([f"{n:016x}" for n in generator.integers(0, 2**63, ROWS)])
    columns["at"] = pa.array(np.arange(ROWS) * 30_000_000 + 1_700_000_000_000_000, "timestamp[us]")
    score = columns["x6"].to_numpy() / 4 + columns["x7"].to_numpy() + generator.logistic(size=ROWS)
    columns["y"] = score > 1
    table = pa.table(columns)
    start = 0
    for name, share in SHARES.items():
        size = round(share * ROWS)
        write_parquet(table.slice(start, size), folder / f"{name}.parquet")
        start += size


def read(folder: Path) -> tuple[Any, dict[str, Any], float]:
    """The splits, as one table and by name, and the least time of three reads, seconds."""
    import pyarrow as pa
    from pyarrow import parquet

    taken = []
    for _ in range(3):
        started = time.perf_counter()
        splits = {n: parquet.read_table(folder / f"{n}.parquet") for n in SHARES}
        taken.append(time.perf_counter() - started)
        if len(taken) < 3:
            del splits
    return pa.concat_tables(list(splits.values())), splits, min(taken)


def ours(folder: Path) -> dict[str, float]:
    """All checks, a lock included."""
    from trimaran_runtime.config import RunConfig
    from trimaran_runtime.validation.columns import Columns
    from trimaran_runtime.validation.conform import conform
    from trimaran_runtime.validation.infer import inferred
    from trimaran_runtime.validation.lock import TableLock
    from trimaran_runtime.validation.parts import Parts
    from trimaran_runtime.validation.validate import validate

    table, splits, reading = read(folder)
    lock_file = folder / "lock.json"
    data = {"source": "a:b", "target": "y", "time": "at", "id": "event"}
    config = {"model": "m", "training": {"train": "a:b"}, "data": data}
    plain = RunConfig.model_validate(config)
    if not lock_file.exists():
        lock_file.write_text(inferred(Columns(table), plain.data).model_dump_json())
        return {}
    lock = TableLock.model_validate_json(lock_file.read_text())
    run = RunConfig.model_validate({**config, "validation": {"lock": lock}})
    table, parts = Parts.joined(splits, table.num_rows)
    before, taken = reset_peak(), []
    for _ in range(2):
        started = time.perf_counter()
        findings = validate(table, run, parts=parts, now=datetime(2024, 10, 28, tzinfo=UTC))
        taken.append(time.perf_counter() - started)
    assert findings.errors == (), findings.errors
    extra = status_mib("VmHWM") - before
    started = time.perf_counter()
    assert [f for f in conform(Columns(table), lock, run.data, ROWS) if f.severity == "error"] == []
    alone = time.perf_counter() - started
    return {"reading": reading, "taken": min(taken), "extra_mib": extra, "lock": alone}


def pandera(folder: Path) -> dict[str, float]:
    """Types, missing values, ranges and levels of the same lock, by pandera on pandas."""
    import pandera.pandas as pa

    from trimaran_runtime.validation.lock import TableLock

    table, _, reading = read(folder)
    frame = table.to_pandas()
    lock = TableLock.model_validate_json((folder / "lock.json").read_text())
    columns = {}
    for entry in lock.columns:
        checks = []
        if entry.minimum is not None and entry.maximum is not None:
            room = lock.slack * (entry.maximum - entry.minimum)
            checks.append(pa.Check.in_range(entry.minimum - room, entry.maximum + room))
        if entry.categories is not None:
            checks.append(pa.Check.isin([*entry.categories]))
        columns[entry.name] = pa.Column(
            frame[entry.name].dtype,
            [] if str(frame[entry.name].dtype) == "bool" else checks,
            nullable=entry.nullable,
            unique=entry.unique,
        )
    schema = pa.DataFrameSchema(columns)
    before, taken = reset_peak(), []
    for _ in range(2):
        started = time.perf_counter()
        schema.validate(frame, lazy=True)
        taken.append(time.perf_counter() - started)
    return {"reading": reading, "taken": min(taken), "extra_mib": status_mib("VmHWM") - before}


if __name__ == "__main__":
    work, where = {"make": make, "ours": ours, "pandera": pandera}[sys.argv[1]], Path(sys.argv[2])
    print(json.dumps(work(where)))
