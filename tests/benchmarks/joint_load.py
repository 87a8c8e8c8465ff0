"""Correlations of two tables of a million rows, beside the plainest way to them; prints JSON."""

import json
import sys
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from tests.benchmarks.memory import reset_peak, status_mib
from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.correlation import NormalScores
from trimaran_runtime.drift.normal_score import PER_DEVIATION, NormalScoreTable

COLUMNS = 35
_BLOCK = 65_536


def table(rows: int, seed: int) -> pa.Table:
    """Normal, skewed, heavy-tailed, whole and zero-inflated columns; four have missing values."""
    draw = np.random.default_rng(seed)
    made: list[Callable[[], object]] = [
        lambda: draw.normal(size=rows),
        lambda: draw.lognormal(3, 1.5, rows),
        lambda: draw.standard_t(2, rows),
        lambda: draw.poisson(3, rows),
        lambda: np.where(draw.random(rows) < 0.6, 0, draw.exponential(3, rows)),
    ]
    columns = {f"n{n:02}": made[n % 5]() for n in range(COLUMNS)}
    for name in ("n05", "n10", "n15", "n20"):
        columns[name] = np.where(draw.random(rows) < 0.1, np.nan, columns[name])
    return pa.table(columns)


def plainest(rows: pa.Table, scores: NormalScoreTable) -> np.ndarray:
    """One float32 product of all scores over blocks: neither exact nor aware of missing values."""
    tables = scores.scores.astype(np.float32) / PER_DEVIATION
    gram = np.zeros((len(tables), len(tables)))
    columns = [rows[name].to_numpy() for name in scores.columns]
    block = np.empty((len(tables), _BLOCK), np.float32)
    for start in range(0, rows.num_rows, _BLOCK):
        size = min(_BLOCK, rows.num_rows - start)
        for place, column in enumerate(columns):
            moved = (column[start : start + size] - scores.centres[place]).astype(np.float32)
            block[place, :size] = tables[place][moved.view(np.uint16)[1::2]]
        gram += block[:, :size] @ block[:, :size].T
    return gram


def least(work: Callable[[], object], runs: int = 5) -> tuple[float, float]:
    """Least wall and CPU seconds of some runs."""
    taken = []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(w for w, _ in taken), min(c for _, c in taken)


def main(rows: int) -> None:
    """Measure, and print what was found."""
    before, now = table(rows, 1), table(rows, 2)
    reference = Profile.of(before)
    scores = NormalScoreTable.of(reference)
    held = reset_peak()
    ours = least(lambda: [NormalScores.of(t, scores) for t in (before, now)])
    extra = status_mib("VmHWM") - held
    # As ours has it: on a busy machine, threads of BLAS wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        floor = least(lambda: [plainest(t, scores) for t in (before, now)])
    found = {
        "ours_s": ours[0],
        "ours_cpu_s": ours[1],
        "floor_s": floor[0],
        "floor_cpu_s": floor[1],
        "tables_s": least(lambda: NormalScoreTable.of(reference))[0],
        "extra_mib": extra,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
