"""Approving, and rolling back: what moves `approved` and `production`."""

from collections.abc import Sequence

from trimaran_runtime.errors import RegistryError
from trimaran_runtime.registry.channels import Channel, Pointer, current, history, move
from trimaran_runtime.registry.config import UNSIGNED, SigningConfig
from trimaran_runtime.registry.overrides import overrides, record_overrides, still_refusing
from trimaran_runtime.registry.release import SHORT, read_release
from trimaran_runtime.registry.serving_files import write_serving_files
from trimaran_runtime.registry.signing import verify
from trimaran_runtime.storage.store import Store


def approve(
    store: Store,
    release_id: str,
    *,
    why: str,
    who: str | None = None,
    override: Sequence[str] = (),
    signing: SigningConfig = UNSIGNED,
    export: bool = False,
) -> Pointer:
    """Move `approved` and then `production` to a release.

    Args:
        store: the artifact store.
        release_id: full id of a release that the gate accepted, or whose every refusing check is
            overridden, now or before.
        why: reason, for the audit log and for the records of what is overridden.
        who: None: user and host of this process.
        override: names of refusing checks to let pass, see `record_overrides`.
        signing: whose signature the release needs.
        export: whether servers need the files of `trimaran_runtime.registry.serving_files`. A
            release that the gate accepted has them from its run; of one that it refused they are
            written here.

    Approving twice is harmless; a kill between the two moves is healed by approving again.

    Raises:
        RegistryError: the gate refused the release, a check cannot be overridden, its signature is
            not the one that `signing` asks for, or somebody else moved a channel.
        NotFound, Corrupted: its manifest or its model is lost or was altered.
    """
    release = read_release(store, release_id)
    verify(store, release_id, signing)
    # What was altered is not what was judged, and could not be served.
    store.read_blob(release.model.file.digest)
    passed = (
        record_overrides(store, release, override, because=why, who=who)
        if override
        else overrides(store, release_id)
    )
    refusing = still_refusing(release, passed)
    if refusing:
        raise RegistryError(
            f"the gate refused release {release_id[:SHORT]} "
            f"({', '.join(check.name for check in refusing)})",
            where="approve",
            next_step=f"see `trimaran report {release_id[:SHORT]}`",
        )
    if passed:
        why = f"{why}; overridden: {', '.join(one.check for one in passed)}"
    if export and not release.verdict.accepted:
        # Before the channels move: whoever sees a release in a channel can serve it.
        write_serving_files(store, release)
    for channel in (Channel.approved, Channel.production):
        now = current(store, channel)
        pointer = move(
            store, channel, release_id, expected=now.release if now else None, why=why, who=who
        )
    return pointer


def rollback(
    store: Store,
    release_id: str | None = None,
    *,
    why: str,
    who: str | None = None,
    signing: SigningConfig = UNSIGNED,
) -> Pointer:
    """Move `production` to the release before, or to a given one that was there before.

    Raises:
        RegistryError: nothing to roll back to, the release was never in production, or its
            signature is not the one that `signing` asks for.
        NotFound, Corrupted: its manifest or its model is lost or was altered.
    """
    records = history(store, Channel.production)
    if not records:
        raise RegistryError("nothing is in production", where="rollback")
    now = records[-1]
    before = [r.release for r in records if r.release != now.release]
    if not before:
        raise RegistryError(
            f"release {now.release[:SHORT]} is the only one that was ever in production",
            where="rollback",
        )
    target = release_id or before[-1]
    if target not in before:
        raise RegistryError(
            f"release {target[:SHORT]} was never in production, or is there now",
            where="rollback",
            allowed=", ".join(dict.fromkeys(r[:SHORT] for r in reversed(before))),
        )
    verify(store, target, signing)
    store.read_blob(read_release(store, target).model.file.digest)
    return move(store, Channel.production, target, expected=now.release, why=why, who=who)
