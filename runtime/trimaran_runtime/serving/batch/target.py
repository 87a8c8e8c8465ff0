"""Where predictions go: a file of this machine or an object, whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlparse

from trimaran_runtime.data.files import local_path
from trimaran_runtime.data.remote import open_store
from trimaran_runtime.errors import AlreadyExists, DataError, StoreError
from trimaran_runtime.serving.batch.manifest import manifest_name

_SCHEMES = ("s3", "gs", "az", "abfs", "abfss")
_CONDITIONAL_BYTES = 64 << 20
"""Largest object that is put on the condition that there is none: it goes in one request. A larger
one is sent in parts, which stores complete at once but without that condition."""


class Target(Protocol):
    """A place for one file and its manifest."""

    @property
    def name(self) -> str:
        """Name of the file."""

    def refuse_existing(self) -> None:
        """Raise AlreadyExists when there is such a file; before anything is computed."""

    def staged(self) -> AbstractContextManager[Path]:
        """Context of the path of a temporary file, which is gone when the context ends."""

    def place(self, file: Path, manifest: bytes, *, overwrite: bool) -> None:
        """Put the finished file there, then the manifest.

        Raises:
            AlreadyExists: there is such a file, and it may not be replaced.
            StoreError: it cannot be written.
        """


def open_target(output: str) -> Target:
    """The target of a path or URI; raises DataError for what cannot be written to."""
    parsed = urlparse(output)
    scheme = parsed.scheme if "://" in output else ""
    if scheme in {"", "file"}:
        return LocalTarget(local_path(output, Path.cwd()))
    if scheme in _SCHEMES:
        return ObjectTarget(f"{scheme}://{parsed.netloc}", parsed.path.lstrip("/"))
    raise DataError(
        f"cannot write to {output!r}",
        where="output",
        allowed=f"a path, or one of file://, {', '.join(f'{s}://' for s in _SCHEMES)}",
    )


@dataclass(frozen=True, slots=True)
class LocalTarget:
    """A file of this machine; its folder is made."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def refuse_existing(self) -> None:
        if self.path.exists():
            raise _exists(str(self.path))

    @contextmanager
    def staged(self) -> Iterator[Path]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Beside the file, so that a rename puts it there; readers leave out what starts with a dot.
        number, name = tempfile.mkstemp(prefix=f".{self.name}.", dir=self.path.parent)
        os.close(number)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def place(self, file: Path, manifest: bytes, *, overwrite: bool) -> None:
        beside = self.path.with_name(manifest_name(self.name))
        mode = 0o666 & ~_umask()
        file.chmod(mode)
        _sync(file)
        if overwrite:
            # No manifest may tell of other bytes than those beside it.
            beside.unlink(missing_ok=True)
            file.replace(self.path)
        else:
            self._link(file)
        with LocalTarget(beside).staged() as part:
            part.write_bytes(manifest)
            part.chmod(mode)
            _sync(part)
            part.replace(beside)

    def _link(self, file: Path) -> None:
        """Give the file its name unless there is one: a link is refused then, a rename is not."""
        try:
            self.path.hardlink_to(file)
        except FileExistsError as exc:
            raise _exists(str(self.path)) from exc
        except OSError:
            # A file system without links.
            self.refuse_existing()
            file.replace(self.path)


@dataclass(frozen=True, slots=True)
class ObjectTarget:
    """An object; the temporary file is in the temporary folder of this machine.

    Attributes:
        root: URI of the bucket or container.
        key: key of the object.
    """

    root: str
    key: str

    @property
    def name(self) -> str:
        return self.key.rpartition("/")[2]

    def refuse_existing(self) -> None:
        import obstore
        from obstore.exceptions import BaseError

        store = open_store(self.root)
        try:
            try:
                obstore.head(store, self.key)
            except FileNotFoundError:
                # The same answer where there is no bucket, which only a listing tells.
                for _ in obstore.list(store, prefix=self.key, chunk_size=1):
                    break
                return
        except (BaseError, OSError) as exc:
            raise self._told(exc) from exc
        raise _exists(f"{self.root}/{self.key}")

    @contextmanager
    def staged(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="trimaran-batch-") as folder:
            yield Path(folder) / self.name

    def place(self, file: Path, manifest: bytes, *, overwrite: bool) -> None:
        import obstore
        from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

        store = open_store(self.root)
        beside = self.key.removesuffix(self.name) + manifest_name(self.name)
        conditional = not overwrite and file.stat().st_size <= _CONDITIONAL_BYTES
        try:
            if overwrite:
                with suppress(FileNotFoundError):
                    obstore.delete(store, beside)
            elif not conditional:
                self.refuse_existing()
            if conditional:
                content = file.read_bytes()
                obstore.put(store, self.key, content, mode="create", use_multipart=False)
            else:
                obstore.put(store, self.key, file)
            obstore.put(store, beside, manifest)
        except (AlreadyExistsError, PreconditionError) as exc:
            raise _exists(f"{self.root}/{self.key}") from exc
        except (BaseError, OSError) as exc:
            raise self._told(exc) from exc

    def _told(self, exc: Exception) -> StoreError:
        return StoreError(
            f"cannot be written: {' '.join(str(exc).split())[:400]}",
            where=f"{self.root}/{self.key}",
            next_step="check the bucket, and what the job's identity may do there",
        )


def _exists(name: str) -> AlreadyExists:
    return AlreadyExists(
        "is there already", where=name, next_step="name another output, or replace it: --overwrite"
    )


def _sync(file: Path) -> None:
    """Have the disk hold what was written before a name points to it."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


def _umask() -> int:
    """The process's mask; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
