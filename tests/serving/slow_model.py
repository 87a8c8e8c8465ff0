"""A release that is slow to answer, sixty-four callers of it, and how long `/ping` takes."""

import http.client
import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from tests.serving.releases import publish
from tests.serving.traffic import Hammer
from trimaran_runtime.registry.release import Feature
from trimaran_runtime.storage.store import Store

WIDTH, TRAINING_ROWS = 30, 5_000
ROWS = 100
CONNECTIONS = 64
NAMES = [f"x{i}" for i in range(WIDTH)]
MODELS: dict[str, Any] = {
    "random forest, 300 trees": RandomForestClassifier(300, random_state=0),
    "boosting, 100 iterations": HistGradientBoostingClassifier(max_iter=100, random_state=0),
}


def publish_slow(store: Store, name: str, trees: int | None = None) -> str:
    """Write a release of a model that stays in scikit-learn; returns the full id."""
    draw = np.random.default_rng(0)
    table = pd.DataFrame(draw.normal(size=(TRAINING_ROWS, WIDTH)), columns=NAMES)
    target = table.sum(axis=1) + draw.normal(size=TRAINING_ROWS) > 0
    features = tuple(Feature(name=n, type="number", nullable=False, example=0.5) for n in NAMES)
    model = MODELS[name]
    if trees is not None:
        model = model.set_params(n_estimators=trees)
    model.fit(table, target)
    trusted = tuple(skops.io.get_untrusted_types(data=skops.io.dumps(model)))
    return publish(store, model=model, features=features, trusted=trusted)


def body() -> dict[str, Any]:
    draw = np.random.default_rng(1)
    return {"instances": draw.normal(size=(ROWS, WIDTH)).tolist()}


def _load(url: str, ready: Any, done: Any, told: Any) -> None:
    with Hammer(url, connections=CONNECTIONS, pause=0, body=body()) as hammer:
        hammer.wait_for(CONNECTIONS, timeout=60)
        ready.set()
        done.wait()
    told.put((dict(hammer.answers), hammer.broken))


@dataclass
class Load:
    """What the callers got; known when they have ended."""

    answers: dict[tuple[int, str], int]
    broken: list[str]


@contextmanager
def under_load(url: str) -> Iterator[Load]:
    """Sixty-four connections that ask for 100 rows without pause, in a process of their own."""
    context = multiprocessing.get_context("spawn")
    ready, done, told = context.Event(), context.Event(), context.Queue()
    process = context.Process(target=_load, args=(url, ready, done, told))
    process.start()
    load = Load({}, [])
    try:
        assert ready.wait(90)
        yield load
    finally:
        done.set()
        if process.is_alive():
            load.answers, load.broken = told.get(timeout=90)
        process.join(30)
        process.kill()


def pings(url: str, seconds: float, pause: float = 0.01) -> list[float]:
    """Seconds that each `/ping` took, sorted; on a connection that is kept, as probes do."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    took = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.perf_counter()
        connection.request("GET", "/ping")
        answer = connection.getresponse()
        told = json.loads(answer.read())
        took.append(time.perf_counter() - started)
        assert (answer.status, told["status"]) == (200, "serving")
        time.sleep(pause)
    connection.close()
    return sorted(took)


def percentile(took: list[float], share: float) -> float:
    """A percentile of sorted seconds, in ms."""
    return took[min(int(len(took) * share), len(took) - 1)] * 1e3
