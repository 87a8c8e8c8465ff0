"""Runs that wait in the store for MLflow, and those that it has.

tracking/outbox/<run>.json     waits
tracking/sent/<run>.json       MLflow has it
tracking/claims/<run>/<n>      somebody is sending it
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from trimaran_runtime.errors import AlreadyExists, NotFound
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.config import FOLDER
from trimaran_runtime.tracking.document import TrackedRun

OUTBOX = f"{FOLDER}/outbox"
"""Folder of what waits."""
_SENT = f"{FOLDER}/sent"
_CLAIMS = f"{FOLDER}/claims"
_LEASE = timedelta(minutes=10)
"""After this time a claim counts as left behind; sending one run takes two minutes at most."""


def put(store: Store, run: TrackedRun) -> None:
    """Let a run wait; one that waits under the same id already is replaced."""
    store.write(_key(OUTBOX, run.run), run.to_bytes())


def put_unless_there(store: Store, run: TrackedRun) -> None:
    """Let a run wait; one that waits or was sent under the same id knows more, and stays."""
    if store.exists(_key(_SENT, run.run)):
        return
    with suppress(AlreadyExists):
        store.create(_key(OUTBOX, run.run), run.to_bytes())


def waiting(store: Store) -> tuple[str, ...]:
    """Keys of what waits, in order of writing."""
    entries = [entry for entry in store.list(OUTBOX) if entry.key.endswith(".json")]
    return tuple(entry.key for entry in sorted(entries, key=lambda e: (e.modified, e.key)))


def get(store: Store, key: str) -> TrackedRun:
    """Read what waits; raises NotFound, Corrupted."""
    return TrackedRun.parse(store.read(key))


def mark_sent(store: Store, run: TrackedRun) -> None:
    """Take a run out of the outbox: MLflow has it.

    One that was written anew while it was sent stays, and is sent again.
    """
    store.write(_key(_SENT, run.run), run.to_bytes())
    try:
        newest = store.read(_key(OUTBOX, run.run))
    except NotFound:
        return
    if newest == run.to_bytes():
        store.delete(_key(OUTBOX, run.run))


@contextmanager
def claimed(store: Store, run: str) -> Iterator[bool]:
    """Claim a run, so that two do not send it at once.

    A claim is a conditional write of the next number, so of two that find a claim left behind
    one gets it. It is a lease: whoever sends for longer than ten minutes may meet another.

    Yields:
        Whether it is ours; somebody else is sending it otherwise.
    """
    folder = f"{_CLAIMS}/{_name(run)}"
    claims = list(store.list(folder))
    if any(datetime.now(UTC) - claim.modified < _LEASE for claim in claims):
        yield False
        return
    number = max((int(claim.key.rsplit("/", 1)[1]) for claim in claims), default=0) + 1
    try:
        store.create(f"{folder}/{number:06d}", b"")
    except AlreadyExists:
        yield False
        return
    try:
        yield True
    finally:
        for claim in store.list(folder):
            store.delete(claim.key)


def _key(folder: str, run: str) -> str:
    return f"{folder}/{_name(run)}.json"


def _name(run: str) -> str:
    # An id is a name in a folder and in a key, whatever a platform calls its runs.
    return quote(run, safe="").replace("%", "_")
