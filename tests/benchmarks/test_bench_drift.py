"""Drift of two tables against the loop that people write by hand."""

import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from tests.benchmarks.table import record
from trimaran_runtime.drift import Profile, compare
from trimaran_runtime.drift.config import DriftConfig

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
ROWS = 300_000
NUMERIC, CATEGORICAL = 35, 15


def table(seed: int) -> pa.Table:
    """Normal numbers and Zipf-like categories."""
    generator = np.random.default_rng(seed)
    columns: dict[str, object] = {f"n{i}": generator.normal(size=ROWS) for i in range(NUMERIC)}
    for i in range(CATEGORICAL):
        codes = np.minimum(generator.zipf(1.6, size=ROWS) - 1, 99).astype(np.int32)
        levels = pa.array([f"level {n}" for n in range(100)])
        columns[f"c{i}"] = pa.DictionaryArray.from_arrays(pa.array(codes), levels)
    return pa.table(columns)


def timed(work: Callable[[], object]) -> float:
    """Least time of three runs, seconds."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def test_profile_and_verdict_against_scipy() -> None:
    reference, current = table(1), table(2)

    def ours() -> object:
        before = Profile.of(reference)
        after = Profile.of(current, reference=before)
        return compare(before, after, DriftConfig())

    def by_hand() -> None:
        for i in range(NUMERIC):
            one, two = reference[f"n{i}"].to_numpy(), current[f"n{i}"].to_numpy()
            stats.ks_2samp(one, two)
        for i in range(CATEGORICAL):
            one, two = reference[f"c{i}"].to_pandas(), current[f"c{i}"].to_pandas()
            counts = np.array([one.value_counts(sort=False), two.value_counts(sort=False)])
            stats.chi2_contingency(counts[:, counts.sum(axis=0) > 0])

    what = f"drift verdict, two tables of {ROWS:,} x {NUMERIC + CATEGORICAL}"
    assert record(what, timed(ours), "scipy ks_2samp and chi2 loop", timed(by_hand)) < 1
