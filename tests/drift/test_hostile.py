"""Tables of every odd kind have a profile; bytes that are none are refused, at little cost."""

import random
import struct
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import orjson
import pyarrow as pa
import pytest

from tests.drift.test_inputs import TABLE
from trimaran_runtime.drift import Profile, binary
from trimaran_runtime.drift.encoding import MAGIC
from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.errors import Corrupted

N = 300
ODD = {
    "empty": pa.array([], pa.float64()),
    "one row": pa.array([1.5]),
    "one null": pa.array([None], pa.int64()),
    "constant": pa.array(np.full(N, 7)),
    "all null": pa.array([None] * N, pa.float32()),
    "no type": pa.nulls(N),
    "all nan": pa.array(np.full(N, np.nan)),
    "all inf": pa.array(np.full(N, np.inf)),
    "all -inf": pa.array(np.full(N, -np.inf, np.float32)),
    "nan and inf": pa.array(np.tile([np.nan, np.inf, -np.inf], 100)),
    "denormal": pa.array(np.tile([5e-324, -5e-324, 1e-310], 100)),
    "denormal 32": pa.array(np.tile(np.array([1e-45, -1e-45], np.float32), 100)),
    "zeros": pa.array(np.tile([0.0, -0.0], 100)),
    "huge": pa.array(np.tile([1.7e308, -1.7e308], 100)),
    "int64": pa.array(np.tile([-(2**63), 2**63 - 1, 0], 100)),
    "uint64": pa.array(np.tile(np.array([0, 2**64 - 1], np.uint64), 100)),
    "half": pa.array(np.arange(N).astype(np.float16)),
    "decimal": pa.array(np.arange(N)).cast(pa.decimal128(38, 10)),
    "decimal 256": pa.array(np.arange(N)).cast(pa.decimal256(60, 20)),
    "ns": pa.array(np.array([-(2**63) + 1, 2**63 - 1]), pa.timestamp("ns")),
    "time": pa.array([0, 86_399_999_999], pa.time64("us")),
    "no bool": pa.array([None] * N, pa.bool_()),
    "empty text": pa.array([""] * N),
    "hostile text": pa.array(["\x00", "'; --", "\U0010ffff", "a" * 100_000]),
    "view": pa.array(["a", None], pa.string_view()),
    "empty dictionary": pa.DictionaryArray.from_arrays(
        pa.array([None] * N, pa.int8()), pa.array([], pa.string())
    ),
    "no vector": pa.array([None] * N, pa.list_(pa.float64(), 4)),
    "vector of nan": pa.array([[np.nan] * 4] * N, pa.list_(pa.float64(), 4)),
    "empty vector": pa.array([None] * N, pa.list_(pa.int64())),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_column_has_a_profile_that_merges_and_is_read_back(name: str) -> None:
    table = pa.table({"x": ODD[name]})
    profile = Profile.of(table)
    assert profile.columns["x"].rows == profile.rows == len(table)
    assert profile.columns["x"].check() == ""
    assert Profile.from_bytes(profile.to_bytes()) == profile
    parts = [Profile.of(table.slice(0, 1), reference=profile)]
    parts.append(Profile.of(table.slice(1), reference=profile))
    both, swapped = parts[0].merge(parts[1]), parts[1].merge(parts[0])
    assert both == swapped
    assert both == profile or table.num_rows == 0


CONTENT = Profile.of(TABLE.slice(0, 200), segments=["flag"]).to_bytes()
PLAIN = zlib.decompress(CONTENT[len(MAGIC) :])
(SIZE,) = struct.unpack("<I", PLAIN[:4])
HEADER, ARRAYS = PLAIN[4 : 4 + SIZE], PLAIN[4 + SIZE :]


def refused(content: bytes) -> None:
    """Only `Corrupted`, in bounded memory and time."""
    started = time.process_time()
    with pytest.raises(Corrupted):
        Profile.from_bytes(content)
    assert time.process_time() - started < 3


def assembled(header: bytes, arrays: bytes = ARRAYS) -> bytes:
    return MAGIC + zlib.compress(struct.pack("<I", len(header)) + header + arrays, 1)


def test_cut_or_prolonged_bytes_are_refused() -> None:
    for size in [*range(64), *range(64, len(CONTENT), 997), len(CONTENT) - 1]:
        refused(CONTENT[:size])
    refused(CONTENT + b"x")
    refused(CONTENT + CONTENT)
    refused(assembled(HEADER, ARRAYS[:-1]))
    refused(assembled(HEADER, ARRAYS + b"\x00"))
    assert Profile.from_bytes(assembled(HEADER)).to_bytes() == CONTENT


def test_other_versions_say_which_are_read() -> None:
    with pytest.raises(Corrupted, match="reads 1 and 2"):
        Profile.from_bytes(CONTENT[:7] + b"\x03" + CONTENT[8:])


def test_damaged_bytes_are_refused_or_are_another_profile_that_holds_together() -> None:
    choose = random.Random(11)
    for _ in range(400):
        plain = bytearray(PLAIN)
        for _ in range(choose.randrange(1, 4)):
            # Half of the damage is in the small part that says what the rest is.
            reach = 4 + SIZE if choose.random() < 0.5 else len(plain)
            plain[choose.randrange(reach)] = choose.randrange(256)
        try:
            profile = Profile.from_bytes(MAGIC + zlib.compress(bytes(plain), 1))
        except Corrupted:
            continue
        assert all(c.check() == "" and c.rows == profile.rows for c in profile.columns.values())
        assert Profile.from_bytes(profile.to_bytes()) == profile


def values_in(document: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    yield path
    children = document.items() if isinstance(document, dict) else ()
    if isinstance(document, list):
        children = enumerate(document)
    for key, value in children:
        yield from values_in(value, (*path, key))


HOSTILE = [
    None, True, -1, 2**53, 2**62, 1.5, 1e308, "x", "", [], {}, [[]], {"kind": "level"},
    10**6, 10**9,
]  # fmt: skip


def test_no_value_in_the_header_can_do_harm() -> None:
    choose = random.Random(4)
    places = [path for path in values_in(orjson.loads(HEADER)) if path]
    for path in choose.sample(places, 50):
        for value in choose.sample(HOSTILE, 3):
            document = orjson.loads(HEADER)
            inner = document
            for key in path[:-1]:
                inner = inner[key]
            if inner[path[-1]] == value:
                continue
            inner[path[-1]] = value
            content = assembled(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
            try:
                profile = Profile.from_bytes(content)
            except Corrupted:
                continue
            assert all(c.check() == "" for c in profile.columns.values())


def test_bombs_and_huge_counts_are_refused_in_bounded_memory() -> None:
    machine = zlib.compressobj(9)
    zeros = b"".join([machine.compress(bytes(1 << 20)) for _ in range(400)] + [machine.flush()])
    deep = b'{"columns":' + b"[" * 500_000 + b"]" * 500_000 + b"}"
    level = b'{"kind":"level","levels":100000,"missing":0,"pooled":false,"sampled":false}'
    columns = b",".join(b'"%d":%s' % (n, level) for n in range(2_000))
    many = b'{"columns":{%s},"parts":{},"rows":1,"segments":{}}' % columns
    tracemalloc.start()
    try:
        refused(MAGIC + zeros)
        refused(MAGIC + zlib.compress(b"\xff\xff\xff\xff" + bytes(10_000)))
        refused(assembled(deep, b""))
        refused(assembled(many, b"\x01" + bytes(30_000_000)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 << 20


@pytest.mark.parametrize("limit", ["MAX_PLAIN_BYTES", "MAX_TEXTS"])
def test_what_a_profile_unpacks_to_is_limited(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, limit, 3)
    with pytest.raises(Corrupted, match="more than"):
        Profile.from_bytes(CONTENT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"counts": np.array([0, 2])},
        {"keys": np.array([40_000, 40_000], np.uint16)},
        {"keys": np.array([1, 40_000], np.uint16)},
        {"centre": float("inf")},
        {"minimum": None},
        {"minimum": 3},
        {"maximum": float("inf")},
        {"zeros": 3},
        {"above": 1},
    ],
)
def test_numbers_that_do_not_hold_together_are_refused(wrong: dict[str, object]) -> None:
    profile = Profile.of(pa.table({"x": [1.0, 2.0]}))
    summary = replace(profile.columns["x"], **wrong)
    refused(replace(profile, columns={"x": summary}).to_bytes())


@pytest.mark.parametrize(
    "wrong",
    [
        LevelSummary(missing=0, levels={"a": 0, "b": 2}),
        LevelSummary(missing=0, buckets=np.full(4096, 1), sampled={}, registers=np.zeros(4096)),
        LevelSummary(missing=0, buckets=np.eye(4096)[0] * 2, sampled={"a": 9}, registers=None),
        LevelSummary(missing=0, levels={"a": 1}, buckets=np.eye(4096)[0]),
    ],
)
def test_levels_that_do_not_hold_together_are_refused(wrong: LevelSummary) -> None:
    if wrong.buckets is not None:
        wrong = replace(wrong, buckets=wrong.buckets.astype(np.int64))
    if wrong.registers is not None:
        wrong = replace(wrong, registers=wrong.registers.astype(np.uint8))
    refused(Profile(rows=wrong.rows, columns={"x": wrong}).to_bytes())
