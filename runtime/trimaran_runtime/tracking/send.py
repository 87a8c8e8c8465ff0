"""Sends what waits in the outbox to MLflow: as often as needed, once each, in bounded time."""

import time
from dataclasses import dataclass

from trimaran_runtime.errors import Corrupted, NotFound
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.document import TrackedRun
from trimaran_runtime.tracking.outbox import claimed, get, mark_sent, waiting
from trimaran_runtime.tracking.server import TrackingServer

LIMIT_SECONDS = 60.0
"""No further run is begun after this time."""
_FAILURES = 3
"""After so many runs in a row that a server did not take, it is left alone."""
_SHOWN = 300
"""Characters of a server's own message that a warning repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the outbox.

    Attributes:
        sent: runs that MLflow has now.
        waiting: runs that still wait.
        problem: why they do, the first reason in one line; empty: there is none.
    """

    sent: int
    waiting: int
    problem: str = ""

    def __str__(self) -> str:
        """One line for a person."""
        if not self.waiting:
            return f"tracked: {_runs(self.sent)} sent"
        sent = f"{_runs(self.sent)} sent, " if self.sent else ""
        return f"warning: tracked: {sent}{_runs(self.waiting)} waiting: {self.problem}"


def send(
    store: Store,
    *,
    to: str | None = None,
    otherwise: str | None = None,
    limit_seconds: float = LIMIT_SECONDS,
) -> Outcome:
    """Send what waits, oldest first.

    What a server does not take stays as it is, and is told in the outcome. Raises nothing of
    MLflow's.

    Args:
        store: the artifact store.
        to: address of the MLflow server; None: the one that each run is meant for.
        otherwise: address for runs that are meant for none; None: those go on waiting.
        limit_seconds: no further run is begun after this time.

    Raises:
        StoreError: the outbox cannot be read or written.
    """
    keys = waiting(store)
    turn = _Turn(store, to, otherwise)
    deadline = time.monotonic() + limit_seconds
    for key in keys:
        if time.monotonic() > deadline:
            turn.problem = turn.problem or f"stopped after {limit_seconds:.0f} seconds"
            break
        if turn.failures >= _FAILURES:
            break
        turn.send(key)
    return Outcome(sent=turn.sent, waiting=len(waiting(store)), problem=turn.problem)


class _Turn:
    """One walk through the outbox."""

    def __init__(self, store: Store, to: str | None, otherwise: str | None) -> None:
        self._store, self._to, self._otherwise = store, to, otherwise
        self._servers: dict[str, TrackingServer] = {}
        self.sent = 0
        self.failures = 0
        self.problem = ""

    def send(self, key: str) -> None:
        try:
            run = get(self._store, key)
        except NotFound:
            return  # another sender was faster
        except Corrupted as exc:
            self._note(f"{key}: {exc}")
            return
        with claimed(self._store, run.run) as is_ours:
            if is_ours:
                self._send_claimed(key)
            else:
                self._note(f"run {run.run} is being sent by another process")

    def _send_claimed(self, key: str) -> None:
        try:
            # Anew: whoever had it before may have finished, or written more.
            run = get(self._store, key)
        except NotFound:
            return
        uri = self._to or run.destination or self._otherwise
        if uri is None:
            self._note("no MLflow server is configured (tracking.uri)")
            return
        problem = self._written(uri, run)
        if problem:
            self.failures += 1
            self._note(f"run {run.run} was not sent to {uri}: {problem}")
            return
        self.failures = 0
        mark_sent(self._store, run)
        self.sent += 1

    def _written(self, uri: str, run: TrackedRun) -> str:
        """Write one run; returns why it did not work, empty when it did."""
        try:
            if uri not in self._servers:
                self._servers[uri] = TrackingServer(uri)
            self._servers[uri].write(run, self._store)
        except ImportError as exc:
            return f"{exc.name} is not installed (trimaran-runtime[track])"
        except Exception as exc:  # noqa: BLE001  MLflow's plugins and database drivers may raise anything
            return _in_a_line(exc)
        return ""

    def _note(self, problem: str) -> None:
        self.problem = self.problem or problem


def _in_a_line(exc: Exception) -> str:
    text = " ".join(f"{type(exc).__name__}: {exc}".split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"
