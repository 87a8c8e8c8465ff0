"""One prediction with the lowered form beside the same model in scikit-learn, as a server asks."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.benchmarks.table import record
from trimaran_runtime.data.config import Task
from trimaran_runtime.lowering.lower import lower
from trimaran_runtime.lowering.to_onnx import onnx_answer
from trimaran_runtime.registry.release import Feature, Signature
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.lowered_predictor import LoweredPredictor
from trimaran_runtime.serving.predictor import Predictor

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
WIDTH, TRAINING_ROWS = 30, 20_000
NAMES = [f"x{i}" for i in range(WIDTH)]
SIGNATURE = Signature(
    features=tuple(Feature(name=name, type="number", nullable=False) for name in NAMES),
    target="y",
    task=Task.classification,
    classes=(False, True),
)
MODELS = {
    "logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
    "100 boosted trees": HistGradientBoostingClassifier(max_iter=100, random_state=0),
}
BARS = {("logistic regression", 1): 20, ("100 boosted trees", 1): 4}
"""How many times as fast it has to be, where many rows do not share a call."""
_SECONDS = 0.05


@pytest.mark.parametrize("rows", [1, 100])
@pytest.mark.parametrize("name", MODELS)
def test_a_lowered_model_answers_in_a_fraction_of_the_time(name: str, rows: int) -> None:
    draw = np.random.default_rng(0)
    table = pd.DataFrame(draw.normal(size=(TRAINING_ROWS, WIDTH)), columns=NAMES)
    model = MODELS[name].fit(table, table.sum(axis=1) + draw.normal(size=TRAINING_ROWS) > 0)
    original = Predictor(model, SIGNATURE, [Column(f) for f in SIGNATURE.features])
    lowered = LoweredPredictor(lower(model, SIGNATURE), SIGNATURE)
    values = [table[column][:rows].tolist() for column in NAMES]
    ours, theirs = _fastest(lambda: lowered.predict(values), lambda: original.predict(values))
    what = f"a prediction of {rows} row{'s' if rows > 1 else ''} with {name}, lowered"
    ratio = record(what, ours * 1e6, "scikit-learn", theirs * 1e6, unit="µs")
    assert ratio <= 1 / BARS.get((name, rows), 1)


@pytest.mark.parametrize("rows", [1, 100])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_in_onnx_beside_numpy_and_scikit_learn(name: str, rows: int) -> None:
    draw = np.random.default_rng(0)
    table = pd.DataFrame(draw.normal(size=(TRAINING_ROWS, WIDTH)), columns=NAMES)
    model = MODELS[name].fit(table, table.sum(axis=1) + draw.normal(size=TRAINING_ROWS) > 0)
    original = Predictor(model, SIGNATURE, [Column(f) for f in SIGNATURE.features])
    in_numpy = LoweredPredictor(lower(model, SIGNATURE), SIGNATURE)
    in_onnx = LoweredPredictor(lower(model, SIGNATURE, onnx_answer), SIGNATURE)
    # A server hands over one matrix where every column is a number.
    values = np.ascontiguousarray(table[NAMES][:rows].to_numpy().T)
    predictors = (in_onnx, in_numpy, original)
    ours, numpy, theirs = _fastest(*(partial(each.predict, values) for each in predictors))
    what = f"a prediction of {rows} row{'s' if rows > 1 else ''} with {name}, in ONNX"
    record(f"{what} beside NumPy", ours * 1e6, "in NumPy", numpy * 1e6, unit="µs")
    assert record(what, ours * 1e6, "scikit-learn", theirs * 1e6, unit="µs") <= 1


def _fastest(*calls: Callable[[], Any], rounds: int = 15) -> list[float]:
    """Seconds of each call: the fastest of several turns, taken in turn."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for place, call in enumerate(calls):
            best[place] = min(best[place], _one(call))
    return best


def _one(call: Callable[[], Any]) -> float:
    count, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < _SECONDS:
        call()
        count += 1
    return passed / count
