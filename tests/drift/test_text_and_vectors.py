"""Free text and vectors: changes that matter are found, and none where nothing changed."""

import os
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drift.notes import (
    SIZE,
    TEXT_CHANGES,
    VECTOR_CHANGES,
    bursts,
    listed,
    texts,
    vectors,
)
from trimaran_runtime.drift import Profile, compare
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.partitions import merge_all
from trimaran_runtime.drift.summary import Kind
from trimaran_runtime.drift.verdict import ColumnVerdict, Severity

FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
ROWS = 20_000
SEEDS = 20 if FULL else 3
SIZES = (1_000, 5_000, ROWS, 100_000) if FULL else (1_000, ROWS)
CONFIG = DriftConfig()
TEXT, VECTOR = pa.string(), pa.list_(pa.float32(), SIZE)


def profile(values: object, reference: Profile | None = None, kind: Kind | None = None) -> Profile:
    kinds = {"x": kind} if kind else None
    return Profile.of(pa.table({"x": values}), reference=reference, kinds=kinds, threads=1)


def written(values: object) -> pa.Array:
    return pa.array(values, pa.string(), from_pandas=True)


REFERENCE = {
    "text": profile(written(texts(np.random.default_rng(1), ROWS))),
    "bursts": profile(written(bursts(np.random.default_rng(1), ROWS)), kind="text"),
    "vector": profile(listed(vectors(np.random.default_rng(1), ROWS))),
}
DRAWN: dict[str, Callable[[np.random.Generator, int], pa.Array]] = {
    "text": lambda draw, rows: written(texts(draw, rows)),
    "bursts": lambda draw, rows: written(bursts(draw, rows)),
    "vector": lambda draw, rows: listed(vectors(draw, rows)),
}


def judged(kind: str, values: pa.Array) -> ColumnVerdict:
    reference = REFERENCE[kind]
    (column,) = compare(reference, profile(values, reference), CONFIG).columns
    return column


def test_sentences_and_lists_are_taken_for_what_they_are() -> None:
    kinds = {name: found.columns["x"].kind for name, found in REFERENCE.items()}
    assert kinds == {"text": "text", "bursts": "text", "vector": "vector"}


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("kind", REFERENCE)
def test_what_did_not_change_raises_no_alarm_in_20_draws(kind: str, rows: int) -> None:
    for seed in range(20):
        column = judged(kind, DRAWN[kind](np.random.default_rng(100 + seed), rows))
        assert not column.severity.drifted, column.sentence


@pytest.mark.parametrize(
    ("change", "facet", "said"),
    [
        ("a fifth is twice as long", "ks", "characters per text: the distribution shifted "),
        ("a tenth says numbers", "js", "share of digits: "),
        ("a tenth is in other letters", "js", "share of ASCII characters: "),
        ("one in twenty is empty", "js", "share of ASCII characters: "),
        ("one in twenty is missing", "missing", "missing values went from 0.00% to "),
        ("a seventh is about something else", "js", "vocabulary: other words are used"),
    ],
)
def test_a_change_of_texts_is_found_and_told(change: str, facet: str, said: str) -> None:
    for seed in range(SEEDS):
        draw = np.random.default_rng(300 + seed)
        column = judged("text", written(TEXT_CHANGES[change](texts(draw, ROWS), draw)))
        assert column.severity.drifted, column.sentence
        found = {f.name: f.sentence for f in column.facets if f.severity.drifted}
        assert found[facet].startswith(said)
        assert "surely beyond" in found[facet]


@pytest.mark.parametrize(
    ("change", "facet", "said"),
    [
        ("all move a quarter of a standard deviation", "ks", "projection "),
        ("all are a tenth longer", "ks", "norm: the distribution shifted by up to "),
        ("all are of another model", "ks", "projection "),
        ("all are of another width", "missing", "vectors that are missing, of another width"),
        ("one in thirty is of another width", "missing", "vectors that are missing, of another "),
        ("one in thirty lacks a number", "missing", "vectors that are missing, of another width"),
        ("one in a hundred is infinite", "infinite", "infinite values went from 0.00% to "),
    ],
)
def test_a_change_of_vectors_is_found_and_told(change: str, facet: str, said: str) -> None:
    for seed in range(SEEDS):
        draw = np.random.default_rng(300 + seed)
        column = judged("vector", VECTOR_CHANGES[change](vectors(draw, ROWS), draw))
        assert column.severity.drifted, column.sentence
        found = {f.name: f.sentence for f in column.facets if f.severity.drifted}
        assert found[facet].startswith(said)
        assert "surely beyond" in found[facet]


@pytest.mark.parametrize(
    ("test", "changes"),
    [
        (test_a_change_of_texts_is_found_and_told, TEXT_CHANGES),
        (test_a_change_of_vectors_is_found_and_told, VECTOR_CHANGES),
    ],
)
def test_every_change_is_looked_for(test: Any, changes: dict[str, Any]) -> None:
    (mark,) = test.pytestmark
    assert {case[0] for case in mark.args[1]} == set(changes)


@pytest.mark.parametrize("kind", ["text", "vector"])
def test_too_few_rows_are_told_as_such(kind: str) -> None:
    column = judged(kind, DRAWN[kind](np.random.default_rng(5), 600))
    assert column.severity is Severity.too_few_rows
    assert column.sentence.startswith("too few rows to tell: ")


HOSTILE = {
    TEXT: ["", None, " ", "\x00", "a" * 70_000, "\U0010ffff é", "\n\n", "Late late LATE", "9"],
    VECTOR: [
        None,
        [np.nan] * SIZE,
        [np.inf] + [0.0] * (SIZE - 1),
        [-np.inf, np.inf] * (SIZE // 2),
        [3.4e38] * SIZE,
        [1e-45] * SIZE,
        [-0.0] * SIZE,
        [0.0] * SIZE,
        [1.0] * (SIZE - 1) + [None],
    ],
    pa.list_(pa.float64()): [None, [], [1.0], [None], *[[1.0] * SIZE] * 5],
}


@pytest.mark.parametrize("type_", HOSTILE, ids=str)
@settings(deadline=None, max_examples=40)
@given(data=st.data(), order=st.randoms(use_true_random=False))
def test_any_partitioning_and_any_order_of_merging_give_the_same_bytes(
    type_: pa.DataType, data: st.DataObject, order: random.Random
) -> None:
    reference = REFERENCE["text" if type_ == TEXT else "vector"]
    values = pa.array(data.draw(st.lists(st.sampled_from(HOSTILE[type_]), max_size=40)), type_)
    cuts = data.draw(st.lists(st.integers(0, len(values)), max_size=8))
    places = sorted({0, len(values), *cuts})
    parts = [profile(values.slice(a, b - a), reference) for a, b in pairwise(places)]
    order.shuffle(parts)
    whole = profile(values, reference)
    if parts:
        assert merge_all([part.to_bytes() for part in parts]).to_bytes() == whole.to_bytes()
    assert Profile.from_bytes(whole.to_bytes()) == whole
    assert whole.columns["x"].check() == ""
    assert whole.columns["x"].rows == len(values)


@pytest.mark.parametrize("kind", ["text", "vector"])
def test_100_partitionings_of_real_rows_give_the_same_bytes(kind: str) -> None:
    values = DRAWN[kind](np.random.default_rng(8), 1_000)
    whole, choose = profile(values, REFERENCE[kind]).to_bytes(), random.Random(3)
    for _ in range(100):
        places = [0, *sorted(choose.sample(range(1, 1_000), choose.randrange(1, 6))), 1_000]
        parts = [profile(values.slice(a, b - a), REFERENCE[kind]) for a, b in pairwise(places)]
        while len(parts) > 1:
            one = parts.pop(choose.randrange(len(parts)))
            parts.append(parts.pop(choose.randrange(len(parts))).merge(one))
        assert parts[0].to_bytes() == whole


@pytest.mark.parametrize("type_", HOSTILE, ids=str)
def test_hostile_values_are_judged_and_never_crash(type_: pa.DataType) -> None:
    values = pa.array(HOSTILE[type_] * 100, type_)
    column = judged("text" if type_ == TEXT else "vector", values)
    assert column.severity is Severity.alert
    alike = profile(values)
    assert not any(c.severity.drifted for c in compare(alike, alike, CONFIG).columns)


def test_one_endless_text_hides_nothing_but_words_and_raises_nothing() -> None:
    given = texts(np.random.default_rng(6), ROWS)
    endless = given.copy()
    endless[7] = "wmmm " * 200_000
    column = judged("text", written(endless))
    assert not column.severity.drifted, column.sentence
    moved = TEXT_CHANGES["one in twenty is empty"](endless, np.random.default_rng(7))
    assert judged("text", written(moved)).severity.drifted


def test_a_vector_that_is_torn_makes_no_other_column_of_the_rest() -> None:
    whole = vectors(np.random.default_rng(1), 3_000)
    lists = [row[: 5 if n % 100 == 0 else SIZE] for n, row in enumerate(whole)]
    reference = profile(pa.array(lists, pa.list_(pa.float32())))
    found = reference.columns["x"]
    assert (found.size, found.misshapen, found.present) == (SIZE, 30, 2_970)  # type: ignore[union-attr]
    again = compare(reference, profile(listed(whole), reference), CONFIG)
    assert again.columns[0].severity is not Severity.alert
