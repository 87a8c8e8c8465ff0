"""A release in a store together with the user's code it was made with."""

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from trimaran_runtime.registry.release import read_release
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.source import FixedRelease, StoredRelease
from trimaran_runtime.serving.traffic import Traffic
from trimaran_runtime.storage.archive import unpack_bytes
from trimaran_runtime.storage.store import Store


@dataclass(frozen=True, slots=True)
class StoredReleaseWithCode(FixedRelease):
    """A release in an artifact store, for a process that has no folder of the user's code.

    Attributes:
        store_uri: URI of the store.
        release_id: full id.
    """

    store_uri: str
    release_id: str

    def load(
        self, config: ServerConfig, metrics: ServerMetrics, before: Traffic | None = None
    ) -> Traffic:
        store = Store(self.store_uri)
        bundle = store.read_blob(read_release(store, self.release_id).lineage.code)
        folder = Path(_folder(self.release_id).name)
        unpack_bytes(bundle, folder, where=f"code of {self.release_id}")
        sys.path.insert(0, str(folder))
        return StoredRelease(self.store_uri, self.release_id).load(config, metrics)


@cache
def _folder(release_id: str) -> "TemporaryDirectory[str]":  # noqa: ARG001 - one for each release
    """A folder for the code of a release; it goes when the process ends."""
    return TemporaryDirectory(prefix="trimaran-code-")
