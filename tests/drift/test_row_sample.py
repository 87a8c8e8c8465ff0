"""A row sample: the same rows for any partition and kind of table, each as likely as any other."""

import itertools
import random
import zlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests.drift.drift_tables import table_of
from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.binary import Reader, Writer
from trimaran_runtime.drift.row_sample import MISSING, LevelRows, NumberRows, RowSample
from trimaran_runtime.errors import DataError

TABLE = table_of(6_000, 5)
PROFILE = Profile.of(TABLE).with_sample(TABLE, rows=500)


def plain(sample: RowSample) -> bytes:
    writer = Writer()
    return str(sample.describe(writer)).encode() + writer.plain()


def sample_of(profile: Profile) -> RowSample:
    assert isinstance(profile.sample, RowSample)
    return profile.sample


@pytest.mark.parametrize("seed", range(5))
def test_any_partition_merged_in_any_order_gives_the_same_bytes(seed: int) -> None:
    draw = random.Random(seed)
    cuts = sorted({0, 6_000, *(draw.randrange(6_000) for _ in range(draw.randrange(2, 7)))})
    parts = [
        Profile.of(TABLE.slice(start, end - start), reference=PROFILE)
        for start, end in itertools.pairwise(cuts)
    ]
    while len(parts) > 1:
        one, other = (parts.pop(draw.randrange(len(parts))) for _ in range(2))
        parts.append(one.merge(other))
    assert parts[0].to_bytes() == PROFILE.to_bytes()


def test_the_order_of_rows_does_not_show() -> None:
    shuffled = TABLE.take(np.random.default_rng(1).permutation(6_000))
    assert Profile.of(shuffled, reference=PROFILE) == PROFILE


def test_arrow_polars_and_pandas_keep_the_same_rows() -> None:
    draw = np.random.default_rng(2)
    texts = ["a", "b", None, "straße"]
    columns = {
        "whole": pa.array(draw.integers(-5, 5, 900)),
        "gaps": pa.array(draw.integers(0, 9, 900), mask=draw.random(900) < 0.2),
        "float": pa.array(np.where(draw.random(900) < 0.1, np.nan, draw.normal(size=900))),
        "zero": pa.array(np.where(draw.random(900) < 0.5, -0.0, 0.0)),
        "level": pa.array([texts[n] for n in draw.integers(0, 4, 900)]),
        "flag": pa.array(draw.random(900) < 0.5),
        "when": pa.array(draw.integers(0, 10**15, 900), pa.timestamp("us")),
    }
    table = pa.table(columns)
    whole = Profile.of(table).with_sample(table, rows=100)
    narrow = table.set_column(0, "whole", table["whole"].cast(pa.int8()))
    encoded = table.set_column(4, "level", table["level"].dictionary_encode())
    frame = table.to_pandas()
    assert frame["gaps"].dtype == np.float64
    other_order = table.select(table.column_names[::-1])
    for same in (narrow, encoded, other_order, frame, pl.from_arrow(table)):
        assert plain(sample_of(Profile.of(same, reference=whole))) == plain(sample_of(whole))
    frame["level"] = frame["level"].astype("category")
    assert isinstance(frame["level"].dtype, pd.CategoricalDtype)
    assert plain(sample_of(Profile.of(frame, reference=whole))) == plain(sample_of(whole))


def test_equal_rows_are_kept_once_with_their_number() -> None:
    draw = np.random.default_rng(3)
    codes, flags = draw.integers(0, 7, 5_000), draw.random(5_000) < 0.3
    table = pa.table({"code": codes, "flag": flags})
    found = sample_of(Profile.of(table).with_sample(table, rows=100))
    assert found.complete
    assert found.effective_rows == 5_000
    flag, code = found.columns["flag"], found.columns["code"]
    assert isinstance(flag, LevelRows)
    assert isinstance(code, NumberRows)
    names = [flag.names[n] == "true" for n in flag.codes]
    kept = dict(zip(zip(code.values().tolist(), names, strict=True), found.counts, strict=True))
    assert kept == Counter(zip(codes.tolist(), flags.tolist(), strict=True))


def test_rows_that_come_again_later_are_counted_though_the_sample_is_full() -> None:
    table = pa.table({"x": np.tile(np.arange(30_000.0), 3)})
    found = sample_of(Profile.of(table).with_sample(table, rows=50))
    assert found.counts.tolist() == [3] * 50
    assert found.seen == 90_000


def test_both_zeros_are_one_row() -> None:
    table = pa.table({"x": [0.0, -0.0, 0.0]})
    assert sample_of(Profile.of(table).with_sample(table)).counts.tolist() == [3]


def test_every_row_is_as_likely_to_be_kept_as_any_other() -> None:
    found = sample_of(PROFILE)
    assert len(found.hashes) == 500
    assert not found.complete
    assert found.seen == 6_000
    normal = found.columns["normal"]
    assert isinstance(normal, NumberRows)
    assert abs(normal.values().mean()) < 4 / np.sqrt(500)
    whole = np.sort(TABLE["normal"].to_numpy())
    ranks = np.searchsorted(whole, normal.values()) / 6_000
    # Each tenth of the values has about a tenth of the kept rows: 50, give or take 4 sd.
    assert (np.abs(np.histogram(ranks, 10, (0, 1))[0] - 50) < 28).all()
    hashes = np.sort(found.hashes) / 2**64
    assert hashes.max() == pytest.approx(500 / 6_000, rel=0.2)


def test_values_are_kept_to_the_width_of_a_key() -> None:
    table = pa.table({"x": [1.0, None, float("nan"), 1e300, 100.0, 100.001]})
    found = sample_of(Profile.of(table).with_sample(table))
    column = found.columns["x"]
    assert isinstance(column, NumberRows)
    assert (column.keys == MISSING).sum() == 1  # null and NaN are one row, twice
    assert sorted(found.counts.tolist()) == [1, 1, 1, 1, 2]
    assert np.nanmin(column.values()) == pytest.approx(1.0, abs=0.8)


def test_columns_that_are_left_out_leave_no_trace() -> None:
    table = TABLE.append_column("name", pa.array([f"person {n}" for n in range(6_000)]))
    found = Profile.of(table).with_sample(table, rows=500, without=["name", "normal"])
    assert not {"name", "normal"} & set(sample_of(found).columns)
    later = Profile.of(table.slice(0, 2_000), reference=found)
    assert set(sample_of(later).columns) == set(sample_of(found).columns)
    writer = Writer()
    sample_of(later).describe(writer)
    assert b"person" not in writer.plain()
    # Neither do they decide which rows are kept.
    without = TABLE.drop_columns(["normal"])
    assert np.array_equal(
        sample_of(Profile.of(without).with_sample(without, rows=500)).hashes,
        sample_of(found).hashes,
    )


def test_samples_of_different_columns_or_sizes_do_not_merge() -> None:
    one = sample_of(PROFILE)
    for other in (
        sample_of(Profile.of(TABLE).with_sample(TABLE, rows=400)),
        sample_of(Profile.of(TABLE).with_sample(TABLE, rows=500, without=["flag"])),
    ):
        with pytest.raises(DataError, match="cannot be merged"):
            one.merge(other)


@pytest.mark.parametrize("rows", [0, -1, 200_001])
def test_a_sample_has_a_size(rows: int) -> None:
    with pytest.raises(DataError, match="Allowed: 1 to 200,000"):
        Profile.of(TABLE).with_sample(TABLE, rows=rows)


def test_no_rows_and_no_columns_have_a_sample() -> None:
    for table in (TABLE.slice(0, 0), TABLE.select(["normal", "flag"]).slice(0, 0)):
        found = Profile.of(table).with_sample(table)
        assert Profile.from_bytes(found.to_bytes()) == found
        assert sample_of(found).effective_rows == 0


def test_impossible_samples_are_refused() -> None:
    found = sample_of(PROFILE)
    flag = found.columns["levels_5"]
    assert isinstance(flag, LevelRows)
    for wrong in (
        replace(found, capacity=10**9),
        replace(found, capacity=499),
        replace(found, seen=10),
        replace(found, hashes=found.hashes[::-1]),
        replace(found, counts=found.counts * 0),
        replace(found, columns={"levels_5": replace(flag, names=flag.names[::-1])}),
        replace(found, columns={**found.columns, "levels_5": replace(flag, codes=flag.codes * 0)}),
    ):
        writer = Writer()
        described = wrong.describe(writer)
        with pytest.raises(ValueError, match=r"."):
            RowSample.restore(described, Reader(zlib.compress(writer.plain())))


def test_bytes_that_were_tampered_with_never_do_more_than_fail() -> None:
    writer = Writer()
    described = sample_of(PROFILE).describe(writer)
    written, draw = writer.plain(), random.Random(6)
    for _ in range(150):
        content = bytearray(written)
        for _ in range(draw.randrange(1, 4)):
            content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            found = RowSample.restore(described, Reader(zlib.compress(bytes(content), 1)))
        except ValueError:
            continue
        assert len(found.merge(found).hashes) == len(found.hashes)
