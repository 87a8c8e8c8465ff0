"""The artifact store: one client for a directory, S3, Azure Blob and Google Cloud Storage.

Writes are atomic: a reader sees the old object, the new one, or none. `create` is a conditional
write (put if absent), which every backend offers; everything that must not be lost or
overwritten goes through it. Content lives once, under its digest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlparse

import obstore
import orjson
from obstore.exceptions import AlreadyExistsError, NotFoundError

from trimaran_runtime.errors import AlreadyExists, Corrupted, NotFound, StoreError
from trimaran_runtime.storage.digest import PREFIX, canonical_json, digest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object of a listing."""

    key: str
    size_bytes: int
    modified: datetime


class Store:
    """An artifact store under one root URI.

    Args:
        uri: `file:///…`, `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.
    """

    def __init__(self, uri: str, *, create: bool = False) -> None:
        self.uri = uri.rstrip("/")
        parsed = urlparse(self.uri)
        if parsed.scheme == "file":
            self.path: Path | None = Path(unquote(parsed.path))
            if not create and not self.path.is_dir():
                raise NotFound(
                    f"no artifact store at {self.path}",
                    where="store",
                    next_step="run `pulumi up` to create it",
                )
            self._store: Any = obstore.store.LocalStore(prefix=self.path, mkdir=create)
        elif parsed.scheme in {"s3", "gs", "az", "abfs", "abfss", "https", "memory"}:
            self.path = None
            self._store = obstore.store.from_url(self.uri)
        else:
            raise StoreError(
                f"cannot open {uri!r}",
                where="store",
                allowed="file:///…, s3://…, gs://…, az://…",
            )

    @classmethod
    def open_directory(cls, path: Path, *, create: bool = False) -> Self:
        """Open the store in a directory of this machine."""
        return cls(path.absolute().as_uri(), create=create)

    def read(self, key: str) -> bytes:
        """Content of an object; raises NotFound."""
        try:
            return bytes(self._store.get(key).bytes())
        except (NotFoundError, FileNotFoundError) as exc:
            raise NotFound(f"no object {key!r} in {self.uri}", where="store") from exc

    def exists(self, key: str) -> bool:
        """Whether there is an object under that key."""
        try:
            self._store.head(key)
        except (NotFoundError, FileNotFoundError):
            return False
        return True

    def create(self, key: str, content: bytes) -> None:
        """Write an object that must not exist yet; raises AlreadyExists and changes nothing."""
        try:
            self._store.put(key, content, mode="create")
        except AlreadyExistsError as exc:
            raise AlreadyExists(f"{key!r} exists already in {self.uri}", where="store") from exc

    def write(self, key: str, content: bytes) -> None:
        """Write an object, replacing an older one atomically."""
        self._store.put(key, content, mode="overwrite")

    def delete(self, key: str) -> None:
        """Delete an object; no error when there is none."""
        try:
            self._store.delete(key)
        except (NotFoundError, FileNotFoundError):
            return

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Objects below a prefix (a folder), in order of their keys."""
        entries = [
            Entry(key=meta["path"], size_bytes=meta["size"], modified=meta["last_modified"])
            for batch in self._store.list(prefix or None)
            for meta in batch
        ]
        return iter(sorted(entries, key=lambda entry: entry.key))

    def folders(self, prefix: str) -> tuple[str, ...]:
        """Keys of the folders directly below a folder, in order; objects further down are not."""
        return tuple(sorted(self._store.list_with_delimiter(prefix)["common_prefixes"]))

    def read_json(self, key: str) -> Any:
        """Content of a JSON object; raises NotFound, Corrupted."""
        content = self.read(key)
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as exc:
            raise Corrupted(f"{key!r} in {self.uri} is not JSON: {exc}", where="store") from exc

    def write_json(self, key: str, document: Any) -> None:
        """Write a JSON object, replacing an older one atomically."""
        self.write(key, canonical_json(document))

    def put_blob(self, content: bytes) -> str:
        """Store content under its digest (idempotent); returns the digest."""
        digest = digest_of(content)
        try:
            self.create(blob_key(digest), content)
        except AlreadyExists:
            # Same digest, same content: nothing to do unless the stored bytes were damaged.
            if digest_of(self.read(blob_key(digest))) != digest:
                self.write(blob_key(digest), content)
        return digest

    def read_blob(self, digest: str) -> bytes:
        """Content by digest, verified; raises NotFound, Corrupted."""
        content = self.read(blob_key(digest))
        if digest_of(content) != digest:
            raise Corrupted(
                f"blob {digest} in {self.uri} does not match its digest",
                where="store",
                next_step="restore the object, or run the pipeline again",
            )
        return content

    def has_blob(self, digest: str) -> bool:
        """Whether content with that digest is stored (not verified)."""
        return self.exists(blob_key(digest))


def blob_key(digest: str) -> str:
    """Key of a blob: `blobs/sha256/ab/abcd…`."""
    if not digest.startswith(PREFIX) or len(digest) != len(PREFIX) + 64:
        raise StoreError(f"{digest!r} is not a digest", where="store", allowed="sha256:<64 hex>")
    hexadecimal = digest.removeprefix(PREFIX)
    return f"blobs/sha256/{hexadecimal[:2]}/{hexadecimal}"
