"""Archives of files, as clouds hand them over: unpacked without trusting what is inside."""

import gzip
import io
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from trimaran_runtime.errors import DataError

SUFFIXES = (".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an archive may unpack to."""

    files: int = 100_000
    """Most members."""
    mib: int = 20 << 10
    """Largest size of everything unpacked, MiB: a model that is served fits, a bomb does not."""


def find_archive(path: Path) -> Path:
    """The archive at a path: the file itself, or the only archive in a folder.

    Raises:
        DataError: there is none, or more than one.
    """
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.name.endswith(SUFFIXES))
        if len(found) != 1:
            names = ", ".join(p.name for p in found) or "none"
            raise DataError(
                f"the folder holds {len(found)} archives ({names})",
                where=str(path),
                allowed=f"exactly one {' or '.join(SUFFIXES)}",
            )
        return found[0]
    if not path.name.endswith(SUFFIXES):
        raise DataError(
            f"{path.name!r} is no archive", where=str(path), allowed=" or ".join(SUFFIXES)
        )
    return path


def unpack(archive: Path, folder: Path, limits: Limits | None = None) -> None:
    """Unpack an archive into a folder; see `unpack_stream`."""
    with archive.open("rb") as stream:
        unpack_stream(stream, folder, where=str(archive), limits=limits)


def unpack_bytes(content: bytes, folder: Path, *, where: str) -> None:
    """Unpack an archive that is in memory; see `unpack_stream`."""
    unpack_stream(io.BytesIO(content), folder, where=where)


def unpack_stream(
    stream: IO[bytes], folder: Path, *, where: str, limits: Limits | None = None
) -> None:
    """Unpack a tar.gz into a folder, which is made if it is not there.

    Members that would leave the folder, devices, and links to the outside are refused (tarfile's
    `data` filter), as are archives beyond the limits; what was unpacked before that stays.

    Args:
        stream: the compressed bytes.
        folder: where to.
        where: what errors call the archive.
        limits: None: the default ones.

    Raises:
        DataError: it is damaged, no archive, dangerous, or too large.
    """
    limits = limits or Limits()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with gzip.open(stream) as plain:
            counted = _Counted(plain, limits.mib << 20)
            with _members(counted) as members:
                for number, member in enumerate(members, 1):
                    if number > limits.files:
                        raise _TooLarge(f"more than {limits.files:,} files")
                    members.extract(member, folder, filter="data")
            counted.drain()
    except _TooLarge as exc:
        raise DataError(
            f"the archive unpacks to {exc}",
            where=where,
            allowed=f"at most {limits.files:,} files and {limits.mib:,} MiB",
        ) from exc
    except tarfile.FilterError as exc:
        raise DataError(
            f"the archive is refused: {exc}",
            where=where,
            allowed="plain files and folders, and links among them",
        ) from exc
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as exc:
        raise DataError(
            f"the archive cannot be read: {exc}",
            where=where,
            allowed="a complete tar.gz",
            next_step="upload it again, or run the step that wrote it again",
        ) from exc


def _members(stream: Any) -> tarfile.TarFile:
    return tarfile.open(fileobj=stream, mode="r|")


class _TooLarge(Exception):
    """The limits are exceeded; says by what."""


class _Counted:
    """A stream that counts what is decompressed: headers too, which may be bombs themselves."""

    def __init__(self, stream: Any, most: int) -> None:
        self._stream, self._most, self._read = stream, most, 0

    def read(self, size: int) -> bytes:
        content: bytes = self._stream.read(size)
        self._read += len(content)
        if self._read > self._most:
            raise _TooLarge(f"more than {self._most >> 20:,} MiB")
        return content

    def drain(self) -> None:
        """Read to the end: only there gzip compares its checksum."""
        while self.read(1 << 16):
            pass
