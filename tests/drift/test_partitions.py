"""Profiles of partitions add up to the profile of the table, bit for bit, in any order."""

import pickle
import random
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.partitions import COLUMN, PartitionProfiler, merge_all, merge_bytes
from trimaran_runtime.errors import DataError


def rows_of(count: int, seed: int = 0) -> pa.Table:
    draw = np.random.default_rng(seed)
    values = draw.normal(3, 1, count)
    values[draw.random(count) < 0.05] = np.nan
    return pa.table(
        {
            "value": values,
            "whole": draw.integers(-5, 1000, count),
            "level": draw.choice(["a", "b", "c", None], count).tolist(),
            "flag": draw.random(count) < 0.3,
        }
    )


TABLE = rows_of(3_000)
REFERENCE = Profile.of(rows_of(500, 1))
PROFILER = PartitionProfiler.of(REFERENCE)
WHOLE = Profile.of(TABLE, reference=REFERENCE).to_bytes()


@given(st.lists(st.integers(0, 3_000), max_size=12), st.randoms(use_true_random=False))
def test_any_partitioning_and_any_tree_give_the_same_bytes(
    cuts: list[int], order: random.Random
) -> None:
    places = sorted({0, 3_000, *cuts})
    parts = [TABLE.slice(a, b - a) for a, b in pairwise(places)]
    profiles = [PROFILER.frame(part) for part in parts]
    order.shuffle(profiles)
    assert merge_all(profiles).to_bytes() == WHOLE
    while len(profiles) > 1:
        one = profiles.pop(order.randrange(len(profiles)))
        other = profiles.pop(order.randrange(len(profiles)))
        profiles.append(merge_bytes(one, other))
    assert profiles == [WHOLE]


def test_a_partition_streams_in_batches_and_answers_with_one_row() -> None:
    (answer,) = PROFILER.stream(TABLE.to_batches(max_chunksize=100))
    assert answer.to_pydict() == {COLUMN: [WHOLE]}
    assert PROFILER.table(TABLE).to_pydict() == {COLUMN: [WHOLE]}


def test_a_partition_without_rows_says_nothing() -> None:
    assert list(PROFILER.stream([])) == []
    assert list(PROFILER.stream(TABLE.slice(0, 0).to_batches())) == []
    assert PROFILER.table(TABLE.slice(0, 0)).num_rows == 0
    with pytest.raises(DataError, match="no partition with rows"):
        merge_all([])


def test_it_is_sent_to_other_processes() -> None:
    again = pickle.loads(pickle.dumps(PROFILER))
    assert again.frame(TABLE) == WHOLE


def test_columns_that_the_reference_lacks_are_left_out() -> None:
    wider = TABLE.append_column("more", pa.array([[{}]] * 3_000))
    assert PROFILER.frame(wider) == WHOLE
