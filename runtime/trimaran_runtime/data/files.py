"""The files behind a source: a path, a glob, a folder or a URI, as a list in a fixed order.

A folder is read with all below it; names that start with `.` or `_` are left out, as Hive and Spark
do. A folder named `key=value` gives its files a column `key` (Hive's partitions).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlparse

from trimaran_runtime.data.kinds import SUFFIXES, Kind, kind_of
from trimaran_runtime.errors import DataError

_MAGIC = frozenset("*?[")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


class Opener(Protocol):
    """Opens one file."""

    def __call__(self) -> Any:
        """A readable, seekable `pyarrow.NativeFile`; the caller closes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a source.

    Attributes:
        name: as errors name it: the source itself, or the path below it.
        size_bytes: its size.
        open: opens it.
        partition: value by column, from `key=value` folders; None: missing.
        remote: whether each read is a request: few large ones are better than many small ones.
    """

    name: str
    size_bytes: int
    open: Opener
    partition: Mapping[str, str | None] = field(default_factory=dict)
    remote: bool = False


def local_path(source: str, folder: Path) -> Path:
    """Path of a source that is a path or a `file://` URI; a relative one starts in `folder`."""
    text = unquote(urlparse(source).path) if source.startswith("file:") else source
    return folder / text


def local_files(source: str, folder: Path) -> list[File]:
    """The files behind a path, glob or folder of this machine.

    Raises:
        DataError: there is none, one is empty, or a folder may not be listed.
    """
    path = local_path(source, folder)
    root = path
    if path.is_dir():
        found = sorted(entry for entry in path.rglob("*") if entry.is_file())
    elif path.exists():
        root, found = path.parent, [path]
    elif _MAGIC & set(str(path)):
        root = _fixed(path)
        pattern = str(path.relative_to(root))
        found = sorted(entry for entry in root.glob(pattern) if entry.is_file())
    else:
        raise _absent(source, path)
    shown = [entry for entry in found if not _hidden(entry.relative_to(root).parts)]
    if not shown:
        raise _no_file(source, path)
    single = len(shown) == 1 and shown[0] == path
    return [
        _local(entry, source if single else entry.relative_to(root).as_posix(), root)
        for entry in shown
    ]


def one_kind(files: Sequence[File], source: str) -> Kind:
    """The kind of all files of a source, by their suffix.

    Raises:
        DataError: of an unknown kind, or of two kinds.
    """
    kinds: dict[str, File] = {}
    for file in files:
        kind = kind_of(file.name if "." in file.name else source)
        if kind is None:
            raise unknown_kind(file.name)
        kinds.setdefault(kind.name, file)
    if len(kinds) > 1:
        named = ", ".join(f"{name} ({file.name})" for name, file in kinds.items())
        raise DataError(
            f"{source!r} holds files of several kinds: {named}",
            where="data.source",
            next_step="name those of one kind with a glob, such as folder/*.parquet",
        )
    found = kind_of(next(iter(kinds.values())).name)
    if found is None:
        raise unknown_kind(source)
    return found


def unknown_kind(name: str) -> DataError:
    """A file whose name tells no kind."""
    return DataError(
        f"{name!r} is of an unknown kind",
        where="data.source",
        allowed=f"module:function, or a file that ends in {', '.join(SUFFIXES)}",
    )


def partition_of(parts: Sequence[str]) -> dict[str, str | None]:
    """Columns that the folders of a path give, in their order."""
    pairs = [part.split("=", 1) for part in parts if "=" in part]
    return {
        unquote(key): None if value == _NO_VALUE else unquote(value) for key, value in pairs if key
    }


def _local(path: Path, name: str, root: Path) -> File:
    def open_file() -> Any:
        import pyarrow as pa

        return pa.OSFile(str(path))

    try:
        size = path.stat().st_size
    except OSError as exc:
        raise DataError(f"cannot be opened: {exc.strerror}", where=name) from exc
    folders = path.relative_to(root).parent.parts if path != root else ()
    return File(name=name, size_bytes=size, open=open_file, partition=partition_of(folders))


def _hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith((".", "_")) for part in parts)


def _fixed(path: Path) -> Path:
    """The part of a glob's path before its first wildcard."""
    parts = path.parts
    first = next(index for index, part in enumerate(parts) if _MAGIC & set(part))
    return Path(*parts[:first])


def _absent(source: str, path: Path) -> DataError:
    hint = ""
    if path.parent.is_dir():
        near = sorted(p.name for p in path.parent.iterdir() if kind_of(p.name) is not None)
        hint = f"; there: {', '.join(near[:5]) or 'no data file'}"
    return DataError(
        f"there is no file {source!r} (looked in {path.parent}{hint})",
        where="data.source",
        next_step="give a path relative to the project folder, or `module:function`",
    )


def _no_file(source: str, path: Path) -> DataError:
    return DataError(
        f"{source!r} holds no data file (looked in {path})",
        where="data.source",
        allowed=f"files that end in {', '.join(SUFFIXES)}",
    )
