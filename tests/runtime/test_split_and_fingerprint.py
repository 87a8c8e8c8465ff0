"""Splits never share a row, and the fingerprint tells content, not order."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.row_hash import fingerprint, row_hashes
from trimaran_runtime.data.split import split
from trimaran_runtime.errors import DataError


def config(**changes: object) -> DataConfig:
    return DataConfig.model_validate({"source": "a:b", "target": "y", **changes})


def rows(count: int, times: list[int] | None = None) -> pa.Table:
    at = times if times is not None else list(range(count))
    return pa.table(
        {
            "x": np.arange(count, dtype=np.float64),
            "y": np.arange(count) % 2,
            "at": pa.array(at, pa.int64()).cast(pa.timestamp("us")),
        }
    )


@given(st.lists(st.integers(0, 30), min_size=60, max_size=200))
def test_by_time_every_row_is_in_one_split_and_no_instant_is_torn_apart(times: list[int]) -> None:
    table = rows(len(times), times)
    try:
        found = split(table, config(time="at"), seed=0)
    except DataError:
        return  # so few instants that a split would be empty
    every = np.concatenate([part for _, part in found.items()])
    assert sorted(every.tolist()) == list(range(len(times)))
    at = np.array(times)
    assert at[found.train].max() < at[found.validation].min()
    assert at[found.validation].max() < at[found.test].min()


@given(st.integers(0, 2**31), st.integers(300, 900))
def test_by_hash_every_row_is_in_one_split(seed: int, count: int) -> None:
    found = split(rows(count), config(), seed=seed)
    every = np.concatenate([part for _, part in found.items()])
    assert sorted(every.tolist()) == list(range(count))
    assert len(found.train) == pytest.approx(0.6 * count, abs=0.12 * count)


def test_by_hash_a_row_stays_where_it_was_when_others_come() -> None:
    few, many = rows(500), rows(900)
    before, after = (split(table, config(), seed=3) for table in (few, many))
    assert set(before.test.tolist()) == {row for row in after.test.tolist() if row < 500}


def test_by_id_repeated_ids_stay_together() -> None:
    table = rows(900).append_column("key", pa.array(np.arange(900) // 3))
    found = split(table, config(id="key"), seed=0)
    keys = [key for _, part in found.items() for key in set((part // 3).tolist())]
    assert len(keys) == len(set(keys)) == 300


def test_another_seed_is_another_split() -> None:
    table = rows(500)
    assert (
        split(table, config(), seed=1).test.tolist() != split(table, config(), seed=2).test.tolist()
    )


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(DataError, match="the validation split has no rows"):
        split(rows(60, [0] * 30 + [1] * 30), config(time="at"), seed=0)


def test_a_split_without_a_class_is_refused() -> None:
    table = rows(100).set_column(1, "y", pa.array([1] * 10 + [0] * 90))
    with pytest.raises(DataError, match=r"the validation split .* has no row of class 1"):
        split(table, config(time="at"), seed=0)


def test_boundaries_are_recorded() -> None:
    found = split(rows(100), config(time="at"), seed=0)
    assert found.boundaries == (
        "1970-01-01T00:00:00.000060",
        "1970-01-01T00:00:00.000080",
    )


VALUES = {
    "i": [1, 2, None, 2],
    "f": [0.5, None, 1e300, 0.5],
    "s": ["a", "b", None, "a"],
    "b": [True, False, None, True],
}


def test_the_fingerprint_does_not_see_the_order_of_rows() -> None:
    table = pa.table(VALUES)
    assert fingerprint(table.take([3, 1, 2, 0])) == fingerprint(table)
    assert fingerprint(table.select(["s", "f", "i", "b"])) == fingerprint(table)


@pytest.mark.parametrize(
    "change",
    [
        {"i": [1, 2, 0, 2]},
        {"f": [0.5, None, 1e299, 0.5]},
        {"s": ["a", "b", "", "a"]},
        {"b": [True, False, False, True]},
        {"i": [2, 1, None, 2]},
        {"s": ["b", "a", None, "a"]},
    ],
)
def test_the_fingerprint_sees_every_change_of_content(change: dict[str, list[object]]) -> None:
    assert fingerprint(pa.table({**VALUES, **change})) != fingerprint(pa.table(VALUES))


def test_the_fingerprint_counts_repeated_rows() -> None:
    table = pa.table(VALUES)
    assert fingerprint(pa.concat_tables([table, table])) != fingerprint(table)
    assert fingerprint(table.slice(0, 3)) != fingerprint(table)


def test_a_renamed_column_is_another_content() -> None:
    table = pa.table(VALUES)
    assert fingerprint(table.rename_columns(["j", "f", "s", "b"])) != fingerprint(table)


def test_equal_rows_have_equal_hashes_and_negative_zero_is_zero() -> None:
    table = pa.table({"f": [0.0, -0.0, 1.0], "s": ["a", "a", "a"]})
    hashes = row_hashes(table)
    assert hashes[0] == hashes[1] != hashes[2]
