"""Rows that a release keeps: what all columns together show, and what that does to an estimate."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from pydantic import ValidationError

from tests.monitoring.traffic_store import (
    FOLDER,
    TRAINING_ROWS,
    answers_to,
    check_of,
    line,
    rows_of,
    store_with_release,
)
from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.monitoring.metrics import DOMAIN_AUC, metrics_of
from trimaran_runtime.monitoring.outcome import Outcome
from trimaran_runtime.monitoring.predictions import classified
from trimaran_runtime.monitoring.reference_rows import (
    SCORE,
    TRUTH,
    answered_rows,
    reference_rows,
)
from trimaran_runtime.monitoring.reference_rows import (
    rows_of as kept_rows,
)
from trimaran_runtime.monitoring.report import render
from trimaran_runtime.registry.release import File, read_release, write_release
from trimaran_runtime.storage.store import Store

SIZES = (1_000, 5_000, 20_000) if os.environ.get("TRIMARAN_SWEEP") == "full" else (1_000,)
SEEDS = 20
SAMPLED = 4_000
World = tuple[Store, str]


def training_table() -> tuple[pa.Table, list[dict[str, Any]]]:
    from datetime import datetime

    rows = rows_of(TRAINING_ROWS, 1)
    table = pa.Table.from_pylist(rows)
    moments = pa.array([datetime.fromisoformat(row["when"]) for row in rows])
    return table.set_column(table.column_names.index("when"), "when", moments), rows


def kept(without: tuple[str, ...] = ()) -> bytes:
    """The file that a release keeps its rows in, of the rows of `store_with_release`."""
    table, rows = training_table()
    given = answers_to(rows, 1)
    answers = classified([a["label"] for a in given], [a["probability"] for a in given])
    chances = np.random.default_rng(3).random(len(given))
    truth = [bool(c < a["probability"]) for c, a in zip(chances, given, strict=True)]
    reference = Profile.of(table)
    answered = answered_rows(answers, truth)
    return reference_rows(table, reference, answered, rows=SAMPLED, without=without)


KEPT = kept()


def world_of(path: Path, content: bytes = KEPT) -> World:
    store, release = store_with_release(path)
    manifest = read_release(store, release)
    file = File(digest=store.put_blob(content), size_bytes=len(content))
    files = {**manifest.files, "reference_rows": file}
    return store, write_release(store, manifest.model_copy(update={"files": files}))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_of(tmp_path / "store")


def judged(world: World, rows: list[dict[str, Any]], seed: int = 0, scores: Any = None) -> Outcome:
    store, release = world
    answers = answers_to(rows, 2)
    if scores is not None:
        answers = [{"label": bool(p > 0.5), "probability": float(p)} for p in scores]
    endpoint = f"flights{seed}"
    folder = FOLDER.replace("flights", endpoint)
    store.create(f"{folder}/11/w.jsonl", line("e", release, rows, prediction=answers))
    return check_of(store, release, endpoint=endpoint)


@pytest.mark.parametrize("count", SIZES)
def test_rows_that_did_not_change_are_told_apart_by_no_classifier(
    tmp_path: Path, count: int
) -> None:
    world = world_of(tmp_path / "store")
    areas, bounds = [], []
    for seed in range(SEEDS):
        outcome = judged(world, rows_of(count, 100 + seed), seed)
        assert outcome.features is not None
        found = outcome.features.classifier
        assert found is not None
        assert not found.severity.drifted
        assert found.segments == ()
        assert outcome.causes == ()
        assert outcome.drifted == ()
        areas.append(found.auc)
        bounds.append(found.lower)
        assert outcome.estimate is not None
        assert outcome.estimate.method == "cbpe"
        assert "(CBPE" in outcome.estimate.sentence
    print(f"\n{count:,} rows: AUC {min(areas):.3f} to {max(areas):.3f}, bound {max(bounds):.3f}")


def test_what_neither_a_column_nor_a_pair_shows_is_found(world: World) -> None:
    rows = rows_of(12_000, 5)
    draw = np.random.default_rng(8)
    for row in rows:
        # Whether it is hotter than usual tells now, with the distance, whether it is a weekend.
        far = row["distance"] > 1000
        hot = bool(draw.random() < 0.5)
        row["hour"] = int(draw.integers(5, 14) if far == hot else draw.integers(14, 23))
        size = abs(float(draw.normal()))
        row["temp"] = (size if hot else -size) if (size if hot else -size) <= 1.5 else None
    outcome = judged(world, rows)
    features = outcome.features
    assert features is not None
    assert not [c for c in features.columns if c.severity.drifted]
    assert features.correlations is not None
    assert not features.correlations.severity.drifted
    assert features.classifier is not None
    assert features.classifier.severity.drifted
    assert outcome.severity is features.classifier.severity
    assert {one.column for one in features.classifier.influences[:3]} == {
        "distance",
        "hour",
        "temp",
    }
    assert "a classifier tells current rows from reference rows" in outcome.sentence.lower()
    assert "All columns together" in render(outcome)
    told = outcome.document()["features"]["classifier"]
    assert told["lower"] > told["tolerance"]
    assert {cause.column for cause in outcome.causes} == {"distance", "hour", "temp"}
    assert "it did not drift by itself; a classifier tells the rows apart by it" in render(outcome)
    assert min(cause["influence"] for cause in outcome.document()["causes"]) > 0.02
    assert metrics_of(outcome)[DOMAIN_AUC] == features.classifier.auc


def test_segments_that_explain_a_shift_are_named_and_rates_are_weighted(world: World) -> None:
    rows = rows_of(8_000, 5)
    for row in rows[:3_000]:
        row["carrier"] = "DL"
    outcome = judged(world, rows)
    assert outcome.features is not None
    found = outcome.features.classifier
    assert found is not None
    assert found.segments[0].columns == ("carrier",)
    assert "carrier is &#39;DL&#39;" in render(outcome)
    assert outcome.estimate is not None
    assert outcome.estimate.method == "pape"
    assert "weighted because the inputs moved" in render(outcome)
    # The classes did not come to depend on the carrier: weights change next to nothing.
    assert outcome.estimate.value == pytest.approx(outcome.estimate.before, abs=0.03)


def test_a_release_without_rows_is_judged_without_a_classifier(tmp_path: Path) -> None:
    outcome = judged(store_with_release(tmp_path / "store"), rows_of(4_000, 5))
    assert outcome.features is not None
    assert outcome.features.classifier is None
    assert DOMAIN_AUC not in metrics_of(outcome)
    assert outcome.subject is not None
    assert outcome.subject.traffic.features.sample is None
    assert "All columns together" not in render(outcome)


def test_a_column_that_was_not_recorded_of_every_row_tells_nothing_apart(world: World) -> None:
    rows = rows_of(4_000, 5)
    for row in rows[:2_000]:
        del row["carrier"]
    outcome = judged(world, rows)
    assert outcome.features is not None
    assert outcome.features.classifier is not None
    assert not outcome.features.classifier.severity.drifted
    assert outcome.drifted == ()


def test_the_window_has_no_more_rows_than_the_release_and_no_answers(world: World) -> None:
    outcome = judged(world, rows_of(6_000, 5))
    assert outcome.subject is not None
    sample = outcome.subject.traffic.features.sample
    assert sample is not None
    assert (len(sample.hashes), sample.seen) == (SAMPLED, 6_000)
    assert not {SCORE, TRUTH} & set(sample.columns)


def test_redacted_columns_are_not_among_the_rows() -> None:
    content = kept(without=("carrier", "distance"))
    sample = kept_rows(content)
    assert sample is not None
    assert set(sample.columns) == {"hour", "weekend", "when", "temp", SCORE, TRUTH}
    assert Profile.from_bytes(content).columns == {}
    assert content == kept(without=("carrier", "distance"))


def test_rows_are_kept_only_when_asked_for_and_then_enough() -> None:
    assert DriftConfig().sample_rows == 0
    assert DriftConfig(sample_rows=1_000).sample_rows == 1_000
    for rows in (-1, 999, 50_001):
        with pytest.raises(ValidationError):
            DriftConfig(sample_rows=rows)


def test_the_verdict_is_json(world: World) -> None:
    document = judged(world, rows_of(2_000, 7)).document()
    told = orjson.loads(orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS, default=str))
    assert told["features"]["classifier"]["auc"] == pytest.approx(0.5, abs=0.03)
