"""Rows of another mix than the test rows: weighted rates are nearer to the truth than plain ones.

The classes depend on the carrier beyond the score, and the window has more of one carrier.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.monitoring.test_reference_rows import training_table
from tests.monitoring.traffic_store import (
    FOLDER,
    answers_to,
    check_of,
    line,
    rows_of,
    store_with_release,
)
from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.estimated_performance import Rates, expect
from trimaran_runtime.drift.score_table import ScoreTable
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.monitoring.harm import Estimate
from trimaran_runtime.monitoring.outcome import Outcome
from trimaran_runtime.monitoring.predictions import classified, with_scores
from trimaran_runtime.monitoring.reference_rows import answered_rows, reference_rows
from trimaran_runtime.registry.release import File, read_release, write_release
from trimaran_runtime.storage.store import Store

SAMPLED = 10_000
SEEDS = range(4)
World = tuple[Store, str]


def chances(rows: list[dict[str, Any]], answers: list[dict[str, Any]]) -> Any:
    """True probability of the positive class, shape `(n,)`: of DL the model knows nothing."""
    told = np.array([answer["probability"] for answer in answers])
    return np.where([row["carrier"] == "DL" for row in rows], 0.35, told)


def world_of(path: Path, metric: Metric) -> World:
    """A release whose test rows have such classes, and which keeps some of them."""
    store, release = store_with_release(path)
    table, rows = training_table()
    given = answers_to(rows, 1)
    truth = (np.random.default_rng(3).random(len(rows)) < chances(rows, given)).tolist()
    answers = classified([a["label"] for a in given], [a["probability"] for a in given])
    predictions = with_scores(Profile.of(answers), answers, "true", truth=truth)
    answered = answered_rows(answers, truth)
    kept = reference_rows(table, Profile.of(table), answered, rows=SAMPLED, without=())
    manifest = read_release(store, release)
    contents = {"prediction_profile": predictions.to_bytes(), "reference_rows": kept}
    files = {
        role: File(digest=store.put_blob(content), size_bytes=len(content))
        for role, content in contents.items()
    }
    verdict = manifest.verdict.model_copy(update={"metric": metric.value})
    changed = {"files": {**manifest.files, **files}, "verdict": verdict}
    return store, write_release(store, manifest.model_copy(update=changed))


def judged(world: World, seed: int, share: float) -> tuple[Outcome, list[float], Any]:
    """A check of rows of which a share is DL's, the answers to them, and their true chances."""
    store, release = world
    rows, draw = rows_of(8_000, 500 + seed), np.random.default_rng(seed)
    for row in rows:
        others = draw.choice(["AA", "UA"], p=[0.625, 0.375])
        row["carrier"] = "DL" if draw.random() < share else str(others)
    answers = answers_to(rows, 600 + seed)
    endpoint = f"flights{seed}"
    folder = FOLDER.replace("flights", endpoint)
    store.create(f"{folder}/11/w.jsonl", line("e", release, rows, prediction=answers))
    told = [answer["probability"] for answer in answers]
    return check_of(store, release, endpoint=endpoint), told, chances(rows, answers)


def cbpe(outcome: Outcome, metric: Metric) -> float:
    """What plain rates expect of the same window."""
    assert outcome.subject is not None
    before = outcome.subject.predictions.scores
    now = outcome.subject.traffic.predictions.scores
    assert isinstance(before, ScoreTable)
    assert isinstance(now, ScoreTable)
    found = expect(now, Rates.of(before))[metric].value
    assert found is not None
    return found


def true_value(metric: Metric, told: list[float], chance: Any) -> float:
    """The metric's expectation over the classes that the rows may turn out to have."""
    scores = np.array(told)
    if metric is Metric.accuracy:
        return float(np.where(scores > 0.5, chance, 1 - chance).mean())
    if metric is Metric.brier:
        return float((chance * (1 - scores) ** 2 + (1 - chance) * scores**2).mean())
    order = np.argsort(scores)
    ranked, other = chance[order], 1 - chance[order]
    return float(ranked @ (np.cumsum(other) - other) / (chance.sum() * (1 - chance).sum()))


def estimated(outcome: Outcome) -> Estimate:
    assert outcome.estimate is not None
    return outcome.estimate


@pytest.mark.parametrize("metric", [Metric.accuracy, Metric.roc_auc, Metric.brier])
def test_where_the_mix_moved_weighted_rates_are_nearer_to_the_truth(
    tmp_path: Path, metric: Metric
) -> None:
    world = world_of(tmp_path / "store", metric)
    plain, weighted, inside = [], [], 0
    for seed in SEEDS:
        outcome, told, chance = judged(world, seed, share=0.7)
        found, truth = estimated(outcome), true_value(metric, told, chance)
        assert (found.method, found.metric) == ("pape", metric)
        plain.append(abs(cbpe(outcome, metric) - truth))
        weighted.append(abs(found.value - truth))
        inside += found.low <= truth <= found.high
        # Plain rates expect what was: no harm would be seen.
        assert cbpe(outcome, metric) == pytest.approx(found.before, abs=0.01)
        assert found.harm is True
    print(f"\n{metric}: error of CBPE {np.mean(plain):.4f}, of PAPE {np.mean(weighted):.4f}")
    assert all(w < p / 5 for w, p in zip(weighted, plain, strict=True))
    assert inside >= len(SEEDS) - 1
