"""What computes a release's predictions, and how many rows at a time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trimaran_runtime.serving.batcher import MAX_ROWS
from trimaran_runtime.serving.lowered_predictor import LoweredPredictor
from trimaran_runtime.serving.predictor import Renderer
from trimaran_runtime.serving.values import Values, first

_SMALLEST, _LARGEST = 64, 8_192
BUDGET_SECONDS = 0.5
"""Time that the measuring may take at load; the call that is running when it ends is the last."""
_LONGEST_SECONDS = 0.1
"""Longest call of a batch: requests wait for the one that runs before theirs, and for theirs."""
_GAIN = 1.1
"""How many times as many rows a second a larger batch has to answer, to be taken."""

_TRIES = 3
Predict = Callable[[Values], list[Any]]


@dataclass(frozen=True, slots=True)
class Execution:
    """What computes predictions.

    Attributes:
        form: `linear`, `trees`, `onnx`, or `original`.
        provider: `NumPy`, one of ONNX Runtime's, or `Python` for the original.
        batch_rows: most rows of several requests in one call.
    """

    form: str
    provider: str
    batch_rows: int


def execution_of(predictor: Renderer, values: Values) -> Execution:
    """What computes a predictor's answers; for a model in ONNX the batches are measured.

    Args:
        predictor: what predicts.
        values: one or more rows by column that it takes.

    Raises:
        Exception: whatever the model raises for these rows.
    """
    if not isinstance(predictor, LoweredPredictor):
        return Execution("original", "Python", MAX_ROWS)
    if predictor.provider is None:
        return Execution(predictor.form, "NumPy", MAX_ROWS)
    return Execution(predictor.form, predictor.provider, batch_rows(predictor.predict, values))


def batch_rows(
    predict: Predict, values: Values, clock: Callable[[], float] = time.perf_counter
) -> int:
    """The number of rows at which a model answers most of them a second.

    Powers of two are tried, each a few times after a call that warms it up, while a larger batch is
    better by `_GAIN`, takes at most `_LONGEST_SECONDS`, and the budget lasts.

    Args:
        predict: the model.
        values: one or more rows by column that it takes.
        clock: seconds.
    """
    started, best, most = clock(), _SMALLEST, 0.0
    rows = _SMALLEST
    while rows <= _LARGEST and clock() - started < BUDGET_SECONDS:
        batch = first(values, rows)
        predict(batch)
        seconds = min(_seconds(predict, batch, clock) for _ in range(_TRIES))
        if rows > _SMALLEST and (seconds > _LONGEST_SECONDS or rows / seconds < _GAIN * most):
            break
        best, most = rows, rows / seconds
        rows *= 2
    return best


def _seconds(predict: Predict, batch: Values, clock: Callable[[], float]) -> float:
    before = clock()
    predict(batch)
    return max(clock() - before, 1e-9)
