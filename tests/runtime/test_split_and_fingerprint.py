"""Splits never share a row, and the fingerprint tells content, not order."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.row_hash import Fingerprint, fingerprint, row_hashes
from trimaran_runtime.data.split import class_counts, how, split


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
    found = split(table, config(time="at"), seed=0)
    every = np.concatenate([part for _, part in found.items()])
    assert sorted(every.tolist()) == list(range(len(times)))
    at = np.array(times)
    held = [at[part] for _, part in found.items() if len(part)]
    assert all(before.max() < after.min() for before, after in pairwise(held))


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


def test_a_split_may_be_empty_or_lack_a_class_for_validation_to_tell() -> None:
    found = split(rows(60, [0] * 30 + [1] * 30), config(time="at"), seed=0)
    assert [len(part) for _, part in found.items()] == [30, 0, 30]


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


COLUMNS = {
    "i": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "f": (pa.float64(), st.floats(allow_nan=False)),
    "s": (pa.string(), st.text(max_size=12) | st.text("aé", min_size=100, max_size=140)),
    "b": (pa.bool_(), st.booleans()),
    "t": (pa.timestamp("us"), st.integers(0, 2**40)),
}


@given(st.data())
def test_the_fingerprint_does_not_see_how_rows_come(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 12))
    columns = {
        name: pa.array(
            data.draw(st.lists(st.none() | values, min_size=count, max_size=count)), kind
        )
        for name, (kind, values) in COLUMNS.items()
    }
    table = pa.table(columns)
    order = data.draw(st.permutations(range(count)))
    shuffled = table.take(pa.array(order, pa.int64())).select(
        data.draw(st.permutations(list(columns)))
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, count), max_size=4)))
    found = Fingerprint()
    for start, stop in zip([0, *cuts], [*cuts, count], strict=True):
        found.add(shuffled.slice(start, stop - start))
    assert found.digest(shuffled.schema) == fingerprint(table)


@given(st.lists(st.text(max_size=140), min_size=1, max_size=40, unique=True))
def test_different_texts_have_different_hashes(texts: list[str]) -> None:
    assert len(set(row_hashes(pa.table({"s": texts})).tolist())) == len(texts)


def test_texts_that_differ_in_length_or_in_their_last_byte_differ() -> None:
    texts = ["a" * length + end for length in range(260) for end in ("", "\0", "b")]
    texts = list(dict.fromkeys(texts))
    assert len(set(row_hashes(pa.table({"s": texts})).tolist())) == len(texts)


def test_values_that_swap_rows_or_columns_are_seen() -> None:
    table = pa.table({"a": [1, 2], "b": [1, 2]})
    assert fingerprint(table) != fingerprint(pa.table({"a": [1, 2], "b": [2, 1]}))
    assert len(set(row_hashes(pa.table({"a": [1, 2], "b": [2, 1]})).tolist())) == 2


def groups(count: int, size: int) -> pa.Table:
    return rows(count).append_column(
        "who", pa.array([f"g{row % (count // size)}" for row in range(count)])
    )


@given(st.integers(0, 1000), st.sampled_from([{}, {"balanced": True}]))
def test_a_group_is_in_one_split(seed: int, changes: dict[str, bool]) -> None:
    found = split(groups(900, 5), config(group="who", split=changes), seed=seed)
    assert sum(len(part) for _, part in found.items()) == 900
    held = [{row % 180 for row in part.tolist()} for _, part in found.items()]
    assert sum(len(each) for each in held) == 180


def test_by_time_later_splits_hold_groups_that_earlier_ones_do_not() -> None:
    # Group g is active at the instants 5 g … 5 g + 99: at each boundary some are in the middle.
    count = 1000
    table = rows(count).append_column("who", pa.array([row // 50 for row in range(count)]))
    scattered = table.take(np.random.default_rng(0).permutation(count))
    found = split(
        scattered,
        config(time="at", group="who", split={"train": 0.59, "validation": 0.2, "test": 0.21}),
        seed=0,
    )
    who = np.asarray(scattered.column("who"))
    held = [set(who[part].tolist()) for _, part in found.items()]
    assert not held[0] & held[1]
    assert not (held[0] | held[1]) & held[2]
    assert len(found.train) == 590
    assert found.dropped == {"group": count - sum(len(part) for _, part in found.items())}
    assert found.dropped["group"] > 0


def test_a_group_that_is_everywhere_leaves_nothing_and_is_counted() -> None:
    table = rows(100).append_column("who", pa.array(["one"] * 100))
    found = split(table, config(time="at", group="who"), seed=0)
    assert [len(part) for _, part in found.items()] == [60, 0, 0]
    assert found.dropped == {"group": 40}


def test_a_gap_is_left_out_before_each_boundary() -> None:
    day = 86_400_000_000
    table = rows(100, [row * day for row in range(100)])
    found = split(table, config(time="at", split={"gap_days": 2.5}), seed=0)
    assert [len(part) for _, part in found.items()] == [58, 18, 20]
    assert found.dropped == {"gap": 4}
    assert found.train.max() == 57
    assert found.validation.tolist() == list(range(60, 78))
    assert (found.assignment(100) == -1).sum() == 4


def test_balanced_classes_have_their_shares() -> None:
    labels = [["a", "b", "c"][0 if row < 70 else 1 if row < 970 else 2] for row in range(1000)]
    table = rows(1000).set_column(1, "y", pa.array(labels))
    choices = config(split={"balanced": True})
    found = split(table, choices, seed=4)
    counts = class_counts(table, choices, found)
    for label, total in {"a": 70, "b": 900, "c": 30}.items():
        for name, share in {"train": 0.6, "validation": 0.2, "test": 0.2}.items():
            assert abs(counts[name][label] - share * total) <= 1
    assert how(choices) == "row, balanced by class"


def test_balanced_or_not_repeated_rows_stay_together() -> None:
    table = rows(400)
    for changes in ({}, {"balanced": True}):
        twice = pa.concat_tables([table, table, table])
        found = split(twice, config(split=changes), seed=0)
        held = [{row % 400 for row in part.tolist()} for _, part in found.items()]
        assert sum(len(each) for each in held) == 400


def test_balanced_moves_only_a_few_rows_when_others_come() -> None:
    choices = config(split={"balanced": True})
    before, after = (split(rows(count), choices, seed=1).assignment(count) for count in (900, 990))
    assert (before != after[:900]).mean() < 0.03


def without(table: pa.Table, name: str, lacking: range) -> pa.Table:
    values = [None if row in lacking else v for row, v in enumerate(table[name].to_pylist())]
    place = table.column_names.index(name)
    return table.set_column(place, name, pa.array(values, table.schema.field(name).type))


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "at"},
        {"group": "who"},
        {"time": "at", "group": "who"},
        {"group": "who", "split": {"balanced": True}},
    ],
)
def test_rows_without_a_time_or_a_group_are_train_rows(changes: dict[str, object]) -> None:
    lacking = range(450, 480)
    name = "who" if "group" in changes else "at"
    table = without(groups(500, 5), name, lacking)
    for seed in range(6):
        found = split(table, config(**changes), seed=seed)
        assert set(lacking) <= set(found.train.tolist())
        kept = sum(len(part) for _, part in found.items())
        assert kept + sum(found.dropped.values()) == len(table)


@pytest.mark.parametrize("field", ["time", "group", "id"])
def test_a_column_without_a_value_is_split_by_as_if_it_were_not_named(field: str) -> None:
    table = groups(500, 5)
    changes = {"time": "at", "group": "who", "id": "x"}
    found = split(
        without(table, changes[field], range(500)), config(**{field: changes[field]}), seed=0
    )
    assert found.by == "row"
    assert all(len(part) > 50 for _, part in found.items())


@pytest.mark.parametrize("kind", [pa.string(), pa.float64()])
def test_a_time_without_an_order_in_time_is_not_split_by(kind: pa.DataType) -> None:
    table = groups(500, 5).append_column("when", pa.array(range(500)).cast(kind))
    found = split(table, config(time="when", group="who"), seed=0)
    assert found.by == "group who"
    by_hash = split(table, config(group="who", exclude=["when"]), seed=0)
    assert found.test.tolist() == by_hash.test.tolist()


def test_no_gap_in_days_is_left_between_numbers() -> None:
    table = rows(100).append_column("when", pa.array(range(100)))
    found = split(table, config(time="when", split={"gap_days": 2}), seed=0)
    assert (found.by, found.dropped) == ("time when", {})
    assert [len(part) for _, part in found.items()] == [60, 20, 20]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": {"test": 0.3}}, "must be 1, given 1.1"),
        ({"split": {"gap_days": 1}}, "needs data.time"),
        ({"time": "at", "split": {"balanced": True}}, "not for a split by data.time"),
        ({"task": "regression", "split": {"balanced": True}}, "needs classes"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused_at_once(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        config(**changes)
