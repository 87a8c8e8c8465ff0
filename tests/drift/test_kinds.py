"""What is counted of texts, vectors and columns of very many levels."""

import random
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran_runtime.drift import Profile, level_name
from trimaran_runtime.drift import level as levels
from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.text import TextSummary
from trimaran_runtime.drift.vector import VectorSummary, statistics
from trimaran_runtime.errors import DataError
from trimaran_runtime.monitoring.table import table_of


def text(values: list[str | None]) -> TextSummary:
    table = pa.table({"x": pa.array(values, pa.string())})
    found = Profile.of(table, kinds={"x": "text"}).columns["x"]
    assert isinstance(found, TextSummary)
    return found


def vector(values: object, reference: Profile | None = None) -> VectorSummary:
    found = Profile.of(pa.table({"x": values}), reference=reference).columns["x"]
    assert isinstance(found, VectorSummary)
    return found


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.none(), st.text("ab \t\n7é🛫Z", max_size=30)), max_size=30))
def test_texts_are_counted_as_python_counts_them(values: list[str | None]) -> None:
    found, present = text(values), [value for value in values if value is not None]
    assert (found.missing, found.present) == (len(values) - len(present), len(present))

    def told(name: str, measure: object) -> None:
        expected = Profile.of(
            pa.table({"x": pa.array([measure(value) for value in present], pa.float64())}),  # type: ignore[operator]
            reference=Profile(rows=0, columns={}),
        ).columns["x"]
        summary = found.statistics[name]
        assert (summary.minimum, summary.maximum) == (expected.minimum, expected.maximum)
        assert summary.keys.tolist() == expected.keys.tolist()
        assert summary.counts.tolist() == expected.counts.tolist()

    told("characters", len)
    told("words", lambda value: len(value.split()))
    told("ascii", lambda value: sum(c.isascii() for c in value) / max(len(value), 1))
    told("digits", lambda value: value.count("7") / max(len(value), 1))
    told("spaces", lambda value: sum(c.isspace() for c in value) / max(len(value), 1))
    assert found.buckets.sum() == sum(len(value.split()) for value in present)


def test_words_are_in_one_bucket_whatever_their_case_place_and_neighbours() -> None:
    one, many = text(["Delay"]), text(["a delay", " DELAY  delay"])
    (place,) = np.flatnonzero(one.buckets)
    assert many.buckets[place] == 3
    vocabulary = text([" ".join(f"word{n}" for n in range(500))])
    assert np.count_nonzero(vocabulary.buckets) > 350  # 1,024 buckets keep most words apart


def test_sentences_are_free_text_and_names_are_levels() -> None:
    draw = random.Random(1)
    words = ["late", "early", "gate", "crew", "fog", "ice", "fuel", "wind", "snow"]
    sentences = [" ".join(draw.choices(words, k=9)) for _ in range(300)]
    table = pa.table({"note": sentences, "name": [f"flight {n}" for n in range(300)]})
    profile = Profile.of(table)
    assert {n: c.kind for n, c in profile.columns.items()} == {"note": "text", "name": "level"}
    few = Profile.of(table.slice(0, 5), reference=profile)
    assert few.columns["note"].kind == "text"
    assert profile.merge(few).rows == 305
    with pytest.raises(DataError, match="a text and a level"):
        profile.merge(Profile.of(table.slice(0, 5)))


def test_norm_and_projections_are_those_of_the_vectors() -> None:
    draw = np.random.default_rng(1)
    values = draw.normal(0, 1, (200, 40))
    norm, *projections = statistics(values)
    assert len(projections) == 16
    np.testing.assert_allclose(norm, np.linalg.norm(values, axis=1))
    # Every coordinate is in one projection, with one sign: they keep the norm on average.
    np.testing.assert_array_equal(
        np.sum([statistics(np.eye(40))[1 + j] ** 2 for j in range(16)], axis=0), 1
    )
    assert {-1.0, 1.0} <= set(np.ravel(statistics(np.eye(40))[1:]).tolist())
    lengths = np.sqrt(np.sum(np.square(projections), axis=0))
    assert np.mean(lengths / norm) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("size", [1, 5, 16, 17, 768])
def test_a_vectors_numbers_do_not_depend_on_the_vectors_beside_it(size: int) -> None:
    values = np.random.default_rng(size).normal(0, 1e6, (60, size)).astype(np.float32)
    whole = statistics(values)
    for rows in (1, 7, 59):
        for start in range(0, 60, rows):
            for one, part in zip(whole, statistics(values[start : start + rows]), strict=True):
                assert one[start : start + rows].tobytes() == part.tobytes()


def test_vectors_of_another_size_missing_ones_and_missing_coordinates_are_told_apart() -> None:
    reference = Profile.of(pa.table({"x": [[1.0, 2.0], [3.0, 4.0]]}))
    values = pa.array([[1.0, 2.0], None, [1.0], [1.0, None], [], [np.inf, 0.0]])
    found = vector(values, reference)
    assert (found.missing, found.misshapen, found.present, found.rows) == (1, 2, 3, 6)
    assert (found.norm.missing, found.norm.above) == (1, 1)
    assert found.size == 2
    assert len(found.projections) == 2


def test_lists_fixed_sizes_and_types_of_numbers_do_not_matter() -> None:
    values = np.arange(60).reshape(20, 3)
    lists = pa.array(values.tolist(), pa.list_(pa.float64()))
    reference = Profile.of(pa.table({"x": lists}))
    for type_ in (pa.list_(pa.float64(), 3), pa.large_list(pa.int64()), pa.list_(pa.float32(), 3)):
        assert Profile.of(pa.table({"x": lists.cast(type_)}), reference=reference) == reference
    tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(values.astype(float))
    assert Profile.of(pa.table({"x": tensor}), reference=reference) == reference
    assert Profile.from_bytes(reference.to_bytes()) == reference
    other = Profile.of(pa.table({"x": [[1.0, 2.0]]}))
    with pytest.raises(DataError, match="3 and of 2"):
        reference.merge(other)


def test_lists_of_several_sizes_are_no_vectors() -> None:
    with pytest.raises(DataError, match="column x"):
        Profile.of(pa.table({"x": [[1.0], [1.0, 2.0]]}))
    assert Profile.of(pa.table({"x": pa.array([None], pa.list_(pa.int8()))})).columns["x"].rows == 1


def many(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Values with more levels than the cap, some far more frequent than others."""
    monkeypatch.setattr(levels, "MAX_LEVELS", 200)
    monkeypatch.setattr(levels, "SAMPLED", 32)
    draw = np.random.default_rng(5)
    return [f"id {min(n, 2999)}" for n in draw.zipf(1.2, 4_000).tolist()]


def test_above_the_cap_a_fixed_sample_of_levels_is_still_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = many(monkeypatch)
    found = Profile.of(pa.table({"x": values})).columns["x"]
    assert isinstance(found, LevelSummary)
    rows = Counter(values)
    smallest = sorted(rows, key=level_name.digest)[:32]
    assert found.sampled == {level: rows[level] for level in smallest}
    assert found.levels == {}
    assert found.buckets is not None
    assert all(found.buckets[level_name.bucket(level)] >= n for level, n in rows.items())
    assert found.present == 4_000
    assert found.distinct == pytest.approx(len(rows), rel=0.03)


def test_above_the_cap_any_order_of_merging_gives_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values, order = many(monkeypatch), random.Random(2)
    reference = Profile.of(pa.table({"x": values[:10]}))
    expected = Profile.of(pa.table({"x": values}), reference=reference).to_bytes()
    for size in (50, 333, 1_500):
        parts = [
            Profile.of(pa.table({"x": values[start : start + size]}), reference=reference)
            for start in range(0, len(values), size)
        ]
        while len(parts) > 1:
            order.shuffle(parts)
            parts.append(parts.pop().merge(parts.pop()))
        assert parts[0].to_bytes() == expected
        assert Profile.from_bytes(parts[0].to_bytes()) == parts[0]
        batches = pa.table({"x": values}).to_batches(max_chunksize=size)
        assert Profile.of_batches(batches, reference=reference).to_bytes() == expected


def test_the_number_of_distinct_levels_is_near_where_it_is_large() -> None:
    names = [f"user-{n}" for n in range(150_000)]
    found = Profile.of(pa.table({"x": names})).columns["x"]
    assert isinstance(found, LevelSummary)
    assert found.sampled is not None
    assert len(found.sampled) == levels.SAMPLED
    assert found.distinct == pytest.approx(150_000, rel=0.05)


def test_long_levels_that_begin_alike_stay_apart() -> None:
    values = ["x" * 300 + "a", "x" * 300 + "b", "x" * 300 + "a"]
    found = Profile.of(pa.table({"x": values}), kinds={"x": "level"}).columns["x"]
    assert isinstance(found, LevelSummary)
    assert sorted(found.levels.values()) == [1, 2]
    assert all(len(level) < 200 for level in found.levels)


def test_captured_texts_and_vectors_are_read_as_what_the_reference_has() -> None:
    reference = Profile.of(
        pa.table({"x": [[1.0, 2.0], [3.0, 5.0]], "t": ["a b c", "d e f"]}), kinds={"t": "text"}
    )
    kinds = {name: summary.kind for name, summary in reference.columns.items()}
    unread: Counter[str] = Counter()
    given = {"x": [[1, 2.5], None, "no", [None, "2"]], "t": ["g h", None, 7, "i"]}
    current = Profile.of(table_of(given, kinds, unread), reference=reference)
    assert {n: c.kind for n, c in current.columns.items()} == kinds
    assert (current.columns["x"].missing, current.columns["t"].missing) == (2, 1)
    assert unread == {"x": 1}
    assert reference.merge(current).rows == 6
