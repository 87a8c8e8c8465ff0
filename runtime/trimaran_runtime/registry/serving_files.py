"""The files that serve one release, in one folder: for servers that cannot read the store.

`serving/<release>/` holds the manifest and the signature under their own names, the model, its
lowered form and its explanation where it has them, and the user's code as the bundle it came in. A
cloud copies the folder into the container; the server checks every file against the release's id,
which it is told, so nothing about the copy has to be trusted.
"""

from pathlib import Path

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted, NotFound
from trimaran_runtime.lowering.record import LOWERED, LOWERED_ROLE
from trimaran_runtime.registry.release import SHORT, Release
from trimaran_runtime.registry.signing import SIGNATURE, signature_key
from trimaran_runtime.storage.digest import PREFIX, digest_of
from trimaran_runtime.storage.store import Store

FOLDER = "serving"
MANIFEST = "manifest.json"
MODEL = "model.skops"
CODE = "code.tar.gz"
EXPLANATION = "explanation.json"
EXPLANATION_ROLE = "explanation"
"""Role of the explanation among a release's files."""


def serving_prefix(release_id: str) -> str:
    """Key of the folder of a release's serving files: `serving/<release>`."""
    return f"{FOLDER}/{release_id}"


def write_serving_files(store: Store, release: Release) -> str:
    """Write the files that serve a release, the manifest last; returns their folder's key.

    A file that is there with the right content is left alone, so doing it again changes nothing
    and heals what was damaged. What was written is read back and checked.

    Raises:
        NotFound: the model or the code bundle is not in the store.
        Corrupted: a file is damaged, or came back otherwise than it was written.
    """
    folder = serving_prefix(release.id)
    files = {MODEL: release.model.file.digest, CODE: release.lineage.code}
    if (lowered := release.files.get(LOWERED_ROLE)) is not None:
        files[LOWERED] = lowered.digest
    if (explanation := release.files.get(EXPLANATION_ROLE)) is not None:
        files[EXPLANATION] = explanation.digest
    for name, digest in files.items():
        if not _holds(store, f"{folder}/{name}", digest):
            _write(store, f"{folder}/{name}", store.read_blob(digest))
    if store.exists(signature_key(release.id)):
        _write(store, f"{folder}/{SIGNATURE}", store.read(signature_key(release.id)))
    if not _holds(store, f"{folder}/{MANIFEST}", PREFIX + release.id):
        _write(store, f"{folder}/{MANIFEST}", release.to_bytes())
    return folder


def read_manifest(folder: Path, release_id: str) -> Release:
    """The manifest in a folder of serving files; raises NotFound, Corrupted."""
    content = read_file(folder, MANIFEST, PREFIX + release_id)
    try:
        return Release.model_validate_json(content)
    except ValidationError as exc:
        raise Corrupted(
            f"manifest of release {release_id[:SHORT]} cannot be read: {exc}", where=str(folder)
        ) from exc


def read_signature(folder: Path) -> bytes | None:
    """The signature in a folder of serving files; None: there is none."""
    path = folder / SIGNATURE
    return path.read_bytes() if path.is_file() else None


def read_file(folder: Path, name: str, digest: str) -> bytes:
    """A file in a folder of serving files, verified; raises NotFound, Corrupted."""
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError as exc:
        there = ", ".join(sorted(p.name for p in folder.iterdir())) if folder.is_dir() else "none"
        raise NotFound(
            f"there is no {name} (there: {there or 'none'})",
            where=str(folder),
            next_step="look where the container's model data comes from",
        ) from exc
    if digest_of(content) != digest:
        raise Corrupted(
            f"{name} does not match its digest {digest}",
            where=str(folder),
            next_step="run the pipeline again, or roll back to another release",
        )
    return content


def _holds(store: Store, key: str, digest: str) -> bool:
    try:
        return digest_of(store.read(key)) == digest
    except NotFound:
        return False


def _write(store: Store, key: str, content: bytes) -> None:
    store.write(key, content)
    if not _holds(store, key, digest_of(content)):
        raise Corrupted(
            f"{key!r} in {store.uri} is not what was written",
            where="store",
            next_step="run the pipeline again",
        )
