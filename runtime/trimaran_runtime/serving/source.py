"""Where a server gets its releases from: the artifact store, or a folder the cloud filled."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trimaran_runtime.lowering.record import LOWERED, LOWERED_ROLE
from trimaran_runtime.registry.serving_files import (
    CODE,
    EXPLANATION,
    EXPLANATION_ROLE,
    MODEL,
    read_file,
    read_manifest,
    read_signature,
)
from trimaran_runtime.registry.signing import verify_content
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.service import load, load_verified
from trimaran_runtime.serving.traffic import Traffic
from trimaran_runtime.storage.archive import unpack_bytes
from trimaran_runtime.storage.store import Store


class Source(Protocol):
    """Releases that can be loaded."""

    def load(
        self, config: ServerConfig, metrics: ServerMetrics, before: Traffic | None = None
    ) -> Traffic:
        """Load them, ready to predict; raises RuntimeFault.

        Args:
            config: the server's configuration.
            metrics: where they count.
            before: what is served now; releases that stay are not loaded again.
        """

    def changed(self) -> bool:
        """Whether there is something else to serve since the last `load`."""


class FixedRelease:
    """The part of a source whose release never changes."""

    def changed(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class StoredRelease(FixedRelease):
    """A release in an artifact store.

    Attributes:
        store_uri: URI of the store.
        release_id: full id.
    """

    store_uri: str
    release_id: str

    def load(
        self, config: ServerConfig, metrics: ServerMetrics, before: Traffic | None = None
    ) -> Traffic:
        service = load(Store(self.store_uri), self.release_id, config, metrics)
        return Traffic.of(service)


@dataclass(frozen=True, slots=True)
class ReleaseFolder(FixedRelease):
    """A release whose serving files are in a folder; nothing is recorded, for there is no store.

    Attributes:
        folder: the folder, as `trimaran_runtime.registry.serving_files` fills it; only read.
        release_id: full id.
        code: an empty folder, which gets the user's code and is put on the import path.
    """

    folder: Path
    release_id: str
    code: Path

    def load(
        self, config: ServerConfig, metrics: ServerMetrics, before: Traffic | None = None
    ) -> Traffic:
        release = read_manifest(self.folder, self.release_id)
        verify_content(read_signature(self.folder), self.release_id, config.signing)
        bundle = read_file(self.folder, CODE, release.lineage.code)
        unpack_bytes(bundle, self.code, where=str(self.folder / CODE))
        sys.path.insert(0, str(self.code))
        names = {release.model.file.digest: MODEL}
        if (lowered := release.files.get(LOWERED_ROLE)) is not None:
            names[lowered.digest] = LOWERED
        if (explanation := release.files.get(EXPLANATION_ROLE)) is not None:
            names[explanation.digest] = EXPLANATION

        def read(digest: str) -> bytes:
            return read_file(self.folder, names[digest], digest)

        service = load_verified(release, read, config, metrics)
        return Traffic.of(service)
