"""How long a model takes to answer: a wall time, so in no digest and in no release."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.section import Section

if TYPE_CHECKING:
    import pandas as pd

LATENCY = "latency.json"
"""Name of the file beside the evaluation."""
_CALLS = 100
_SECONDS = 0.5
"""Time that may be spent on one batch size."""
_FEWEST_CALLS = 3


class BatchLatency(Section):
    """Wall times of calls with so many rows, ms."""

    calls: int
    """Calls that were timed."""
    median_ms: float
    """Half of them were faster."""
    p99_ms: float
    """99 of 100 were faster."""


class Latency(Section):
    """Wall times of the model, by rows per call."""

    batches: dict[int, BatchLatency]
    """1 and 100 rows per call."""

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read `latency.json` back; raises Corrupted."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            raise Corrupted(f"the latency cannot be read: {exc}", where="evaluate") from exc


def latency(ask: Callable[["pd.DataFrame"], Any], frame: "pd.DataFrame") -> Latency:
    """Time calls of a model that was asked before, one row and a hundred at a time.

    Args:
        ask: answers a frame.
        frame: rows to ask about, taken in turn.
    """
    return Latency(batches={rows: _timed(ask, frame, rows) for rows in (1, 100)})


def _timed(ask: Callable[["pd.DataFrame"], Any], frame: "pd.DataFrame", rows: int) -> BatchLatency:
    seconds: list[float] = []
    until = time.perf_counter() + _SECONDS
    while len(seconds) < _CALLS and (len(seconds) < _FEWEST_CALLS or time.perf_counter() < until):
        first = (len(seconds) * rows) % max(len(frame) - rows + 1, 1)
        batch = frame.iloc[first : first + rows]
        started = time.perf_counter()
        ask(batch)
        seconds.append(time.perf_counter() - started)
    median, slow = np.quantile(seconds, (0.5, 0.99)) * 1000
    return BatchLatency(calls=len(seconds), median_ms=round(median, 3), p99_ms=round(slow, 3))
