"""What an accepted release does to the channels: candidate at once, production by approval."""

from trimaran_runtime.errors import RegistryError
from trimaran_runtime.registry.approval import approve
from trimaran_runtime.registry.channels import Channel, current, history, move
from trimaran_runtime.registry.config import UNSIGNED, Approval, SigningConfig
from trimaran_runtime.registry.release import SHORT, Release
from trimaran_runtime.registry.signing import verify
from trimaran_runtime.storage.store import Store

_TRIES = 5


def promote(
    store: Store,
    release: Release,
    approval: Approval,
    *,
    why: str,
    who: str,
    signing: SigningConfig = UNSIGNED,
) -> tuple[str | None, str]:
    """Make an accepted release the candidate and, where nobody has to approve, production.

    Doing it again changes nothing. Three things hold a release back even where approval is
    automatic: production moved while it was judged (the verdict compares with another model), or
    it was in production before and was taken out (a rollback is not undone by the next schedule).

    Returns:
        Full id of the release in production (None: none), and a few words on why it is that one.

    Raises:
        RegistryError: somebody else moved a channel, again and again, or the release's signature
            is not the one that `signing` asks for: then no channel moves.
    """
    verify(store, release.id, signing)
    _to_candidate(store, release.id, why=why, who=who)
    now = current(store, Channel.production)
    production = now.release if now else None
    if production == release.id:
        return production, "production"
    if approval is Approval.manual:
        return production, f"waits for `trimaran approve {release.id[:SHORT]}`"
    if production != release.verdict.champion:
        raise RegistryError(
            f"production moved to {(production or 'nothing')[:SHORT]} while release "
            f"{release.id[:SHORT]} was judged against "
            f"{(release.verdict.champion or 'nothing')[:SHORT]}",
            where="register",
            next_step="run the pipeline again, to judge it against what is in production now",
        )
    if any(record.release == release.id for record in history(store, Channel.production)):
        return production, (
            f"was taken out of production before: `trimaran approve {release.id[:SHORT]}` "
            "to bring it back"
        )
    approve(store, release.id, why=why, who=who, signing=signing)
    return release.id, "production"


def _to_candidate(store: Store, release_id: str, *, why: str, who: str) -> None:
    for attempt in range(1, _TRIES + 1):
        now = current(store, Channel.candidate)
        expected = now.release if now else None
        try:
            move(store, Channel.candidate, release_id, expected=expected, why=why, who=who)
        except RegistryError:
            # The newest candidate is the last to be written: read again, and move from there.
            if attempt == _TRIES:
                raise
        else:
            return
