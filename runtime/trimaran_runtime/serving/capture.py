"""Recording of traffic off the request path: by reference into a bounded queue, one writer thread.

A request pays for two comparisons and an append. What does not fit is dropped and counted, by
reason; a request never waits for its record, and never fails because of it.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from trimaran_runtime.serving.capture_file import CaptureFiles
from trimaran_runtime.serving.captured.record import Lines, Origin, Record
from trimaran_runtime.serving.captured.registry import RENDERERS
from trimaran_runtime.serving.config import CaptureConfig

LOG = logging.getLogger(__name__)
_MAX_RECORDS = 10_000
_MAX_BYTES = 64 << 20
_WAKE_SECONDS = 0.1
_HASH_RANGE = 2**64


class Dropped(StrEnum):
    """Why a request that should have been recorded was not."""

    queue = "queue"
    """The writer is behind: too many records, or too many bytes, wait."""
    budget = "budget"
    """The disk or store budget is used up."""
    error = "error"
    """The store refused the write."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One answered request, by reference."""

    time: float
    """Arrival, seconds since the epoch."""
    request_id: str
    raw: Sequence[list[Any]]
    """Values by column, as given; may be made on the first look, which the writer thread takes."""
    predictions: list[Any]
    """Predictions as answered."""
    latency_ms: float
    size_bytes: int
    """Size of the request's body."""


def is_sampled(request_id: str, fraction: float) -> bool:
    """Whether a request is recorded: the same answer for the same id in every process."""
    if fraction >= 1:
        return True
    digest = blake2b(request_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest) < fraction * _HASH_RANGE


class Capture:
    """Records answered requests.

    Args:
        config: what is recorded.
        files: where to.
        columns: names of the columns, in the order of the captured values.
        release: full id of the release that answers.
        variant: name of the variant.
        on_count: called with (`written` or a reason for dropping, number) by the writer thread.
    """

    def __init__(
        self,
        config: CaptureConfig,
        files: CaptureFiles,
        *,
        columns: Sequence[str],
        release: str,
        variant: str,
        on_count: Callable[[str, int], None],
    ) -> None:
        self._config, self._files, self._on_count = config, files, on_count
        self._origin = Origin(
            endpoint=files.endpoint, variant=variant, release=release, fraction=config.fraction
        )
        self._render = RENDERERS[config.format]
        self._kept = [(i, n) for i, n in enumerate(columns) if n not in config.redact]
        self._queue: deque[Captured] = deque()
        # Each counter is written by one thread only; the differences are what is open.
        self._bytes_in = self._bytes_out = 0
        self._lost_in = self._lost_out = 0
        self._skipped_in = self._skipped_out = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Start the writer thread."""
        self._thread.start()

    def offer(self, captured: Captured) -> None:
        """Record an answered request, or count why not; called on the event loop."""
        if not is_sampled(captured.request_id, self._config.fraction):
            self._skipped_in += 1
        elif (
            len(self._queue) >= _MAX_RECORDS
            or self._bytes_in - self._bytes_out + captured.size_bytes > _MAX_BYTES
        ):
            self._lost_in += 1
        else:
            self._bytes_in += captured.size_bytes
            self._queue.append(captured)

    def close(self, timeout: float = 5.0) -> None:
        """Write what is queued, close the files, end the thread; waits at most `timeout` s."""
        self._closing.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._files.adopt_abandoned()
        except OSError:
            LOG.exception("files of killed servers could not be closed")
        while not self._closing.wait(_WAKE_SECONDS):
            self._turn()
        self._turn(close=True)

    def _turn(self, *, close: bool = False) -> None:
        """Write what is queued, and count what was lost."""
        records = [self._queue.popleft() for _ in range(len(self._queue))]
        for record in records:
            self._bytes_out += record.size_bytes
            self._write(record)
        try:
            self._count_lost()
            self._files.flush(close=close)
        except Exception:
            # A full disk or a store that is away must not end the thread.
            LOG.exception("a file of captured traffic could not be closed")

    def _write(self, record: Captured) -> None:
        try:
            # Also what is dropped belongs to an hour.
            self._files.turn_hour(record.time)
            if self._files.is_over_budget:
                self._drop(Dropped.budget)
                return
            self._files.append(record.time, self._lines(record))
        except Exception:
            LOG.exception("a captured request could not be written")
            self._drop(Dropped.error)
            return
        self._files.counts.written += 1
        self._on_count("written", 1)

    def _drop(self, reason: Dropped) -> None:
        self._files.counts.drop(reason)
        self._on_count(reason, 1)

    def _count_lost(self) -> None:
        lost, skipped = self._lost_in - self._lost_out, self._skipped_in - self._skipped_out
        self._lost_out += lost
        self._skipped_out += skipped
        if lost or skipped:
            self._files.turn_hour(time.time())
            self._files.counts.sampled_out += skipped
        if lost:
            self._files.counts.drop(Dropped.queue, lost)
            self._on_count(Dropped.queue, lost)

    def _lines(self, record: Captured) -> Lines:
        """The record in the configured format, made of what was read and is not redacted."""
        names = [name for _, name in self._kept]
        columns = [record.raw[i] for i, _ in self._kept]
        rows = zip(*columns, strict=True) if columns else ((),) * len(record.predictions)
        kept = Record(
            time=datetime.fromtimestamp(record.time, UTC),
            request_id=record.request_id,
            rows=[dict(zip(names, row, strict=True)) for row in rows],
            predictions=record.predictions,
            latency_ms=record.latency_ms,
        )
        return self._render(self._origin, kept)
