"""What the data source looks like from outside: a change of it starts a run."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

from trimaran_providers.contract.errors import ProjectError
from trimaran_runtime.data.config import FUNCTION
from trimaran_runtime.storage.digest import canonical_json, digest_of

_DATABASES = frozenset({"duckdb", "sqlite"})
_MAGIC = frozenset("*?[")


def is_function(source: str) -> bool:
    """Whether a source is `module:function`."""
    return re.fullmatch(FUNCTION, source) is not None


def resolve_source(source: str, project: Path) -> str:
    """A source as a run sees it: a path becomes a `file://` URI below the project.

    A database (`duckdb:///file.db`) keeps its scheme, and its path becomes absolute.

    Raises:
        ProjectError: a local file that does not exist, or a glob that no file matches.
    """
    if not _is_local(source):
        return source
    path = _path(source, project)
    if not _files(path):
        raise ProjectError(
            f"no file {source!r}",
            where="data.source",
            allowed=f"a path below {project}, a URI, or module:function",
        )
    if urlparse(source).scheme in _DATABASES:
        return f"{urlparse(source).scheme}:///{path.absolute()}"
    return path.absolute().as_uri()


def source_fingerprint(source: str, project: Path) -> str:
    """Digest of what is seen without reading the data: names, sizes, times of local files.

    A function or a remote URI has nothing to see; `data.version` in the spec stands for it.
    """
    if not _is_local(source):
        return digest_of(source.encode())
    path = _path(source, project)
    root = path if path.exists() else project
    seen = [
        (os.path.relpath(file, root), file.stat().st_size, file.stat().st_mtime_ns)
        for found in _files(path)
        for file in (sorted(found.rglob("*")) if found.is_dir() else [found])
        if file.is_file()
    ]
    return digest_of(canonical_json(seen))


def _is_local(source: str) -> bool:
    if is_function(source):
        return False
    return "://" not in source or urlparse(source).scheme in {"file", *_DATABASES}


def _path(source: str, project: Path) -> Path:
    parsed = urlparse(source)
    if parsed.scheme == "file":
        return Path(unquote(parsed.path))
    if parsed.scheme in _DATABASES:
        # As in every URI of a database: three slashes, then a path, which may be absolute.
        return project / parsed.path.removeprefix("/")
    return project / source


def _files(path: Path) -> list[Path]:
    """The path, or what a glob matches, in order."""
    if path.exists():
        return [path]
    first = next((at for at, part in enumerate(path.parts) if _MAGIC & set(part)), None)
    if first is None:
        return []
    return sorted(Path(*path.parts[:first]).glob(str(Path(*path.parts[first:]))))
