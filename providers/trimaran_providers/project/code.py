"""The user's code as a content-addressed bundle: changing a model needs no image build."""

import gzip
import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trimaran_providers.contract.errors import ProjectError
from trimaran_runtime.storage.digest import digest_of

_NEVER = frozenset(
    {".venv", "venv", ".trimaran", ".git", "__pycache__", "node_modules", ".pytest_cache", "tests"}
)
_PROGRAM = "__main__.py"
_MAX_MIB = 50


@dataclass(frozen=True, slots=True)
class CodeBundle:
    """A tar.gz of the user's code; equal files give equal bytes.

    Attributes:
        content: the archive.
        files: names inside, sorted.
    """

    content: bytes
    files: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Digest of the archive."""
        return digest_of(self.content)


def bundle_code(
    project: Path, include: Sequence[str] = ("**/*.py",), exclude: Sequence[str] = ()
) -> CodeBundle:
    """Pack the files of a project that travel with a run.

    Args:
        project: folder of the Pulumi project.
        include: glob patterns below it.
        exclude: glob patterns left out, beside environments, caches, tests and the program.

    Raises:
        ProjectError: the bundle would be larger than 50 MiB.
    """
    names = sorted(_chosen(project, include, exclude))
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in names:
            content = (project / name).read_bytes()
            # No clock, owner or mode: the same code has the same digest on every machine.
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    if raw.tell() > _MAX_MIB << 20:
        raise ProjectError(
            f"the code bundle is {raw.tell() >> 20} MiB",
            where="pipeline.code",
            allowed=f"at most {_MAX_MIB} MiB",
            next_step="leave data files out with pipeline.code.exclude",
        )
    return CodeBundle(gzip.compress(raw.getvalue(), mtime=0), tuple(names))


def unpack_code(content: bytes, folder: Path) -> None:
    """Unpack a bundle; refuses members that would leave the folder (tarfile's data filter)."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")


def _chosen(project: Path, include: Sequence[str], exclude: Sequence[str]) -> Iterator[str]:
    left_out = {path for pattern in exclude for path in project.glob(pattern)}
    for path in {path for pattern in include for path in project.glob(pattern)} - left_out:
        parts = path.relative_to(project).parts
        if path.is_file() and not _NEVER.intersection(parts) and parts != (_PROGRAM,):
            yield "/".join(parts)
