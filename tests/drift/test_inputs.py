"""The same data give the same bytes, whoever made the table and however it is handed over."""

import itertools
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unittest import mock

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran_runtime.drift import Profile
from trimaran_runtime.drift import histogram as histograms
from trimaran_runtime.drift.source import unprofiled
from trimaran_runtime.errors import DataError

ROWS = 1_200


def mixed(rows: int = ROWS, seed: int = 1) -> pa.Table:
    """One column of every kind, each with missing values where its type has them."""
    draw = np.random.default_rng(seed)
    gaps = lambda: draw.random(rows) < 0.1  # noqa: E731
    words = np.array(["late", "gate", "crew", "Fog", "ice", "fuel", "ETA 12:30", "Zürich"])
    normal = draw.normal(0, 1, rows)
    normal[::50] = np.inf
    vectors = draw.normal(0, 1, (rows, 24))
    return pa.table(
        {
            "float": pa.array(normal, mask=gaps()),
            "single": pa.array(draw.normal(7, 1, rows).astype(np.float32)),
            "whole": pa.array(draw.integers(-5, 5, rows), mask=gaps()),
            "id": pa.array(draw.integers(0, 2**63 - 1, rows)),
            "unsigned": pa.array(draw.integers(0, 2**64 - 1, rows, dtype=np.uint64)),
            "small": pa.array(draw.integers(0, 100, rows).astype(np.int8)),
            "when": pa.array(draw.integers(0, 10**15, rows), pa.timestamp("us")),
            "day": pa.array(draw.integers(0, 20_000, rows).astype(np.int32), pa.date32()),
            "took": pa.array(draw.integers(0, 10**9, rows), pa.duration("us")),
            "flag": pa.array(draw.random(rows) < 0.3, mask=gaps()),
            "carrier": pa.array(draw.choice(["AA", "UA", "DL"], rows), mask=gaps()),
            "category": pa.array(draw.choice(["x", "y"], rows), mask=gaps()).dictionary_encode(),
            "note": pa.array([" ".join(row) for row in draw.choice(words, (rows, 9))]),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 24),
            "nothing": pa.nulls(rows),
        }
    )


TABLE = mixed()
REFERENCE = Profile.of(mixed(seed=2))
WHOLE = Profile.of(TABLE, reference=REFERENCE)


def test_every_kind_of_column_is_found() -> None:
    kinds = {name: summary.kind for name, summary in REFERENCE.columns.items()}
    assert kinds == {
        "float": "number", "single": "number", "whole": "number", "id": "number",
        "unsigned": "number", "small": "number", "when": "timestamp", "day": "timestamp",
        "took": "number", "flag": "level", "carrier": "level", "category": "level",
        "note": "text", "vector": "vector", "nothing": "empty",
    }  # fmt: skip


def test_a_hundred_partitionings_and_orders_of_merging_give_the_same_bytes() -> None:
    order, expected = random.Random(1), WHOLE.to_bytes()
    for number in range(100):
        cuts = sorted(order.sample(range(ROWS + 1), order.choice([1, 2, 5])))
        parts = [
            Profile.of(TABLE.slice(start, end - start), reference=REFERENCE, threads=1 + number % 2)
            for start, end in itertools.pairwise([0, *cuts, ROWS])
        ]
        while len(parts) > 1:
            one = parts.pop(order.randrange(len(parts)))
            other = parts.pop(order.randrange(len(parts)))
            parts.append(one.merge(other))
        assert parts[0].to_bytes() == expected


@pytest.mark.parametrize("rows", [1, 7, 500])
def test_batches_of_any_size_give_the_same_bytes(rows: int) -> None:
    part = TABLE.slice(0, 60) if rows == 1 else TABLE
    expected = Profile.of(part, reference=REFERENCE).to_bytes()
    batches = part.to_batches(max_chunksize=rows)
    assert Profile.of_batches(batches, reference=REFERENCE).to_bytes() == expected
    reader = pa.RecordBatchReader.from_batches(part.schema, iter(batches))
    assert Profile.of_batches(reader, reference=REFERENCE).to_bytes() == expected
    assert Profile.of(pa.Table.from_batches(batches), reference=REFERENCE).to_bytes() == expected


def test_blocks_threads_and_sparse_counts_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    from trimaran_runtime.drift import profiler, tally, text, vector

    expected = WHOLE.to_bytes()
    monkeypatch.setattr(histograms, "BLOCK_ROWS", 100)
    monkeypatch.setattr(histograms, "_FEW", 50)
    monkeypatch.setattr(tally.blocks, "__defaults__", (100,))
    monkeypatch.setattr(text, "_BLOCK_BYTES", 300)
    monkeypatch.setattr(vector, "_BLOCK_VALUES", 24 * 7)
    monkeypatch.setattr(profiler, "_THREADED_ROWS", 0)
    monkeypatch.setattr(profiler, "_DENSE_COLUMNS", 0)
    assert Profile.of(TABLE, reference=REFERENCE, threads=4).to_bytes() == expected
    batches = TABLE.to_batches(max_chunksize=333)
    assert Profile.of_batches(batches, reference=REFERENCE, threads=3).to_bytes() == expected


def test_polars_gives_the_same_bytes() -> None:
    frame = pl.from_arrow(TABLE)
    assert isinstance(frame, pl.DataFrame)
    assert Profile.of(frame, reference=REFERENCE).to_bytes() == WHOLE.to_bytes()


@pytest.mark.parametrize("backend", ["numpy", "nullable", "pyarrow", "object"])
def test_pandas_gives_the_same_bytes(backend: str) -> None:
    table = TABLE
    if backend == "numpy":
        # NumPy has no missing whole numbers: pandas makes them floats.
        frame = table.to_pandas()
    elif backend == "nullable":
        frame = table.drop_columns(["vector", "nothing"]).to_pandas().convert_dtypes()
        table = table.drop_columns(["vector", "nothing"])
    elif backend == "pyarrow":
        frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    else:
        table = table.select(["carrier", "note", "flag", "vector"])
        frame = table.to_pandas().astype({"carrier": object, "note": object})
        frame["vector"] = list(np.stack(frame["vector"]))
    expected = Profile.of(table, reference=REFERENCE)
    given = Profile.of(frame, reference=REFERENCE)
    for name in table.column_names:
        assert given.only([name]) == expected.only([name]), name
    assert given.to_bytes() == expected.to_bytes()


def test_nan_of_pandas_is_a_null() -> None:
    texts = ["a", None, np.nan]
    frame = pd.DataFrame({"x": [1.5, np.nan, 2.0], "s": texts, "o": pd.Series(texts, dtype=object)})
    same = pa.table({"x": [1.5, None, 2.0], "s": ["a", None, None], "o": ["a", None, None]})
    assert Profile.of(frame) == Profile.of(same)
    assert Profile.of(frame).columns["o"].missing == 2


def test_values_of_several_types_in_one_object_column_are_levels() -> None:
    profile = Profile.of(pd.DataFrame({"x": ["a", 1, 2.0, True, None]}))
    assert profile.columns["x"].levels == {"a": 1, "1": 1, "2": 1, "true": 1}


def test_units_of_time_do_not_matter() -> None:
    moments = pa.array([datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None], pa.timestamp("us", "UTC"))
    spans = pa.array([timedelta(seconds=5), timedelta(days=-1)])
    whole = Profile.of(pa.table({"t": moments, "d": spans}))
    for unit in ("s", "ms", "ns"):
        same = pa.table(
            {
                "t": moments.cast(pa.timestamp(unit, "Europe/Berlin")),
                "d": spans.cast(pa.duration(unit)),
            }
        )
        assert Profile.of(same, reference=whole) == whole


def test_decimals_and_dates_of_python_are_numbers_and_times() -> None:
    frame = pd.DataFrame({"d": [Decimal("1.25"), Decimal(-3)], "on": [date(2026, 1, 2)] * 2})
    profile = Profile.of(frame)
    assert (profile.columns["d"].kind, profile.columns["on"].kind) == ("number", "timestamp")
    assert (profile.columns["d"].minimum, profile.columns["d"].maximum) == (-3, 1.25)


EXTREMES = (-(2**63), -(2**63) + 1, -1, 0, 1, 2**53 + 1, 2**63 - 1)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.one_of(st.sampled_from(EXTREMES), st.integers(-(2**63), 2**63 - 1)), min_size=1),
    st.one_of(st.sampled_from(EXTREMES), st.integers(-(2**63), 2**63 - 1)),
)
def test_whole_numbers_keep_their_order_and_range_at_any_centre(
    values: list[int], centre: int
) -> None:
    nothing = Profile.of(pa.table({"x": pa.array([centre], pa.int64())}))
    whole = Profile.of(pa.table({"x": pa.array(values, pa.int64())}), reference=nothing)
    found = whole.columns["x"]
    assert (found.minimum, found.maximum, found.rows) == (min(values), max(values), len(values))
    assert found.zeros == values.count(0)
    one_by_one = [
        Profile.of(pa.table({"x": pa.array([v], pa.int64())}), reference=nothing) for v in values
    ]
    merged = one_by_one[0]
    for one in one_by_one[1:]:
        merged = merged.merge(one)
    assert merged == whole
    keys = [int(one.columns["x"].keys[0]) for one in one_by_one]
    assert [keys[i] for i in np.argsort(values, kind="stable")] == sorted(keys)
    if min(values) >= 0:
        unsigned = pa.table({"x": pa.array(values, pa.uint64())})
        assert Profile.of(unsigned, reference=nothing) == whole


@pytest.mark.parametrize("few", [0, 8192])
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_the_range_is_exact_whatever_is_skipped(few: int, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([32, 64]))
    floats = st.floats(width=kind, allow_subnormal=True)
    values = data.draw(st.lists(st.one_of(floats, st.sampled_from([0.0, -0.0, 1.5])), min_size=1))
    centre = data.draw(st.floats(width=32, allow_nan=False, allow_infinity=False))
    array = np.array(values, np.float32 if kind == 32 else np.float64)
    running = histograms.RunningHistogram(float(np.float32(centre)))
    with mock.patch.object(histograms, "_FEW", few):
        for value in array:
            running.add(np.array([value]))
    finite = array[np.isfinite(array)]
    found = running.summary("number")
    assert found.minimum == (finite.min() if len(finite) else None)
    assert found.maximum == (finite.max() if len(finite) else None)
    assert found.zeros == np.count_nonzero(array == 0)
    assert (found.above, found.below) == (np.sum(array == np.inf), np.sum(array == -np.inf))
    assert found.missing == np.isnan(array).sum()


def test_numba_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setattr(histograms, "_FEW", 0)
    columns = ["float", "single", "whole", "id", "unsigned", "small", "when", "took"]
    same = Profile.of(TABLE, columns, REFERENCE, engine="numba")
    assert same.to_bytes() == WHOLE.only(columns).to_bytes()
    odd = [0.0, -0.0, 5e-324, -5e-324, 1e300, -1e300, np.inf, -np.inf, np.nan, 3.0]
    table = pa.table({"x": pa.array(odd, pa.float64())})
    for centre in (0.0, 3.0, -1e-30):
        reference = Profile.of(pa.table({"x": [centre]}))
        compiled = Profile.of(table, reference=reference, engine="numba")
        assert compiled.to_bytes() == Profile.of(table, reference=reference).to_bytes()


def test_what_is_no_table_and_what_cannot_be_profiled_are_named() -> None:
    with pytest.raises(DataError, match="list is no table"):
        Profile.of([1, 2])
    with pytest.raises(DataError, match="two columns are called 'x'"):
        Profile.of(pd.DataFrame([[1, 2]], columns=["x", "x"]))
    odd = pa.table(
        {
            "x": [1],
            "struct": [{"a": 1}],
            "binary": [b"a"],
            "words": [["a"]],
            "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        }
    )
    assert set(unprofiled(odd)) == {"struct", "binary", "words", "map"}
    for name in unprofiled(odd):
        with pytest.raises(DataError, match=f"column {name}"):
            Profile.of(odd, [name])


def test_a_batch_of_another_kind_is_refused_and_late_values_are_taken() -> None:
    none, some = pa.table({"x": pa.nulls(3)}), pa.table({"x": [1.0, 2.0]})
    profile = Profile.of_batches([none, some, none])
    assert (profile.rows, profile.columns["x"].missing) == (8, 6)
    with pytest.raises(DataError, match="column x"):
        Profile.of_batches([some, pa.table({"x": ["a"]})])
    with pytest.raises(DataError, match="no column 'x'"):
        Profile.of_batches([some, pa.table({"y": [1.0]})])
    assert Profile.of_batches([]) == Profile(rows=0, columns={})


def test_what_was_declared_is_kept_to() -> None:
    table = pa.table({"code": [1, 1, 2], "s": ["a b", "c d", None]})
    profile = Profile.of(table, kinds={"code": "level", "s": "text"})
    assert profile.columns["code"].levels == {"1": 2, "2": 1}
    assert profile.columns["s"].kind == "text"
    words = pa.DictionaryArray.from_arrays([0, 1, None, 0], pa.array(["a b", None]))
    text = Profile.of(pa.table({"s": words}), kinds={"s": "text"})
    assert (text.columns["s"].missing, text.columns["s"].rows) == (2, 4)
    floats = pa.table({"f": pa.array([1.0, float("nan"), None])})
    levels = Profile.of(floats, kinds={"f": "level"}).columns["f"]
    assert (levels.levels, levels.missing) == ({"1": 1}, 2)
    with pytest.raises(DataError, match="declared to be text"):
        Profile.of(table, kinds={"code": "text"})


@pytest.mark.parametrize("few", [0, 8192])
@pytest.mark.parametrize("type_", [np.float32, np.float64])
def test_zero_has_no_sign(few: int, type_: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histograms, "_FEW", few)
    zero, minus = (Profile.of(pa.table({"x": np.array([x, 1, -1], type_)})) for x in (0.0, -0.0))
    assert zero.to_bytes() == minus.to_bytes()
    assert zero.columns["x"].centre == 0


@pytest.mark.parametrize("zeros", [3, 900])
@pytest.mark.parametrize("centre", [0.0, 0.001, -5.5])
@pytest.mark.parametrize("type_", [np.float32, np.float64])
def test_zeros_are_counted_among_tiny_numbers(zeros: int, centre: float, type_: type) -> None:
    values = np.random.default_rng(1).normal(0, 1, 2_000).astype(type_)
    values[:zeros], values[zeros : zeros + 2] = 0, np.finfo(type_).smallest_subnormal
    values[1] = -0.0
    running = histograms.RunningHistogram(centre)
    with mock.patch.object(histograms, "_FEW", 0):
        running.add(values)
    assert running.zeros == zeros
