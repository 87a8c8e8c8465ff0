"""Leaving a damaged release: production points at the newest release that is still whole."""

from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.registry.channels import Channel, Pointer, history, move
from trimaran_runtime.registry.release import SHORT, read_release
from trimaran_runtime.storage.store import Store


def is_whole(store: Store, release_id: str) -> bool:
    """Whether the manifest and the model of a release are there and match their digests."""
    try:
        store.read_blob(read_release(store, release_id).model.file.digest)
    except RuntimeFault:
        return False
    return True


def leave_damaged(store: Store) -> Pointer | None:
    """Move production from a lost or altered release to the newest whole one that was there.

    Returns:
        The new pointer; None: production is whole, empty, or no other release is whole.
    """
    records = history(store, Channel.production)
    if not records or is_whole(store, records[-1].release):
        return None
    lost = records[-1].release
    for record in reversed(records):
        if is_whole(store, record.release):
            why = f"release {lost[:SHORT]} is lost or altered"
            return move(store, Channel.production, record.release, expected=lost, why=why)
    return None
