"""What the data source looks like from outside: a change of it starts a run."""

import re
from pathlib import Path
from urllib.parse import unquote, urlparse

from trimaran_providers.contract.errors import ProjectError
from trimaran_runtime.data.config import FUNCTION
from trimaran_runtime.storage.digest import canonical_json, digest_of


def is_function(source: str) -> bool:
    """Whether a source is `module:function`."""
    return re.fullmatch(FUNCTION, source) is not None


def resolve_source(source: str, project: Path) -> str:
    """A source as a run sees it: a path becomes a `file://` URI below the project.

    Raises:
        ProjectError: a local file that does not exist.
    """
    if is_function(source) or (urlparse(source).scheme not in {"", "file"}):
        return source
    path = _path(source, project)
    if not path.exists():
        raise ProjectError(
            f"no file {source!r}",
            where="data.source",
            allowed=f"a path below {project}, a URI, or module:function",
        )
    return path.absolute().as_uri()


def source_fingerprint(source: str, project: Path) -> str:
    """Digest of what is seen without reading the data: names, sizes, times of local files.

    A function or a remote URI has nothing to see; `data.version` in the spec stands for it.
    """
    if is_function(source) or urlparse(source).scheme not in {"", "file"}:
        return digest_of(source.encode())
    path = _path(source, project)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    seen = [(p.relative_to(path).as_posix(), p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    return digest_of(canonical_json(seen))


def _path(source: str, project: Path) -> Path:
    if source.startswith("file:"):
        return Path(unquote(urlparse(source).path))
    return project / source
