"""Channels: named pointers to releases, changed by compare-and-swap, with their whole history.

A channel is an append-only sequence of records, each created under the next number with a
conditional write. The last record is the pointer, the sequence is the audit log, and two writers
racing for a number cannot both win. It needs put-if-absent and nothing else, which every store
offers (a directory has no compare-and-swap on content).
"""

import getpass
import socket
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import ValidationError

from trimaran_runtime.errors import AlreadyExists, Corrupted, RegistryError
from trimaran_runtime.registry.release import SHORT, read_release
from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.storage.store import Store

PIPELINE_RUN = "pipeline run "
"""What `who` begins with when a run of the pipeline moved a channel; its id follows."""


class Channel(StrEnum):
    """The three pointers of a model."""

    candidate = "candidate"
    """The newest release that the gate accepted."""
    approved = "approved"
    """The newest release that was approved."""
    production = "production"
    """What the endpoint serves."""


class Pointer(Section):
    """One record of a channel: who moved it, when, from where to where, and why."""

    number: int
    """1 for the first record."""
    channel: Channel
    release: str
    """Full id of the release pointed at."""
    previous: str | None
    """Full id of the release pointed at before."""
    who: str
    """`user@host`, or what moved it."""
    when: datetime
    """UTC."""
    why: str
    """Reason."""


def whoami() -> str:
    """`user@host` of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def history(store: Store, channel: Channel) -> list[Pointer]:
    """Every record of a channel, oldest first; raises Corrupted."""
    records = []
    for entry in store.list(f"channels/{channel}"):
        try:
            records.append(Pointer.model_validate_json(store.read(entry.key)))
        except ValidationError as exc:
            raise Corrupted(
                f"record {entry.key!r} in {store.uri} cannot be read",
                where=f"channel {channel}",
                next_step="restore the object, or delete it to fall back to the record before",
            ) from exc
    return records


def current(store: Store, channel: Channel) -> Pointer | None:
    """The pointer of a channel; None while nothing was ever pointed at."""
    entries = list(store.list(f"channels/{channel}"))
    if not entries:
        return None
    try:
        return Pointer.model_validate_json(store.read(entries[-1].key))
    except ValidationError as exc:
        raise Corrupted(
            f"record {entries[-1].key!r} in {store.uri} cannot be read",
            where=f"channel {channel}",
            next_step="restore the object, or delete it to fall back to the record before",
        ) from exc


def move(
    store: Store,
    channel: Channel,
    release_id: str,
    *,
    expected: str | None,
    why: str,
    who: str | None = None,
) -> Pointer:
    """Point a channel at a release, if it still points where the caller believes.

    Args:
        store: the artifact store.
        channel: which pointer.
        release_id: full id of an existing release.
        expected: full id it points at now; None: it points at nothing.
        why: reason, for the audit log.
        who: None: user and host of this process.

    Raises:
        NotFound, Corrupted: the release does not exist or does not verify.
        RegistryError: somebody else moved the channel first.
    """
    read_release(store, release_id)
    now = current(store, channel)
    if (now.release if now else None) != expected:
        raise _moved(channel, now)
    if now is not None and now.release == release_id:
        return now
    record = Pointer(
        number=now.number + 1 if now else 1,
        channel=channel,
        release=release_id,
        previous=expected,
        who=who or whoami(),
        when=datetime.now(UTC),
        why=why,
    )
    content = canonical_json(record.model_dump(mode="json"))
    try:
        store.create(f"channels/{channel}/{record.number:09d}.json", content)
    except AlreadyExists as exc:
        raise _moved(channel, current(store, channel)) from exc
    return record


def _moved(channel: Channel, now: Pointer | None) -> RegistryError:
    found = f"points at {now.release[:SHORT]} (moved by {now.who})" if now else "is empty"
    return RegistryError(
        f"somebody else moved it: it {found}",
        where=f"channel {channel}",
        next_step="look at `trimaran status` and decide again",
    )
