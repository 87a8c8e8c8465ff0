"""Simulated champions and challengers, judged by the real evaluation and gate.

A row has a score that neither model sees whole: each sees it with noise of its own, half of which
both share, as models of one data set do. A model's noise sets its AUC, so the true difference of a
pair is known: it is measured on a million rows. Everything is drawn from stated seeds.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.evaluation.evaluate import Champion, Measurement, Rows
from trimaran_runtime.evaluation.evaluation import HeldOut
from trimaran_runtime.evaluation.predictions import Predictions
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.gate.judge import judge
from trimaran_runtime.gate.record import GateRecord
from trimaran_runtime.registry.release import Verdict
from trimaran_runtime.validation.finding import Findings

ALPHA = 0.05
SEGMENTS = 20
SIZES = (500, 5_000, 50_000)
NOISE = 1.0
"""Standard deviation of the champion's noise; the score's is 1."""
WORSE, EQUAL, BETTER = 1.25, NOISE, 0.75
"""Of a challenger's."""
_SHARED = 0.5
_CLEAN = Findings(rows=0, columns=0, findings=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often the gate did what in a number of pairs."""

    pairs: int
    accepted: int
    better: int
    """Pairs that the champion check passed."""
    segments: int
    """Pairs that a segment refused."""


def simulate(noise: float, rows: int, pairs: int) -> Rates:
    """Judge pairs whose challenger has so much noise, on so many test rows."""
    verdicts = [_verdict(noise, rows, seed) for seed in range(pairs)]
    return Rates(
        pairs=pairs,
        accepted=sum(verdict.accepted for verdict in verdicts),
        better=sum(_passed(verdict, "champion") for verdict in verdicts),
        segments=sum(not _passed(verdict, "segment ") for verdict in verdicts),
    )


@cache
def area(noise: float) -> float:
    """True area under the ROC curve of a model with so much noise, on a million rows."""
    truth, given, _ = _rows(noise, 1_000_000, 10**6)
    ranks = given.scores[:, 1].argsort().argsort()
    positives = int(truth.sum())
    wins = ranks[truth == 1].sum() - positives * (positives - 1) / 2
    return float(wins / positives / (len(truth) - positives))


def most(pairs: int, chance: float, confidence: float = 0.99) -> int:
    """Most times that something of a chance happens in so many pairs, at a confidence: exact."""
    from scipy.stats import binom

    return int(binom.ppf(confidence, pairs, chance))


def _passed(verdict: Verdict, name: str) -> bool:
    return all(check.passed for check in verdict.checks if check.name.startswith(name))


def _verdict(noise: float, rows: int, seed: int) -> Verdict:
    truth, challenger, champion = _rows(noise, rows, seed)
    levels = np.array([f"{level:02d}" for level in range(SEGMENTS)], dtype=object)
    measurement = Measurement(
        metric=GateConfig().metric,
        rows=Rows(
            truth=truth,
            train=truth,
            classes=2,
            held_out=HeldOut(fingerprint="simulated", rows=rows, in_train=0),
        ),
        segments={"segment": levels[np.arange(rows) % SEGMENTS]},
        min_rows=10,
    )
    rival = Champion(release="c" * 64, same_model=False, predictions=champion, held_out="simulated")
    config = GateConfig.model_validate({"champion": {"alpha": ALPHA}, "segments": {"min_rows": 10}})
    rules = GateRecord(gate=config, segments=("segment",), fairness=())
    return judge(measurement.of(challenger, rival), _CLEAN, rules)


def _rows(noise: float, rows: int, seed: int) -> tuple[NDArray[np.int64], Predictions, Predictions]:
    generator = np.random.default_rng(seed)
    score, shared, own, other = generator.normal(size=(4, rows))
    truth = (score + generator.logistic(size=rows) * 0.5 > 0).astype(np.int64)

    def seen(size: float, mine: NDArray[np.float64]) -> Predictions:
        blurred = score + size * (_SHARED**0.5 * shared + (1 - _SHARED) ** 0.5 * mine)
        chance = 1 / (1 + np.exp(-blurred))
        scores = np.column_stack([1 - chance, chance])
        return Predictions(scores=scores, labels=scores.argmax(axis=1))

    return truth, seen(noise, own), seen(NOISE, other)
