"""The model in production, asked about the same test rows as the new one."""

from dataclasses import replace
from typing import TYPE_CHECKING

from trimaran_runtime.data.features import to_frame
from trimaran_runtime.data.row_hash import fingerprint
from trimaran_runtime.errors import Corrupted, NotFound, RuntimeFault
from trimaran_runtime.evaluation.evaluate import Champion
from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.evaluation.interface import interface_change
from trimaran_runtime.evaluation.predictions import predict
from trimaran_runtime.gate.record import GATE, GateRecord
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.config import UNSIGNED, SigningConfig
from trimaran_runtime.registry.model import load_model
from trimaran_runtime.registry.release import Release, Signature, read_release
from trimaran_runtime.registry.signing import verify
from trimaran_runtime.storage.store import Store

if TYPE_CHECKING:
    import pyarrow as pa


def ask_champion(
    store: Store,
    test: "pa.Table",
    signature: Signature,
    model_digest: str,
    signing: SigningConfig = UNSIGNED,
) -> Champion | None:
    """Load the model in production and let it predict the test rows; None: there is none.

    Args:
        store: the artifact store.
        test: the test rows, with every column of the table.
        signature: of the new model.
        model_digest: digest of the new model's file.
        signing: whose signature it must carry to be loaded; without it nothing is compared with
            it, and the gate says so.

    A release that is lost or altered can serve nobody anew and be compared with nothing: it is
    reported as lost, and the new model is judged by everything else.
    """
    pointer = current(store, Channel.production)
    if pointer is None:
        return None
    try:
        release = read_release(store, pointer.release)
        return _ask(store, release, test, signature, model_digest, signing)
    except (NotFound, Corrupted) as exc:
        # In words of its own: the store's address has no place in a manifest.
        lost = "it is not in the store" if isinstance(exc, NotFound) else "it was altered"
        return Champion(release=pointer.release, same_model=False, lost=lost)


def _ask(
    store: Store,
    release: Release,
    test: "pa.Table",
    signature: Signature,
    model_digest: str,
    signing: SigningConfig,
) -> Champion:
    champion = Champion(
        release=release.id,
        same_model=release.model.file.digest == model_digest and release.signature == signature,
        interface=interface_change(release.signature, signature),
        gate=_rules(store, release),
        judged=_judged(store, release),
    )
    reason = _incompatible(release, test, signature)
    if reason:
        return replace(champion, incompatible=reason)
    try:
        verify(store, release.id, signing)
        model = load_model(store, release)
        frame = to_frame(test, [feature.name for feature in release.signature.features])
        predictions = predict(model, frame, release.signature)
    except (NotFound, Corrupted):
        raise
    except RuntimeFault as exc:
        return replace(champion, incompatible=". ".join(filter(None, (exc.what, exc.next_step))))
    except Exception as exc:  # noqa: BLE001  # whatever the old model raises, it is no rival
        return replace(champion, incompatible=f"it raised {type(exc).__name__}: {exc}")
    return replace(champion, predictions=predictions, held_out=fingerprint(test))


def _rules(store: Store, release: Release) -> GateRecord | None:
    """The rules a release was judged by; None: it does not say, or in another version's words."""
    file = release.files.get(GATE)
    if file is None:
        return None
    content = store.read_blob(file.digest)
    try:
        return GateRecord.parse(content)
    except Corrupted:
        # The bytes are what was written: they are of a version with other fields.
        return None


def _judged(store: Store, release: Release) -> dict[tuple[str, str], int]:
    """Test rows by column and level of the segments that a release was measured on.

    Empty where the release does not say, or in another version's words.
    """
    file = release.files.get("evaluation")
    if file is None:
        return {}
    content = store.read_blob(file.digest)
    try:
        found = Evaluation.parse(content)
    except Corrupted:
        return {}
    return {(segment.column, segment.level): segment.rows for segment in found.segments}


_KEEP = "Keep such columns in the table, listed in data.exclude"


def _incompatible(release: Release, test: "pa.Table", signature: Signature) -> str:
    before = release.signature
    if (before.target, before.task) != (signature.target, signature.task):
        return f"it predicts {before.target!r} ({before.task})"
    if before.classes != signature.classes:
        return f"its classes are {list(before.classes)}, now {list(signature.classes)}"
    missing = [f.name for f in before.features if f.name not in test.column_names]
    if missing:
        return f"it needs column {', '.join(missing)}, which the table no longer has. {_KEEP}"
    return ""
