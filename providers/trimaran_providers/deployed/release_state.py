"""Releases of a store as a person sees them: metric, gate, channels, and who let them in."""

from datetime import datetime

from trimaran_providers.contract.deployment import ReleaseState
from trimaran_runtime.registry.channels import Channel, Pointer, current
from trimaran_runtime.registry.overrides import overrides
from trimaran_runtime.registry.release import Release, list_releases, read_release, release_key
from trimaran_runtime.storage.store import Store


def state_of(store: Store, channel: Channel) -> ReleaseState | None:
    """The release that a channel points at; None: nothing yet. Raises Corrupted."""
    pointer = current(store, channel)
    if pointer is None:
        return None
    return _state(store, read_release(store, pointer.release), pointer, channels=(channel,))


def waiting_release(store: Store) -> ReleaseState | None:
    """The accepted release that waits for approval; None: none does."""
    candidate, approved = current(store, Channel.candidate), current(store, Channel.approved)
    if candidate is None or (approved and approved.release == candidate.release):
        return None
    release = read_release(store, candidate.release)
    return _state(store, release, candidate, channels=(Channel.candidate,))


def every_release(store: Store) -> list[ReleaseState]:
    """Every release, newest first. Raises Corrupted."""
    pointers = {channel: current(store, channel) for channel in Channel}
    written = {entry.key: entry.modified for entry in store.list("releases")}
    found = []
    for release_id in reversed(list_releases(store)):
        channels = tuple(
            str(channel) for channel, at in pointers.items() if at and at.release == release_id
        )
        production = pointers[Channel.production]
        pointer = production if production and production.release == release_id else None
        state = _state(store, read_release(store, release_id), pointer, channels=channels)
        when = state.since or written.get(release_key(release_id))
        found.append(state.model_copy(update={"since": when}))
    return found


def overridden(store: Store, release_id: str) -> tuple[str, ...]:
    """Refusing checks of a release that a person let pass: which, who, and why."""
    return tuple(
        f"{one.check}, by {one.who}: {one.because}" for one in overrides(store, release_id)
    )


def _state(
    store: Store, release: Release, pointer: Pointer | None, *, channels: tuple[str, ...]
) -> ReleaseState:
    verdict = release.verdict
    since: datetime | None = pointer.when if pointer else None
    return ReleaseState(
        id=release.id,
        metric=verdict.metric,
        value=verdict.value,
        interval=verdict.interval,
        accepted=verdict.accepted,
        refused_by=tuple(
            f"{check.name}: {check.detail}"
            for check in verdict.checks
            if check.judged and not check.passed
        ),
        overridden=() if verdict.accepted else overridden(store, release.id),
        channels=tuple(str(channel) for channel in channels),
        since=since,
        who=pointer.who if pointer else "",
        why=pointer.why if pointer else "",
    )
