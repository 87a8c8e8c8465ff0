"""What a profile carries beside its columns: segments, parts, and the bytes of older versions."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pytest

from tests.drift.drift_tables import table_of
from trimaran_runtime.drift import Profile
from trimaran_runtime.drift import part as parts
from trimaran_runtime.drift.binary import Reader, Writer, count
from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.segments import OTHER
from trimaran_runtime.errors import Corrupted, DataError


@dataclass(frozen=True)
class Total:
    """The smallest part there can be: one sum and one array."""

    total: int
    counts: tuple[int, ...]

    def merge(self, other: Self) -> Self:
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        return type(self)(self.total + other.total, counts)

    def describe(self, writer: Writer) -> dict[str, Any]:
        writer.integers(np.array(self.counts))
        return {"total": self.total, "size": len(self.counts)}

    @classmethod
    def restore(cls, described: Mapping[str, Any], reader: Reader) -> Self:
        counts = reader.integers(count(described["size"], 100))
        return cls(count(described["total"]), tuple(counts.tolist()))


def test_parts_merge_with_their_profiles_and_are_read_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(parts.HOME, "scores", f"{__name__}:Total")
    plain = Profile.of(pa.table({"x": [1.0, 2.0], "c": ["a", "b"]}))
    one = replace(plain, scores=Total(3, (1, 2)))
    both = one.merge(replace(plain, scores=Total(4, (0, 300))))
    assert both.scores == Total(7, (1, 302))
    assert Profile.from_bytes(both.to_bytes()).scores == both.scores
    assert Profile.from_bytes(both.to_bytes()) == both != plain.merge(plain)
    with pytest.raises(DataError, match="'scores'"):
        one.merge(plain)


def test_a_part_that_this_version_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = replace(Profile.of(pa.table({"x": [1.0]})), sample=Total(1, ()))
    content = profile.to_bytes()
    monkeypatch.delitem(parts.HOME, "sample", raising=False)
    with pytest.raises(Corrupted, match="'sample' is not known"):
        Profile.from_bytes(content)


def test_bytes_of_version_1_are_read() -> None:
    profile = Profile.from_bytes((Path(__file__).parent / "profile_v1.bin").read_bytes())
    amount, many = profile.columns["amount"], profile.columns["many"]
    assert isinstance(amount, NumberSummary)
    assert isinstance(many, LevelSummary)
    assert profile.rows == 400
    assert (amount.missing, amount.above, amount.finite) == (10, 1, 389)
    assert (amount.minimum, amount.maximum) == (-2.25, 296.25)
    assert profile.columns["id"].maximum == float(2**60 + 399)  # version 1 kept ranges as floats
    assert profile.columns["origin"].levels == {"EWR": 100, "JFK": 100, "LGA": 100}
    assert (many.levels, many.present) == ({}, 400)
    assert profile.columns["when"].kind == "timestamp"
    assert profile.columns["nothing"].kind == "empty"
    assert Profile.from_bytes(profile.to_bytes()) == profile
    assert profile.merge(profile).rows == 800


def divided(rows: int = 3_000, seed: int = 1) -> pa.Table:
    draw = np.random.default_rng(seed)
    origin = pa.array(draw.choice(["EWR", "JFK", "LGA"], rows), mask=draw.random(rows) < 0.05)
    return table_of(rows, seed).append_column("origin", origin)


def test_segments_are_the_profiles_of_their_rows() -> None:
    table = divided()
    profile = Profile.of(table, segments=["origin", "flag"])
    assert set(profile.segments) == {"origin", "flag"}
    assert set(profile.segments["origin"]) == {"EWR", "JFK", "LGA", OTHER}
    for level in ("EWR", "JFK"):
        rows = table.filter(pa.array([x == level for x in table["origin"].to_pylist()]))
        assert profile.segments["origin"][level] == Profile.of(
            rows, reference=replace(profile, segments={})
        )
    assert profile.segments["origin"][OTHER].rows == table["origin"].null_count
    assert Profile.from_bytes(profile.to_bytes()) == profile


def test_segments_merge_to_the_same_bytes_however_the_table_is_parted() -> None:
    table = divided()
    reference = Profile.of(divided(seed=2), segments=["origin"])
    whole = Profile.of(table, reference=reference)
    order = random.Random(3)
    for step in (97, 700):
        pieces = [
            Profile.of(table.slice(start, step), reference=reference)
            for start in range(0, table.num_rows, step)
        ]
        order.shuffle(pieces)
        merged = pieces[0]
        for piece in pieces[1:]:
            merged = merged.merge(piece)
        assert merged.to_bytes() == whole.to_bytes()


def test_only_the_most_frequent_levels_are_segments_and_the_reference_says_which() -> None:
    codes = np.arange(4_000) % 40
    origins = pa.array([f"A{min(code, 24):02d}" for code in codes])
    reference = Profile.of(pa.table({"x": codes, "o": origins}), segments=["o"])
    levels = set(reference.segments["o"])
    assert len(levels) == 21
    assert {"A24", OTHER} <= levels
    current = Profile.of(pa.table({"x": [1, 2], "o": ["ZZZ", "A24"]}), reference=reference)
    assert set(current.segments["o"]) == levels
    assert current.segments["o"][OTHER].rows == current.segments["o"]["A24"].rows == 1
    assert reference.merge(current).segments["o"]["A24"].rows == 1 + 16 * 100


def test_profiles_divided_in_another_way_do_not_merge() -> None:
    one = Profile.of(pa.table({"x": [1], "o": ["a"]}), segments=["o"])
    other = Profile.of(pa.table({"x": [1], "o": ["b"]}), segments=["o"])
    with pytest.raises(DataError, match="same `reference`"):
        one.merge(other)


def test_a_column_without_levels_has_no_segments() -> None:
    with pytest.raises(DataError, match="segment column x"):
        Profile.of(pa.table({"x": [1.5]}), segments=["x"])
    with pytest.raises(DataError, match="no column 'y'"):
        Profile.of(pa.table({"x": [1.5]}), segments=["y"])
