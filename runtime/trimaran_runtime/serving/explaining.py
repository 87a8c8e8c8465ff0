"""Explanations of answers, for requests that ask: in a thread of their own, few at a time."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trimaran_runtime.registry.release import Release
from trimaran_runtime.serving.answers.encoder import Encoder
from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.explain_request import reasons_asked
from trimaran_runtime.serving.explained import MOST_ROWS, CannotExplain, Explained
from trimaran_runtime.serving.message import JSON, Refusal
from trimaran_runtime.serving.rows import Rows
from trimaran_runtime.serving.values import Values

_MOST_WAITING = 8
"""Explained requests at a time; more are asked to come back."""


class Explaining:
    """Explains the answers of one release; loads nothing before the first request that asks.

    Args:
        release: the manifest.
        read: the bytes of one of its files by digest, verified.
        columns: the signature's columns.
        classes: the class labels, as the predictor has them.
        frame: makes the frame that the model takes; None: its lowered form answers.
        enabled: whether this server explains at all.
    """

    def __init__(
        self,
        release: Release,
        read: Callable[[str], bytes],
        columns: Sequence[Column],
        classes: Sequence[Any],
        *,
        frame: Callable[[Values], Any] | None,
        enabled: bool,
    ) -> None:
        self._release, self._read, self._frame = release, read, frame
        self._columns, self._classes, self._enabled = tuple(columns), classes, enabled
        self._lock = threading.Lock()
        self._explained: Explained | CannotExplain | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._waiting = 0

    def asked(self, call: Call, rows: Rows, encoder: Encoder) -> int:
        """Reasons per row that a request wants; 0: none.

        Raises:
            Refusal: 400, 406 or 413, it cannot be explained.
        """
        reasons = reasons_asked(rows.reasons, call.headers)
        if not reasons:
            return 0
        if not self._enabled:
            raise _cannot("this server does not explain its answers (endpoint.explanations)")
        if encoder.media_type != JSON:
            raise Refusal(
                406,
                "explanations are answered as JSON only",
                where="accept",
                given=encoder.media_type,
                allowed=JSON,
            )
        self._check_rows(rows.count, MOST_ROWS)
        return reasons

    async def explained(
        self, call: Call, rows: Rows, predictions: Sequence[Any], reasons: int
    ) -> list[dict[str, Any]]:
        """The explanation of each row.

        Raises:
            Refusal: 400 or 413, it cannot be explained; 429, too many are asked for; 503, the
                deadline of the call passed.
        """
        if self._waiting >= _MOST_WAITING:
            raise Refusal(
                429,
                "too many explanations are being made",
                given=self._waiting,
                allowed=f"at most {_MOST_WAITING} requests at a time; try again",
                headers={"retry-after": "1"},
            )
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="explain")
        self._count(1)
        future = self._executor.submit(self._documents, rows, predictions, reasons)
        # It waits until the thread is done with it, also when its caller does not any more.
        future.add_done_callback(lambda _: self._count(-1))
        try:
            async with asyncio.timeout_at(call.deadline):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise Refusal(
                503,
                f"no explanation within {call.deadline - call.started:g} s",
                headers={"retry-after": "1"},
            ) from None
        except CannotExplain as exc:
            raise _cannot(f"this release cannot explain: {exc}") from exc

    def close(self) -> None:
        """End the thread; nothing may wait for it any more."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _count(self, number: int) -> None:
        with self._lock:
            self._waiting += number

    def _documents(
        self, rows: Rows, predictions: Sequence[Any], reasons: int
    ) -> list[dict[str, Any]]:
        explained = self._loaded()
        self._check_rows(rows.count, explained.most_rows)
        return explained.documents(rows.values, predictions, self._classes, reasons)

    def _loaded(self) -> Explained:
        """Called by one thread only; what could not be built is not tried again."""
        if self._explained is None:
            try:
                self._explained = Explained.of(
                    self._release, self._read, self._frame, self._columns
                )
            except CannotExplain as exc:
                self._explained = exc
        if isinstance(self._explained, CannotExplain):
            raise self._explained
        return self._explained

    def _check_rows(self, count: int, most: int) -> None:
        if count > most:
            raise Refusal(
                413,
                "too many rows to explain",
                where="body",
                given=count,
                allowed=f"at most {most} rows in a request that asks for reasons",
            )


def _cannot(error: str) -> Refusal:
    return Refusal(400, error, where="explain", allowed="the same request without explanations")
