"""The files behind a URI of an object store or a web server.

One client, obstore's, reaches all of them with the machine's own identity; pyarrow reads from what
it opens. Only the ranges that a reader asks for are fetched.
"""

import fnmatch
import io
import tempfile
from typing import Any
from urllib.parse import urlparse

from trimaran_runtime.data.files import File, partition_of
from trimaran_runtime.data.kinds import kind_of
from trimaran_runtime.errors import DataError, StoreError

SCHEMES = ("s3", "gs", "az", "abfs", "abfss", "http", "https")
"""URI schemes that are opened here."""
_WEB = ("http", "https")
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound")
"""What stores answer: S3 and GCS's XML API (Amazon S3 API Reference, Error responses); Azure
(Storage REST API, Blob Storage error codes)."""
_BUFFER_BYTES = 4 << 20


class ObjectFile(io.RawIOBase):
    """An object as a Python file: what pyarrow asks for, obstore's reader lacks in part."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def read(self, size: int = -1) -> bytes:
        return bytes(self._reader.read(None if size < 0 else size))

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._reader.seek(offset, whence))

    def tell(self) -> int:
        return int(self._reader.tell())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def remote_files(source: str) -> list[File]:
    """The objects behind a URI: one object, a glob (`*`) or all below a prefix.

    A web server has no listing: there, the URI is one file.

    Raises:
        DataError: there is none, or the store refuses.
    """
    from obstore.exceptions import BaseError

    scheme, root, key = _parts(source)
    try:
        store = open_store(root)
        entries = _entries(store, key, scheme)
    except (BaseError, StoreError, OSError, ValueError) as exc:
        raise _refused(source, exc) from exc
    if not entries:
        raise DataError(
            f"there is no data file at {source!r}",
            where="data.source",
            next_step="check the bucket, the prefix and the rights of the job's identity",
        )
    if scheme in _WEB:
        # A query tells nothing of the kind, and may hold a signature that is in no error's name.
        return [_copied(store, path, size, source.partition("?")[0]) for path, size in entries]
    single = len(entries) == 1 and entries[0][0] == key
    base = key.split("*", 1)[0].rpartition("/")[0] if "*" in key else key.rstrip("/")
    return [
        _file(store, path, size, source if single else path.removeprefix(base).lstrip("/"))
        for path, size in entries
    ]


def open_store(root: str) -> Any:
    """A client of a bucket, container or web server, with this machine's identity.

    Args:
        root: `scheme://name`, of `SCHEMES`.

    Raises:
        StoreError: there are no credentials.
    """
    from obstore.store import from_url

    from trimaran_runtime.storage.s3 import open_s3

    scheme = urlparse(root).scheme
    if scheme == "s3":
        return open_s3(root, None)
    if scheme == "http":
        return from_url(root, client_options={"allow_http": True})
    return from_url(root)


def _parts(source: str) -> tuple[str, str, str]:
    parsed = urlparse(source)
    root = f"{parsed.scheme}://{parsed.netloc}"
    if parsed.scheme in _WEB and parsed.query:
        # What stands with the root goes with every request, and is no part of a key.
        root = f"{root}?{parsed.query}"
    return parsed.scheme, root, parsed.path.lstrip("/")


def _entries(store: Any, key: str, scheme: str) -> list[tuple[str, int]]:
    """Key and size of each object, in the order of the keys."""
    import obstore

    if scheme in _WEB or ("*" not in key and kind_of(key) is not None):
        try:
            return [(key, int(obstore.head(store, key)["size"]))]
        except FileNotFoundError:
            if scheme in _WEB:
                return []
    prefix = key.split("*", 1)[0].rpartition("/")[0] if "*" in key else key.rstrip("/")
    found = []
    for batch in obstore.list(store, prefix=prefix or None):
        for entry in batch:
            path = str(entry["path"])
            below = path.removeprefix(prefix).lstrip("/").split("/")
            hidden = any(part.startswith((".", "_")) for part in below)
            if not hidden and ("*" not in key or fnmatch.fnmatchcase(path, key)):
                found.append((path, int(entry["size"])))
    return sorted(found)


def _copied(store: Any, path: str, size: int, name: str) -> File:
    """A file of a web server, copied once when it is opened: few servers give parts of files."""
    copies: list[Any] = []

    def open_copy() -> Any:
        import obstore
        import pyarrow as pa

        if not copies:
            copies.append(tempfile.NamedTemporaryFile())  # noqa: SIM115  # lives as long as we do
            for part in obstore.get(store, path).stream(min_chunk_size=_BUFFER_BYTES):
                copies[0].write(part)
            copies[0].flush()
        return pa.OSFile(copies[0].name)

    return File(name=name, size_bytes=size, open=open_copy)


def _file(store: Any, path: str, size: int, name: str) -> File:
    def open_object() -> Any:
        import obstore
        import pyarrow as pa

        reader = obstore.open_reader(store, path, buffer_size=_BUFFER_BYTES)
        return pa.PythonFile(ObjectFile(reader), mode="r")

    return File(
        name=name,
        size_bytes=size,
        open=open_object,
        partition=partition_of(path.split("/")[:-1]),
        remote=True,
    )


def _refused(source: str, exc: BaseException) -> DataError:
    if any(code in str(exc) for code in _NO_BUCKET):
        return DataError(
            f"there is no bucket {urlparse(source).netloc!r}, which {source!r} names",
            where="data.source",
            next_step="check its name, its region and the account",
        )
    lines = str(exc).splitlines()
    return DataError(
        f"{source!r} cannot be reached: {(lines[0] if lines else type(exc).__name__)[:400]}",
        where="data.source",
        next_step="check the address, and the rights of the job's identity",
    )
