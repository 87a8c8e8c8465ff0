"""A release, loaded and ready to predict."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from trimaran_runtime.lowering.file import load as load_lowered
from trimaran_runtime.lowering.placed import placed
from trimaran_runtime.lowering.record import LOWERED_ROLE
from trimaran_runtime.registry.release import SHORT, Release, read_release
from trimaran_runtime.registry.signing import verify
from trimaran_runtime.serving import openapi
from trimaran_runtime.serving.batcher import Batcher
from trimaran_runtime.serving.capture import Capture
from trimaran_runtime.serving.capture_file import CaptureFiles
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.execution import Execution, execution_of
from trimaran_runtime.serving.explaining import Explaining
from trimaran_runtime.serving.lowered_predictor import LoweredPredictor
from trimaran_runtime.serving.metrics import ServerMetrics, VariantMetrics
from trimaran_runtime.serving.predictor import Predictor
from trimaran_runtime.serving.rows import RowReader
from trimaran_runtime.storage.store import Store

Read = Callable[[str], bytes]
"""The bytes of a release's file by digest, verified; raises NotFound, Corrupted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything a prediction request passes through."""

    variant: str
    """Name of the variant: the configured one, or the first digits of the release's id."""
    release_id: str
    """Full id."""
    release: Release
    """Its manifest."""
    reader: RowReader
    predictor: Predictor | LoweredPredictor
    batcher: Batcher
    explaining: Explaining
    capture: Capture | None
    """None: nothing is recorded."""
    metrics: VariantMetrics
    openapi: bytes
    """The OpenAPI document."""
    execution: Execution
    """What computes predictions, and how many rows at most in one batch."""
    load_seconds: float
    call_seconds: float
    """Measured time of a warm call of 64 rows, seconds."""

    def start(self) -> None:
        """Begin to record."""
        if self.capture is not None:
            self.capture.start()

    def close(self) -> None:
        """End the model's threads and record what is left; nothing may wait for it any more."""
        self.batcher.close()
        self.explaining.close()
        if self.capture is not None:
            self.capture.close()

    @property
    def told_execution(self) -> tuple[str, str, str, int]:
        """The variant, and what `execution` says, as metrics name them."""
        told = self.execution
        return self.variant, told.form, told.provider, told.batch_rows

    @property
    def short_id(self) -> str:
        """The digits of the release's id that people see."""
        return self.release_id[:SHORT]


def load(store: Store, release_id: str, config: ServerConfig, metrics: ServerMetrics) -> Service:
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
    return _service(release, store.read_blob, config, metrics, store, started)


def load_verified(
    release: Release, read: Read, config: ServerConfig, metrics: ServerMetrics
) -> Service:
    """Load a release whose manifest is at hand, verified; records nothing.

    Args:
        release: the manifest.
        read: the bytes of one of its files by digest, verified.
        config: the server's configuration.
        metrics: where it counts.

    Raises:
        NotFound, Corrupted, RegistryError, Exception: see `load`.
    """
    return _service(release, read, config, metrics, None, time.perf_counter())


def _service(
    release: Release,
    read: Read,
    config: ServerConfig,
    metrics: ServerMetrics,
    store: Store | None,
    started: float,
) -> Service:
    reader = RowReader(release.signature, config.limits.max_rows)
    predictor = _predictor(release, read, config, reader)
    example = orjson.dumps({"instances": [openapi.example_row(release)]})
    values = reader.read(None, example).values
    execution = execution_of(predictor, values)
    batcher = Batcher(predictor.predict, config.max_queue_rows, execution.batch_rows)
    call_seconds = batcher.calibrate(values)
    variant = config.variant or release.id[:SHORT]
    counts = metrics.of_variant(variant)
    return Service(
        variant=variant,
        release_id=release.id,
        release=release,
        reader=reader,
        predictor=predictor,
        batcher=batcher,
        explaining=Explaining(
            release,
            read,
            reader.columns,
            predictor.classes,
            frame=predictor.frame if isinstance(predictor, Predictor) else None,
            enabled=config.explanations,
        ),
        capture=None
        if store is None
        else _capture(store, release.id, variant, config, reader, counts),
        metrics=counts,
        openapi=orjson.dumps(openapi.document(release, release.id)),
        execution=execution,
        load_seconds=time.perf_counter() - started,
        call_seconds=call_seconds,
    )


def _predictor(
    release: Release, read: Read, config: ServerConfig, reader: RowReader
) -> Predictor | LoweredPredictor:
    lowered = release.files.get(LOWERED_ROLE) if config.lowered else None
    if lowered is not None:
        model = placed(load_lowered(read(lowered.digest)), config.device)
        return LoweredPredictor(model, release.signature)
    from trimaran_runtime.training.model_file import load_model_bytes

    original = load_model_bytes(read(release.model.file.digest), release.model.trusted_types)
    return Predictor(original, release.signature, reader.columns)


def _capture(
    store: Store,
    release_id: str,
    variant: str,
    config: ServerConfig,
    reader: RowReader,
    metrics: VariantMetrics,
) -> Capture | None:
    if config.capture is None or config.capture.fraction == 0:
        return None
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
