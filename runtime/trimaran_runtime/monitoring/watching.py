"""Evidence of change over repeated checks: its state in the store, and its word on each check.

A state is a record under the next number, written when no other is there; the newest that can be
read is the state. Two checks at once cannot both write one number: the loser reads again and adds
its window to what the other left. It needs put-if-absent alone, as channels do.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.detector import DetectorState, Watch, update
from trimaran_runtime.drift.history import History
from trimaran_runtime.drift.watched import Mean, means
from trimaran_runtime.errors import AlreadyExists, ConfigError, NotFound, StoreError
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.storage.store import Store

if TYPE_CHECKING:
    from trimaran_runtime.monitoring.subject import Subject

FOLDER = "monitor/evidence"
ANSWER = "answer "
"""Before the names of predictions, among the quantities that are watched."""
_KEPT = 8
_TRIES = 20


def watch(
    store: Store,
    endpoint: str,
    subject: "Subject",
    *,
    since: datetime,
    until: datetime,
    config: DriftConfig,
) -> Watch | None:
    """Add a window to the evidence of those before, and store it; None: there was no traffic.

    A check that is repeated adds nothing: its window was seen.

    Args:
        store: the artifact store.
        endpoint: name of the endpoint.
        subject: what the check judges.
        since: beginning of the window, UTC.
        until: end of the window, UTC.
        config: wanted run length and ignored columns.

    Raises:
        StoreError: the state cannot be written.
    """
    traffic = subject.traffic
    if not traffic.counts.rows:
        return None
    quantities = {
        **means(subject.reference.only(traffic.features.columns), traffic.features),
        **means(subject.predictions.only(traffic.predictions.columns), traffic.predictions, ANSWER),
    }
    return _add(
        store,
        f"{FOLDER}/{endpoint}/{subject.release.id[:SHORT]}",
        quantities,
        release=subject.release.id,
        window=(since, until),
        config=config,
        history=subject.history,
    )


def _add(
    store: Store,
    folder: str,
    quantities: Mapping[str, Mean],
    *,
    release: str,
    window: tuple[datetime, datetime],
    config: DriftConfig,
    history: History | None,
) -> Watch:
    for _ in range(_TRIES):
        number, before = _newest(store, folder)
        state = before or DetectorState.begin(release)
        since, until = window
        after, watch = update(
            state,
            quantities,
            release=release,
            since=since,
            until=until,
            config=config,
            history=history,
        )
        if before is not None and after == before:
            return watch
        try:
            store.create(_key(folder, number + 1), after.to_json())
        except AlreadyExists:
            continue
        _forget(store, folder, number + 1)
        return watch
    raise StoreError(
        f"the evidence could not be written in {_TRIES} tries: other checks write all the time",
        where=folder,
        next_step="let one schedule check the endpoint",
    )


def _newest(store: Store, folder: str) -> tuple[int, DetectorState | None]:
    """Number of the newest record, 0: none; and the newest state that can be read."""
    entries = [entry.key for entry in store.list(folder)]
    newest = _number(entries[-1]) if entries else 0
    for key in reversed(entries):
        try:
            return newest, DetectorState.parse(store.read(key))
        except (NotFound, ConfigError):
            # Damaged, or of another version: evidence is lost, and the check goes on without.
            continue
    return newest, None


def _forget(store: Store, folder: str, newest: int) -> None:
    for entry in store.list(folder):
        if _number(entry.key) <= newest - _KEPT:
            store.delete(entry.key)


def _key(folder: str, number: int) -> str:
    return f"{folder}/{number:010d}.json"


def _number(key: str) -> int:
    name = key.rpartition("/")[2].removesuffix(".json")
    return int(name) if name.isascii() and name.isdigit() else 0
