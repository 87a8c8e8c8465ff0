"""The artifact store: one client for a directory, S3, Azure Blob and Google Cloud Storage.

Writes are atomic: a reader sees the old object, the new one, or none. `create` is a conditional
write (put if absent), which every backend offers; everything that must not be lost or
overwritten goes through it. Content lives once, under its digest.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlparse

import obstore
import orjson
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from trimaran_runtime.errors import AlreadyExists, Corrupted, NotFound, StoreError
from trimaran_runtime.storage.digest import PREFIX, canonical_json, digest_of
from trimaran_runtime.storage.s3 import open_s3

_ABSENT = (NotFoundError, FileNotFoundError)
_NO_BUCKET = "NoSuchBucket"
"""S3's code for a bucket that is not there; to obstore it is an object that is not there."""
_SHOWN = 400
"""Characters of a service's own message that an error repeats."""


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
        create: whether a directory that is not there is made.
        session: for S3, the boto3 session whose region and credentials are used; None: the
            environment's.

    Every method raises StoreError where the store cannot be reached or refuses the access.
    """

    def __init__(self, uri: str, *, create: bool = False, session: Any = None) -> None:
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
        elif parsed.scheme == "s3":
            self.path = None
            with self._told("open it"):
                self._store = open_s3(self.uri, session)
        elif parsed.scheme in {"gs", "az", "abfs", "abfss", "https", "memory"}:
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
        with self._told(f"read {key!r}"):
            try:
                return bytes(self._store.get(key).bytes())
            except _ABSENT as exc:
                self._refuse_no_bucket(exc)
                raise NotFound(f"no object {key!r} in {self.uri}", where="store") from exc

    def exists(self, key: str) -> bool:
        """Whether there is an object under that key."""
        with self._told(f"look for {key!r}"):
            try:
                self._store.head(key)
            except _ABSENT:
                return False
            return True

    def create(self, key: str, content: bytes) -> None:
        """Write an object that must not exist yet; raises AlreadyExists and changes nothing."""
        with self._told(f"create {key!r}"):
            try:
                self._store.put(key, content, mode="create")
            except (AlreadyExistsError, PreconditionError) as exc:
                raise AlreadyExists(f"{key!r} exists already in {self.uri}", where="store") from exc

    def write(self, key: str, content: bytes) -> None:
        """Write an object, replacing an older one atomically."""
        with self._told(f"write {key!r}"):
            self._store.put(key, content, mode="overwrite")

    def delete(self, key: str) -> None:
        """Delete an object; no error when there is none."""
        with self._told(f"delete {key!r}"):
            try:
                self._store.delete(key)
            except _ABSENT as exc:
                self._refuse_no_bucket(exc)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Objects below a prefix (a folder), in order of their keys."""
        with self._told(f"list {prefix!r}"):
            entries = [
                Entry(key=meta["path"], size_bytes=meta["size"], modified=meta["last_modified"])
                for batch in self._store.list(prefix or None)
                for meta in batch
            ]
        return iter(sorted(entries, key=lambda entry: entry.key))

    def folders(self, prefix: str) -> tuple[str, ...]:
        """Keys of the folders directly below a folder, in order; objects further down are not."""
        with self._told(f"list {prefix!r}"):
            found = self._store.list_with_delimiter(prefix)
        return tuple(sorted(found["common_prefixes"]))

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

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Turn what the client raises, beside what a caller looks for itself, into a StoreError."""
        try:
            yield
        except (*_ABSENT, BaseError) as exc:
            self._refuse_no_bucket(exc)
            if _is_refusal(exc):
                raise StoreError(
                    f"not allowed to {doing} in {self.uri}: {_short(exc)}",
                    where="store",
                    next_step="check the credentials, and what the role may do there",
                ) from exc
            raise StoreError(
                f"cannot {doing} in {self.uri}: {_short(exc)}",
                where="store",
                next_step="check the address, the region (AWS_REGION) and the network"
                if self.path is None
                else "check the directory, its permissions and the free space",
            ) from exc

    def _refuse_no_bucket(self, exc: Exception) -> None:
        if _NO_BUCKET in str(exc):
            raise StoreError(
                f"there is no bucket of {self.uri}",
                where="store",
                next_step="check the name; `pulumi up` creates it",
            ) from exc


def _is_refusal(exc: Exception) -> bool:
    # A refused listing is a generic error to obstore.
    is_named = isinstance(exc, PermissionDeniedError | UnauthenticatedError)
    return is_named or "status code: 403" in str(exc)


def _short(exc: Exception) -> str:
    """A service's own message in one line, without the client's debug output."""
    line = " ".join(str(exc).partition("Debug source")[0].split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def blob_key(digest: str) -> str:
    """Key of a blob: `blobs/sha256/ab/abcd…`."""
    if not digest.startswith(PREFIX) or len(digest) != len(PREFIX) + 64:
        raise StoreError(f"{digest!r} is not a digest", where="store", allowed="sha256:<64 hex>")
    hexadecimal = digest.removeprefix(PREFIX)
    return f"blobs/sha256/{hexadecimal[:2]}/{hexadecimal}"
