"""Leaving a damaged release: production points at the newest release that is still whole."""

from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.registry.channels import Channel, Pointer, history, move
from trimaran_runtime.registry.config import UNSIGNED, SigningConfig
from trimaran_runtime.registry.release import SHORT, read_release
from trimaran_runtime.registry.signing import verify
from trimaran_runtime.storage.store import Store


def is_whole(store: Store, release_id: str, signing: SigningConfig = UNSIGNED) -> bool:
    """Whether manifest and model of a release are there, match, and are signed as asked for."""
    try:
        store.read_blob(read_release(store, release_id).model.file.digest)
        verify(store, release_id, signing)
    except RuntimeFault:
        return False
    return True


def leave_damaged(store: Store, signing: SigningConfig = UNSIGNED) -> Pointer | None:
    """Move production from a lost or altered release to the newest whole one that was there.

    Returns:
        The new pointer; None: production is whole, empty, or no other release is whole.
    """
    records = history(store, Channel.production)
    if not records or is_whole(store, records[-1].release):
        return None
    lost = records[-1].release
    for record in reversed(records):
        if is_whole(store, record.release, signing):
            why = f"release {lost[:SHORT]} is lost or altered"
            return move(store, Channel.production, record.release, expected=lost, why=why)
    return None
