"""A store with a release in production, and captured traffic as the server writes it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from trimaran_runtime.drift import Profile
from trimaran_runtime.monitoring.check import check
from trimaran_runtime.monitoring.check_config import CheckConfig
from trimaran_runtime.monitoring.outcome import Outcome
from trimaran_runtime.monitoring.predictions import classified, with_scores
from trimaran_runtime.registry.approval import approve
from trimaran_runtime.registry.release import (
    Feature,
    File,
    Lineage,
    ModelFile,
    Release,
    Signature,
    Verdict,
    write_release,
)
from trimaran_runtime.storage.store import Store

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
FOLDER = "capture/flights/blue/2026/01/02"
TRAINING_ROWS = 30_000


def rows_of(count: int, seed: int, *, shift: float = 0.0) -> list[dict[str, Any]]:
    """Rows as JSON would carry them; `shift` moves `distance` by so many standard deviations."""
    draw = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {
        "distance": (draw.normal(1000, 300, count) + 300 * shift).round(1).tolist(),
        "hour": draw.integers(5, 23, count).tolist(),
        "carrier": draw.choice(["AA", "UA", "DL"], count, p=[0.5, 0.3, 0.2]).tolist(),
        "weekend": (draw.random(count) < 2 / 7).tolist(),
        "when": ["2026-01-02T08:00:00"] * count,
        "temp": [None if x > 1.5 else x for x in draw.normal(0, 1, count).tolist()],
    }
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def answers_to(rows: Sequence[dict[str, Any]], seed: int = 0) -> list[dict[str, Any]]:
    """Predictions as the server answers."""
    chances = np.random.default_rng(seed).beta(2, 5, len(rows))
    return [{"label": bool(p > 0.5), "probability": float(p)} for p in chances]


def store_with_release(
    path: Path, *, model: bytes = b"model", files: Mapping[str, bytes] | None = None
) -> tuple[Store, str]:
    """A store with one release in production; returns the store and the release's id."""
    store = Store.open_directory(path, create=True)
    rows = rows_of(TRAINING_ROWS, 1)
    table = pa.Table.from_pylist(rows)
    moments = pa.array([datetime.fromisoformat(row["when"]) for row in rows])
    table = table.set_column(table.column_names.index("when"), "when", moments)
    given = answers_to(rows, 1)
    answers = classified([a["label"] for a in given], [a["probability"] for a in given])
    reference = Profile.of(table, segments=["carrier"]).with_correlation(table)
    # The true classes are as likely as the model says.
    chances = np.random.default_rng(3).random(len(given))
    truth = [bool(c < a["probability"]) for c, a in zip(chances, given, strict=True)]
    predictions = with_scores(Profile.of(answers), answers, "true", truth=truth)
    profiles = {
        "reference_profile": reference.to_bytes(),
        "prediction_profile": predictions.to_bytes(),
    }
    contents = {**profiles, **(files or {})}
    release = Release(
        model_name="flights",
        model=ModelFile(format="skops", file=_file(store, model), trusted_types=()),
        signature=Signature(
            features=tuple(Feature(name=n, type="number", nullable=True) for n in rows[0]),
            target="late",
            task="classification",
            classes=(False, True),
        ),
        verdict=Verdict(accepted=True, metric="roc_auc", value=0.7, interval=(0.6, 0.8), checks=()),
        metrics={"roc_auc": 0.7},
        lineage=Lineage(
            config="", code="", data="data-1", environment="", rows={}, parameters={}, seed=0
        ),
        files={role: _file(store, content) for role, content in contents.items()},
    )
    release_id = write_release(store, release)
    approve(store, release_id, why="a test")
    return store, release_id


def _file(store: Store, content: bytes) -> File:
    return File(digest=store.put_blob(content), size_bytes=len(content))


def line(event: str, release: str, rows: list[dict[str, Any]], **other: Any) -> bytes:
    """One captured request, arrived an hour before noon."""
    document = {
        "event_id": event,
        "time": (NOON - timedelta(hours=1)).isoformat(timespec="milliseconds"),
        "release": release,
        "variant": "blue",
        "request": rows,
        "prediction": answers_to(rows, len(event)),
        "latency_ms": 1.5,
        "sampled_fraction": 1.0,
        **other,
    }
    return orjson.dumps(document) + b"\n"


def send(store: Store, release: str, rows: list[dict[str, Any]], *, per_request: int = 100) -> None:
    """Capture rows as requests spread over the twelve hours before noon."""
    answers = answers_to(rows, 2)
    starts = range(0, len(rows), per_request)
    for number, start in enumerate(starts):
        moment = NOON - timedelta(hours=12) * (1 - number / len(starts)) + timedelta(seconds=1)
        key = f"capture/flights/blue/{moment:%Y/%m/%d/%H}/w-{number:06d}.jsonl"
        part = slice(start, start + per_request)
        store.create(
            key,
            line(
                f"e{start}",
                release,
                rows[part],
                time=moment.isoformat(timespec="milliseconds"),
                prediction=answers[part],
            ),
        )


def config_of(**monitor: Any) -> CheckConfig:
    """The check's configuration."""
    return CheckConfig.model_validate({"model": "flights", "monitor": monitor})


def check_of(
    store: Store,
    release: str | None,
    *,
    endpoint: str = "flights",
    now: datetime = NOON,
    **monitor: Any,
) -> Outcome:
    """What a check of the release finds, with these settings of the monitor."""
    return check(
        store,
        config_of(**monitor).monitor,
        model="flights",
        endpoint=endpoint,
        release=release,
        last=None,
        data="",
        now=now,
    )
