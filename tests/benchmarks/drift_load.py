"""What the benchmarks of drift run, each in a process of its own: times and peak memory as JSON.

`python -m tests.benchmarks.drift_load WORK [FOLDER]`, where WORK is one of the functions below.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.memory import reset_peak, status_mib

ROWS = int(os.environ.get("TRIMARAN_BENCH_ROWS", "1_000_000"))
"""Rows of each table in memory, and a tenth of those of the Parquet file."""
GROUP_ROWS = 125_000
NUMERIC, CATEGORICAL = 35, 15


def table(seed: int) -> Any:
    """35 numeric columns of many shapes and 15 categorical ones, as Arrow.

    Normal at several scales, lognormal, heavy-tailed, Poisson, small whole numbers, zero-inflated,
    5 to 20 % missing, infinities, bimodal, timestamps, a correlated pair; 2 to 500 levels, one of
    10,000, booleans, 2 % missing.
    """
    import pyarrow as pa

    draw = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for i in range(8):
        columns[f"normal{i}"] = draw.normal(10.0**i / 100, 10.0 ** (i - 3), ROWS)
    for i in range(4):
        columns[f"lognormal{i}"] = draw.lognormal(i, 0.5 + i / 3, ROWS)
        columns[f"heavy{i}"] = draw.standard_t(2 + i, ROWS)
    for i in range(3):
        columns[f"poisson{i}"] = draw.poisson(3.0**i, ROWS)
        columns[f"small{i}"] = draw.integers(0, 6 * (i + 1), ROWS)
        columns[f"inflated{i}"] = np.where(
            draw.random(ROWS) < 0.6, 0, draw.exponential(3 + i, ROWS)
        )
    for i in range(4):
        missing = draw.random(ROWS) < 0.05 * (i + 1)
        columns[f"gaps{i}"] = pa.array(draw.normal(size=ROWS), mask=missing)
    columns["infinite"] = np.where(draw.random(ROWS) < 0.001, np.inf, draw.normal(size=ROWS))
    columns["bimodal"] = draw.normal(np.where(draw.random(ROWS) < 0.4, -3, 3), 1)
    for i in range(2):
        moments = 1_700_000_000_000_000 + draw.integers(0, 10**13, ROWS)
        columns[f"when{i}"] = pa.array(moments, pa.timestamp("us"))
    columns["pair0"] = draw.normal(size=ROWS)
    columns["pair1"] = 0.8 * columns["pair0"] + 0.6 * draw.normal(size=ROWS)
    assert len(columns) == NUMERIC
    for i, levels in enumerate((2, 3, 5, 8, 12, 20, 35, 60, 100, 200, 350, 500, 10_000)):
        weights = 1 / np.arange(1, levels + 1)
        codes = draw.choice(levels, ROWS, p=weights / weights.sum()).astype(np.int32)
        missing = draw.random(ROWS) < 0.02 if i % 2 else None
        names = pa.array([f"level {n}" for n in range(levels)])
        columns[f"level{i}"] = pa.DictionaryArray.from_arrays(pa.array(codes, mask=missing), names)
    for i in range(2):
        columns[f"flag{i}"] = pa.array(draw.random(ROWS) < 0.3 + i / 10)
    assert len(columns) == NUMERIC + CATEGORICAL
    return pa.table(columns)


def measured(work: Callable[[], object], times: int = 3) -> dict[str, float]:
    """Least wall and processor time of some runs, seconds, and the most memory needed, MiB."""
    before, taken, used = reset_peak(), [], []
    for _ in range(times):
        started, busy = time.perf_counter(), time.process_time()
        work()
        taken.append(time.perf_counter() - started)
        used.append(time.process_time() - busy)
    return {"taken": min(taken), "cpu": min(used), "extra_mib": status_mib("VmHWM") - before}


def profiles(_: Path, **how: Any) -> dict[str, float]:
    """Both tables to profiles, and with the verdict."""
    from trimaran_runtime.drift import Profile, compare
    from trimaran_runtime.drift.config import DriftConfig

    one, two = table(1), table(2)

    def both() -> tuple[Profile, Profile]:
        reference = Profile.of(one, **how)
        return reference, Profile.of(two, reference=reference, **how)

    Profile.of(one.slice(0, 1000), **how)  # loads what is loaded once
    compare(*both(), DriftConfig())

    found = measured(both)
    verdict = measured(lambda: compare(*both(), DriftConfig()))
    return {**found, "verdict": verdict["taken"]}


def correlated(_: Path) -> dict[str, float]:
    """The verdict with correlations, from tables."""
    from trimaran_runtime.drift import Profile, compare
    from trimaran_runtime.drift.config import DriftConfig

    one, two = table(1), table(2)

    def work(rows: int) -> None:
        before, now = one.slice(0, rows), two.slice(0, rows)
        reference = Profile.of(before).with_correlation(before)
        compare(reference, Profile.of(now, reference=reference), DriftConfig())

    work(1000)  # loads what is loaded once
    return measured(lambda: work(ROWS))


def single(folder: Path) -> dict[str, float]:
    """The same on one thread."""
    return profiles(folder, threads=1)


def compiled(folder: Path) -> dict[str, float]:
    """The same on one thread, with Numba."""
    return profiles(folder, threads=1, engine="numba")


def floor(_: Path) -> dict[str, float]:
    """The same work written plainly, on one thread: see `drift_floor`."""
    from threadpoolctl import threadpool_limits

    from tests.benchmarks import drift_floor

    one, two = table(1), table(2)
    centre = drift_floor.centres(one)
    with threadpool_limits(limits=1, user_api="blas"):
        assert drift_floor.verdict(one, two, pairs=True) == (set(), [])
        found = measured(
            lambda: (drift_floor.counted(one, centre), drift_floor.counted(two, centre))
        )
        verdict = measured(lambda: drift_floor.verdict(one, two, pairs=False))
        whole = measured(lambda: drift_floor.verdict(one, two, pairs=True))
    return {**found, "verdict": verdict["taken"], "whole": whole["taken"]}


def by_hand(_: Path) -> dict[str, float]:
    """The loop that people write: scipy's `ks_2samp` and `chi2_contingency`."""
    from scipy import stats

    from tests.benchmarks.drift_floor import has_levels

    one, two = table(1), table(2)

    def work() -> None:
        for name in one.column_names:
            columns = one.column(name), two.column(name)
            if has_levels(columns[0].type):
                before, now = (c.to_pandas().value_counts(sort=False) for c in columns)
                counts = np.array([before, now.reindex(before.index, fill_value=0)])
                stats.chi2_contingency(counts[:, counts.sum(axis=0) > 0])
            else:
                before, now = (c.drop_null().to_numpy() for c in columns)
                if before.dtype.kind == "M":
                    before, now = before.view(np.int64), now.view(np.int64)
                stats.ks_2samp(before[np.isfinite(before)], now[np.isfinite(now)])

    return measured(work, times=1)


def make(folder: Path) -> dict[str, float]:
    """Ten times the rows as Parquet, snappy, in row groups of 125,000."""
    from pyarrow import parquet

    first = table(1)
    with parquet.ParquetWriter(
        folder / "rows.parquet", first.schema, compression="snappy"
    ) as writer:
        for seed in range(10):
            writer.write_table(first if not seed else table(seed + 1), row_group_size=GROUP_ROWS)
    return {}


def reading(folder: Path) -> dict[str, float]:
    """Only read the Parquet, row group by row group, on one thread."""

    def work() -> None:
        for _ in _batches(folder):
            pass

    return measured(work, times=2)


def streaming(folder: Path, **how: Any) -> dict[str, float]:
    """Read it and profile it, on one thread."""
    from trimaran_runtime.drift import Profile

    Profile.of_batches([next(_batches(folder)).slice(0, 1000)], **how)
    return measured(lambda: Profile.of_batches(_batches(folder), threads=1, **how), times=2)


def streaming_compiled(folder: Path) -> dict[str, float]:
    """The same with Numba."""
    return streaming(folder, engine="numba")


def _batches(folder: Path) -> Any:
    from pyarrow import parquet

    file = parquet.ParquetFile(folder / "rows.parquet")
    for group in range(file.num_row_groups):
        yield file.read_row_group(group, use_threads=False)


WORKS = (
    profiles,
    single,
    compiled,
    correlated,
    floor,
    by_hand,
    make,
    reading,
    streaming,
    streaming_compiled,
)

if __name__ == "__main__":
    chosen = {work.__name__: work for work in WORKS}[sys.argv[1]]
    print(json.dumps(chosen(Path(sys.argv[2] if len(sys.argv) > 2 else "."))))
