"""A profile is exact counts: the same bytes for any partition, order and chunking."""

import itertools
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drift.drift_tables import table_of
from trimaran_runtime.drift import Profile
from trimaran_runtime.drift import level as levels
from trimaran_runtime.drift.key import edges, histogram
from trimaran_runtime.drift.summary import LevelSummary, NumberSummary
from trimaran_runtime.errors import Corrupted, DataError


def centred(centre: float) -> NumberSummary:
    """The summary of no rows, which says what to subtract."""
    summary = Profile.of(pa.table({"x": pa.array([centre])})).columns["x"]
    assert isinstance(summary, NumberSummary)
    return summary


def number(values: object, centre: float | None = None) -> NumberSummary:
    table = pa.table({"x": pa.array(values)})
    reference = None if centre is None else Profile(rows=0, columns={"x": centred(centre)})
    summary = Profile.of(table, reference=reference).columns["x"]
    assert isinstance(summary, NumberSummary)
    return summary


def level(values: object) -> LevelSummary:
    summary = Profile.of(pa.table({"x": pa.array(values)})).columns["x"]
    assert isinstance(summary, LevelSummary)
    return summary


def test_missing_infinite_zero_and_range_are_counted_exactly() -> None:
    found = number([0.0, -0.0, 1.5, None, float("nan"), float("inf"), float("-inf"), 1e300, -7.0])
    assert (found.missing, found.above, found.below, found.zeros) == (2, 1, 1, 2)
    assert (found.minimum, found.maximum, found.finite, found.rows) == (-7.0, 1e300, 5, 9)


def test_keys_are_in_the_order_of_the_numbers_and_edges_enclose_them() -> None:
    values = np.concatenate(
        [-np.geomspace(1e-30, 1e30, 500)[::-1], [0.0], np.geomspace(1e-30, 1e30, 500)]
    )
    for value in values:
        key = np.flatnonzero(histogram(np.array([value], np.float32))).astype(np.uint16)
        low, high = edges(key, 0.0)
        assert low[0] <= np.float32(value) <= high[0]
    placed = [int(np.flatnonzero(histogram(np.array([v], np.float32)))[0]) for v in values]
    assert placed == sorted(placed)


def test_whole_numbers_near_the_centre_keep_a_key_of_their_own() -> None:
    assert len(number(np.arange(-200, 200), 0.0).keys) == 400


def test_large_ids_are_subtracted_exactly() -> None:
    base = 2**62
    assert len(number(np.array([base, base + 1, base + 2]), float(base)).keys) == 3
    extremes = number(np.array([-(2**63), 2**63 - 1]), float(base))
    assert len(extremes.keys) == 2
    assert extremes.keys[0] < extremes.keys[1]


def test_levels_are_written_alike_whatever_their_type() -> None:
    assert level([True, False, None, True]).levels == {"true": 2, "false": 1}
    assert level(pa.array([3, 4, 3]).dictionary_encode()).levels == {"3": 2, "4": 1}
    assert level(pa.array([3.0, 4.5, None]).dictionary_encode()).levels == {"3": 1, "4.5": 1}


def test_unused_and_null_entries_of_a_dictionary_are_no_levels() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 2, None, 0]), pa.array(["a", "b", None]))
    assert level(column).levels == {"a": 2}
    assert level(column).missing == 2


FLOATS = (0.0, -0.0, 1.0, 1e300, -1e300, 5e-324, float("inf"), float("-inf"), float("nan"))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.sampled_from(FLOATS), st.floats(width=64)),
            st.one_of(st.none(), st.integers(-2, 2), st.integers(-(2**63), 2**63 - 1)),
            st.one_of(st.none(), st.text(max_size=3)),
            st.one_of(st.none(), st.booleans()),
        ),
        min_size=4,
        max_size=60,
    ),
    st.lists(st.integers(0, 60), min_size=2, max_size=6),
    st.randoms(use_true_random=False),
)
def test_any_partition_merged_in_any_order_gives_the_same_bytes(
    rows: list[tuple[object, ...]], cuts: list[int], order: random.Random
) -> None:
    types = {"f": pa.float64(), "i": pa.int64(), "s": pa.string(), "b": pa.bool_()}
    table = pa.table(
        {
            name: pa.array([row[at] for row in rows], kind)
            for at, (name, kind) in enumerate(types.items())
        }
    )
    whole = Profile.of(table)
    places = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    parts = [
        Profile.of(table.slice(start, end - start), reference=whole)
        for start, end in itertools.pairwise(places)
    ]
    while len(parts) > 1:
        one, other = parts.pop(order.randrange(len(parts))), parts.pop(order.randrange(len(parts)))
        parts.append(one.merge(other))
    assert not parts or parts[0].to_bytes() == whole.to_bytes()


def test_a_column_without_values_takes_the_type_of_what_it_is_merged_with() -> None:
    empty = Profile.of(pa.table({"x": pa.nulls(3)}))
    other = Profile.of(pa.table({"x": pa.array([1.0, 2.0])}), reference=empty)
    assert empty.merge(other) == other.merge(empty)
    assert empty.merge(other).columns["x"].missing == 3


def test_too_many_levels_are_pooled_the_same_whenever_the_cap_is_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(levels, "MAX_LEVELS", 50)
    table = pa.table({"x": pa.array([f"level {i % 90}" for i in range(400)])})
    whole = Profile.of(table)
    parts = [Profile.of(table.slice(start, 40)) for start in range(0, 400, 40)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    assert merged == whole
    assert isinstance(whole.columns["x"], LevelSummary)
    assert whole.columns["x"].levels == {}
    assert whole.columns["x"].present == 400


def test_different_centres_do_not_merge() -> None:
    table = pa.table({"x": pa.array([1.0, 2.0])})
    with pytest.raises(DataError, match="same `reference`"):
        Profile.of(table).merge(Profile.of(table.slice(1)))


def test_an_absent_or_nested_column_is_named() -> None:
    with pytest.raises(DataError, match="no column 'y'"):
        Profile.of(pa.table({"x": [1]}), columns=["y"])
    with pytest.raises(DataError, match="column x"):
        Profile.of(pa.table({"x": [{"a": 1}]}))


def test_bytes_are_read_back_and_are_small() -> None:
    profile = Profile.of(table_of(20_000, 1))
    content = profile.to_bytes()
    assert Profile.from_bytes(content) == profile
    assert len(content) < 20 * 12_000


def test_hostile_bytes_are_refused_with_one_error() -> None:
    content = Profile.of(table_of(500, 1)).to_bytes()
    choose = random.Random(7)
    hostile = [
        b"",
        b"x" * 100,
        content[:-1],
        content + b"x",
        content[:8],
        content[:7] + b"\x03" + content[8:],
    ]
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(choose.randrange(1, 4)):
            damaged[choose.randrange(len(damaged))] = choose.randrange(256)
        hostile.append(bytes(damaged))
    for given_bytes in hostile:
        if given_bytes == content:
            continue
        with pytest.raises(Corrupted):
            Profile.from_bytes(given_bytes)


def test_inconsistent_numbers_are_refused() -> None:
    import struct
    import zlib

    from trimaran_runtime.drift.encoding import MAGIC

    plain = zlib.decompress(Profile.of(pa.table({"x": [1.0, 2.0]})).to_bytes()[8:])
    for old, new in [
        (b'"missing":0', b'"missing":9'),
        (b'"missing":0', b'"missing":-1'),
        (b'"zeros":0', b'"zeros":7'),
        (b'"keys":2', b'"keys":999999999999'),
        (b'"centre":1.0', b'"centre":null'),
        (b'"kind":"number"', b'"kind":"list"'),
        (b'"rows":2', b'"rows":2.0'),
    ]:
        (size,) = struct.unpack("<I", plain[:4])
        header = plain[4 : 4 + size].replace(old, new)
        assert header != plain[4 : 4 + size]
        changed = struct.pack("<I", len(header)) + header + plain[4 + size :]
        with pytest.raises(Corrupted):
            Profile.from_bytes(MAGIC + zlib.compress(changed))


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    import zlib

    from trimaran_runtime.drift.encoding import MAGIC

    machine = zlib.compressobj(9)
    bomb = b"".join([machine.compress(bytes(1 << 20)) for _ in range(300)] + [machine.flush()])
    with pytest.raises(Corrupted):
        Profile.from_bytes(MAGIC + bomb)
