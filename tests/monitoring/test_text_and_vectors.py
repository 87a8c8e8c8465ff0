"""Free text and embeddings in captured traffic: told in words, and silent while nothing changes."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.drift.notes import TEXT_CHANGES, VECTOR_CHANGES, listed, texts, vectors
from tests.monitoring.traffic_store import check_of, send, store_with_release
from trimaran_runtime.drift import Profile
from trimaran_runtime.monitoring.outcome import Outcome
from trimaran_runtime.monitoring.report import render
from trimaran_runtime.registry.release import File, read_release, write_release
from trimaran_runtime.storage.store import Store

ROWS = 8_000
World = tuple[Store, str]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A release whose rows have a note and an embedding."""
    store, release = store_with_release(tmp_path / "store")
    draw = np.random.default_rng(1)
    table = pa.table(
        {"note": pa.array(texts(draw, 20_000)), "image": listed(vectors(draw, 20_000))}
    )
    content = Profile.of(table).to_bytes()
    manifest = read_release(store, release)
    file = File(digest=store.put_blob(content), size_bytes=len(content))
    files = {**manifest.files, "reference_profile": file}
    return store, write_release(store, manifest.model_copy(update={"files": files}))


def rows_of(notes: Any, images: pa.Array) -> list[dict[str, Any]]:
    """Rows as JSON has them: no NaN, no number that JSON lacks."""
    lists = [
        None if image is None else [None if x != x else x for x in image]
        for image in images.to_pylist()
    ]
    return [{"note": n, "image": v} for n, v in zip(notes, lists, strict=True)]


def judged(world: World, rows: list[dict[str, Any]]) -> Outcome:
    send(*world, rows, per_request=500)
    return check_of(*world)


def test_what_did_not_change_is_no_drift(world: World) -> None:
    draw = np.random.default_rng(2)
    outcome = judged(world, rows_of(texts(draw, ROWS), listed(vectors(draw, ROWS))))
    assert outcome.features is not None
    assert {c.column: c.kind for c in outcome.features.columns} == {
        "image": "vector",
        "note": "text",
    }
    assert outcome.drifted == ()
    assert outcome.subject is not None
    assert not outcome.subject.traffic.unread


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("a seventh is about something else", "vocabulary: other words are used"),
        ("one in twenty is missing", "missing values went from 0.00% to "),
        ("a tenth is in other letters", "share of ASCII characters: the distribution has another"),
    ],
)
def test_notes_that_changed_are_told_in_words(world: World, change: str, said: str) -> None:
    draw = np.random.default_rng(3)
    notes = TEXT_CHANGES[change](texts(draw, ROWS), draw)
    outcome = judged(world, rows_of(notes, listed(vectors(draw, ROWS))))
    assert outcome.drifted == ("note",)
    assert f"note most: {said}" in outcome.sentence
    assert "surely beyond" in outcome.sentence
    assert said in render(outcome)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("all are of another model", "projection "),
        ("all are a tenth longer", "norm: a value moved by "),
        ("all are of another width", "vectors that are missing, of another width or lack a number"),
        ("one in thirty lacks a number", "vectors that are missing, of another width or lack"),
    ],
)
def test_embeddings_that_changed_are_told_in_words(world: World, change: str, said: str) -> None:
    draw = np.random.default_rng(4)
    images = VECTOR_CHANGES[change](vectors(draw, ROWS), draw)
    outcome = judged(world, rows_of(texts(draw, ROWS), images))
    assert outcome.drifted == ("image",)
    assert f"image most: {said}" in outcome.sentence
    assert said in render(outcome)


def test_what_is_no_note_and_no_embedding_is_counted_and_stops_nothing(world: World) -> None:
    draw = np.random.default_rng(5)
    rows = rows_of(texts(draw, ROWS), listed(vectors(draw, ROWS)))
    odd: list[Any] = ["text", 7, {"a": 1}, [], [[1.0]], ["x"] * 32, [1e400] * 32, True]
    for place, row in enumerate(rows[:800]):
        row["image"] = odd[place % len(odd)]
        row["note"] = odd[(place + 1) % len(odd)]
    outcome = judged(world, rows)
    assert outcome.features is not None
    assert "image" in outcome.drifted
    assert outcome.subject is not None
    assert outcome.subject.traffic.unreadable == {}
    assert outcome.subject.traffic.unread["image"] == 400
    render(outcome)
