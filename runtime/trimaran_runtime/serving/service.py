"""A release, loaded and ready to predict."""

import time
from dataclasses import dataclass
from typing import Any

import orjson

from trimaran_runtime.registry.model import load_model
from trimaran_runtime.registry.release import SHORT, Release, read_release
from trimaran_runtime.registry.signing import verify
from trimaran_runtime.serving import openapi
from trimaran_runtime.serving.batcher import Batcher
from trimaran_runtime.serving.capture import Capture
from trimaran_runtime.serving.capture_file import CaptureFiles
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.predictor import Predictor
from trimaran_runtime.serving.rows import RowReader
from trimaran_runtime.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything a prediction request passes through."""

    release_id: str
    """Full id."""
    release: Release
    """Its manifest."""
    reader: RowReader
    predictor: Predictor
    batcher: Batcher
    capture: Capture | None
    """None: nothing is recorded."""
    metrics: ServerMetrics
    openapi: bytes
    """The OpenAPI document."""
    load_seconds: float
    call_seconds: float
    """Measured time of a warm call of 64 rows, seconds."""

    @property
    def short_id(self) -> str:
        """The digits of the release's id that people see."""
        return self.release_id[:SHORT]


def load(store: Store, release_id: str, config: ServerConfig) -> Service:
    """Load a release, and predict its own example once.

    Raises:
        NotFound, Corrupted: the release or its model does not exist or does not verify.
        RegistryError: model and signature do not fit together, or the release is not signed as
            the configuration asks for: then nothing of it is built.
        Exception: whatever the model raises on the signature's example.
    """
    started = time.perf_counter()
    release = read_release(store, release_id)
    verify(store, release_id, config.signing)
    model = load_model(store, release)
    return _service(release, model, config, store, started)


def load_model_of(release: Release, content: bytes, config: ServerConfig) -> Service:
    """Load a release whose manifest and model are at hand, verified; records nothing.

    Args:
        release: the manifest.
        content: the model file.
        config: the server's configuration.

    Raises:
        Corrupted, RegistryError, Exception: see `load`.
    """
    from trimaran_runtime.training.model_file import load_model_bytes

    started = time.perf_counter()
    model = load_model_bytes(content, release.model.trusted_types)
    return _service(release, model, config, None, started)


def _service(
    release: Release, model: Any, config: ServerConfig, store: Store | None, started: float
) -> Service:
    reader = RowReader(release.signature, config.limits.max_rows)
    predictor = Predictor(model, release.signature, reader.columns)
    batcher = Batcher(predictor.predict, config.max_queue_rows)
    example = orjson.dumps({"instances": [openapi.example_row(release)]})
    call_seconds = batcher.calibrate(reader.read(None, example).values)
    metrics = ServerMetrics(release.id, release.model_name)
    return Service(
        release_id=release.id,
        release=release,
        reader=reader,
        predictor=predictor,
        batcher=batcher,
        capture=None if store is None else _capture(store, release.id, config, reader, metrics),
        metrics=metrics,
        openapi=orjson.dumps(openapi.document(release, release.id)),
        load_seconds=time.perf_counter() - started,
        call_seconds=call_seconds,
    )


def _capture(
    store: Store, release_id: str, config: ServerConfig, reader: RowReader, metrics: ServerMetrics
) -> Capture | None:
    if config.capture is None or config.capture.fraction == 0:
        return None
    variant = config.variant or release_id[:SHORT]
    files = CaptureFiles(
        store,
        config.endpoint,
        variant,
        rotate_seconds=config.rotate_seconds,
        max_bytes=config.capture.max_gib * (1 << 30),
    )
    return Capture(
        config.capture,
        files,
        columns=[column.name for column in reader.columns],
        release=release_id,
        variant=variant,
        on_count=metrics.captured,
    )
