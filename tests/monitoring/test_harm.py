"""Harm is told by the scores alone; of what scores cannot tell, they say nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.monitoring.traffic_store import (
    FOLDER,
    check_of,
    line,
    rows_of,
    store_with_release,
)
from trimaran_runtime.monitoring.metrics import DRIFT_SEVERITY, metrics_of
from trimaran_runtime.monitoring.outcome import Outcome
from trimaran_runtime.monitoring.report import render
from trimaran_runtime.storage.store import Store

ROWS = 6_000


@pytest.fixture
def world(tmp_path: Path) -> tuple[Store, str]:
    return store_with_release(tmp_path / "store")


def judged(
    world: tuple[Store, str], scores: Any, *, shift: float = 0.0, drop: str = "", **monitor: Any
) -> Outcome:
    store, release = world
    rows = rows_of(len(scores), 5, shift=shift)
    answers = [{"label": bool(p > 0.5), "probability": float(p)} for p in scores]
    store.create(f"{FOLDER}/11/w.jsonl", line("e", release, rows, prediction=answers))
    return check_of(store, release, **monitor)


def usual(count: int = ROWS) -> Any:
    return np.random.default_rng(9).beta(2, 5, count)


def unsure(count: int = ROWS) -> Any:
    """Scores around one half: whoever is unsure is often wrong."""
    return np.random.default_rng(9).beta(30, 30, count)


def test_the_usual_scores_are_no_harm_and_severe_drift_is_logged(
    world: tuple[Store, str],
) -> None:
    outcome = judged(world, usual(), shift=0.6)
    assert outcome.severity == "alert"
    assert outcome.estimate is not None
    assert outcome.harm is False
    assert outcome.estimate.low < outcome.estimate.before < outcome.estimate.high
    assert outcome.action.kind == "log"
    assert metrics_of(outcome)[DRIFT_SEVERITY] == 1
    assert "Without labels, by the model" in render(outcome)


def test_unsure_scores_are_harm_and_alert(world: tuple[Store, str]) -> None:
    outcome = judged(world, unsure())
    assert outcome.estimate is not None
    assert outcome.estimate.metric == "roc_auc"
    assert outcome.estimate.harm
    assert outcome.estimate.high < outcome.estimate.before
    assert outcome.action.kind == "alert"
    assert "Without labels, roc_auc is estimated at" in outcome.sentence
    assert outcome.document()["estimate"]["harm"] is True
    assert metrics_of(outcome)[DRIFT_SEVERITY] == 2


def test_too_few_rows_show_no_harm(world: tuple[Store, str]) -> None:
    outcome = judged(world, unsure(30))
    assert outcome.estimate is None or not outcome.estimate.harm


def test_rows_that_are_unlike_any_seen_alert_whatever_the_scores_say(
    world: tuple[Store, str],
) -> None:
    outcome = judged(world, usual(), shift=30)
    assert outcome.estimate is not None
    assert outcome.estimate.harm is False
    assert outcome.harm is None
    assert outcome.action.kind == "alert"
    assert metrics_of(outcome)[DRIFT_SEVERITY] == 2


def test_an_estimate_that_may_be_worse_is_no_proof_that_nothing_is(
    world: tuple[Store, str],
) -> None:
    outcome = judged(world, usual(700), shift=0.6)
    assert outcome.severity == "alert"
    assert outcome.estimate is not None
    assert outcome.estimate.harm is None
    assert "perhaps worse than" in outcome.estimate.sentence
    assert outcome.action.kind == "alert"


def test_a_broken_column_alerts_whatever_the_scores_say(
    world: tuple[Store, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.monitoring.test_garbage import breaks

    breaks(monkeypatch, "hour")
    outcome = judged(world, usual())
    assert outcome.estimate is not None
    assert not outcome.estimate.harm
    assert outcome.action.kind == "alert"
    assert metrics_of(outcome)[DRIFT_SEVERITY] == 2


@pytest.mark.parametrize("score", [float("nan"), -1.0, 7.0])
def test_scores_that_are_none_are_left_out(world: tuple[Store, str], score: float) -> None:
    scores = usual()
    scores[:100] = score
    outcome = judged(world, scores)
    assert outcome.subject is not None
    table: Any = outcome.subject.traffic.predictions.scores
    assert (table.rows, table.unread) == (ROWS - 100, 100)


def test_a_release_without_scores_is_judged_without_an_estimate(tmp_path: Path) -> None:
    from dataclasses import replace

    from trimaran_runtime.drift import Profile

    of = Profile.from_bytes
    with pytest.MonkeyPatch.context() as patch:
        world = store_with_release(tmp_path / "store")
        patch.setattr(Profile, "from_bytes", lambda content: replace(of(content), scores=None))
        outcome = judged(world, unsure(), shift=0.6)
    assert outcome.estimate is None
    assert outcome.action.kind == "alert"
    assert metrics_of(outcome)[DRIFT_SEVERITY] == 2
