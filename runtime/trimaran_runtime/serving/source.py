"""Where a server gets its release from: the artifact store, or a folder the cloud filled."""

import atexit
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trimaran_runtime.registry.serving_files import CODE, MODEL, read_file, read_manifest
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.service import Service, load, load_model_of
from trimaran_runtime.storage.archive import unpack_bytes
from trimaran_runtime.storage.store import Store


class Source(Protocol):
    """A release that can be loaded."""

    @property
    def release_id(self) -> str:
        """Full id of the release."""

    def load(self, config: ServerConfig) -> Service:
        """Load it, ready to predict; raises RuntimeFault."""


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release in an artifact store.

    Attributes:
        store_uri: URI of the store.
        release_id: full id.
    """

    store_uri: str
    release_id: str

    def load(self, config: ServerConfig) -> Service:
        return load(Store(self.store_uri), self.release_id, config)


@dataclass(frozen=True, slots=True)
class ReleaseFolder:
    """A release whose serving files are in a folder; nothing is recorded, for there is no store.

    Attributes:
        folder: the folder, as `trimaran_runtime.registry.serving_files` fills it; only read.
        release_id: full id.
    """

    folder: Path
    release_id: str

    def load(self, config: ServerConfig) -> Service:
        release = read_manifest(self.folder, self.release_id)
        bundle = read_file(self.folder, CODE, release.lineage.code)
        content = read_file(self.folder, MODEL, release.model.file.digest)
        _put_on_path(bundle, where=str(self.folder / CODE))
        return load_model_of(release, content, config)


def _put_on_path(bundle: bytes, *, where: str) -> None:
    """Unpack the user's code into a folder on the import path, for as long as the process runs."""
    folder = tempfile.mkdtemp(prefix="trimaran-code-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    unpack_bytes(bundle, Path(folder), where=where)
    sys.path.insert(0, folder)
