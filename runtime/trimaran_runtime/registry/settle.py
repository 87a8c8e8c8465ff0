"""What an update finds undone in the channels, and does: the same on every cloud."""

from trimaran_runtime.registry.approval import approve
from trimaran_runtime.registry.channels import Channel, Pointer, current, history
from trimaran_runtime.registry.config import UNSIGNED, Approval, SigningConfig
from trimaran_runtime.registry.repair import is_whole
from trimaran_runtime.storage.store import Store


def torn_approval(store: Store) -> str | None:
    """Release that was approved, and whose approval was killed before it moved production."""
    approved = current(store, Channel.approved)
    if approved is None:
        return None
    ever = {record.release for record in history(store, Channel.production)}
    return None if approved.release in ever else approved.release


def finish_approval(store: Store, signing: SigningConfig = UNSIGNED) -> Pointer | None:
    """Finish an interrupted approval; None: there was none, or its release is damaged."""
    release = torn_approval(store)
    if release is None or not is_whole(store, release, signing):
        return None
    return approve(store, release, why="its approval was interrupted", signing=signing)


def approve_waiting(
    store: Store, approval: Approval, signing: SigningConfig = UNSIGNED
) -> Pointer | None:
    """Approve what the gate accepted while approval was manual, once it is automatic."""
    candidate = current(store, Channel.candidate)
    if approval is not Approval.automatic or candidate is None:
        return None
    ever = {record.release for record in history(store, Channel.approved)}
    if candidate.release in ever or not is_whole(store, candidate.release, signing):
        return None
    return approve(store, candidate.release, why="approval became automatic", signing=signing)
