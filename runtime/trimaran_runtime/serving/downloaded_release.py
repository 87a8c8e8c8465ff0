"""A release whose serving files a cloud keeps in its object storage."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from trimaran_runtime.errors import StoreError
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.source import FixedRelease, ReleaseFolder
from trimaran_runtime.serving.traffic import Traffic
from trimaran_runtime.storage.archive import Limits
from trimaran_runtime.storage.store import Entry, Store


@dataclass(frozen=True, slots=True)
class DownloadedRelease(FixedRelease):
    """Serving files that are downloaded before they are loaded; nothing is recorded.

    Attributes:
        uri: address of the folder: `gs://…`, `s3://…`, `az://…` or `file:///…`.
        release_id: full id.
        folder: an empty folder, which gets the files.
        code: an empty folder, which gets the user's code and is put on the import path.
    """

    uri: str
    release_id: str
    folder: Path
    code: Path

    def load(
        self, config: ServerConfig, metrics: ServerMetrics, before: Traffic | None = None
    ) -> Traffic:
        _download(Store(self.uri), self.folder)
        return ReleaseFolder(self.folder, self.release_id, self.code).load(config, metrics)


def _download(store: Store, folder: Path) -> None:
    entries = list(store.list())
    size = sum(entry.size_bytes for entry in entries)
    limit = Limits().mib << 20
    if size > limit:
        raise StoreError(
            f"there are {size >> 20} MiB in {store.uri}",
            where="AIP_STORAGE_URI",
            allowed=f"the files of one release, at most {limit >> 20} MiB",
        )
    for entry in entries:
        path = folder / _inside(entry)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.read(entry.key))


def _inside(entry: Entry) -> PurePosixPath:
    path = PurePosixPath(entry.key)
    if path.is_absolute() or ".." in path.parts:
        raise StoreError(f"{entry.key!r} is no name of a file", where="AIP_STORAGE_URI")
    return path
