"""Opening the source of a run: the user's function, a query, files, or a Delta table."""

import re
from importlib import import_module
from pathlib import Path
from urllib.parse import urlparse

from trimaran_runtime.data import remote
from trimaran_runtime.data.config import FUNCTION, DataConfig
from trimaran_runtime.data.files import local_files, local_path, one_kind
from trimaran_runtime.data.readers import query
from trimaran_runtime.data.rows import Rows
from trimaran_runtime.errors import DataError
from trimaran_runtime.user_code import UserCode

_LOG = "_delta_log"
_DELTA = "delta+"
"""Before a URI: the folder is a Delta table. A folder of this machine is looked into instead."""


def is_function(source: str) -> bool:
    """Whether a source is `module:function` rather than a path or URI."""
    return re.match(FUNCTION, source) is not None


def open_source(config: DataConfig, code: UserCode) -> Rows:
    """Open the source of a run.

    Args:
        config: the configuration's data section.
        code: the user's code; relative paths start in its folder.

    Raises:
        DataError: there is nothing to read, or it cannot be read.
        ConfigError: `data.source` names a function that is not there.
        UserCodeError: it raised.
    """
    source = config.source
    if urlparse(source).scheme in query.SCHEMES and "://" in source:
        if config.query is None:
            raise DataError(
                f"{source!r} is a database, and there is no query",
                where="data.query",
                next_step="set data.query: SELECT … FROM …",
            )
        return query.open_database(source, config.query, code.folder)
    rows = _open(config, code)
    return rows if config.query is None else query.open_over(rows, config.query, source)


def _open(config: DataConfig, code: UserCode) -> Rows:
    source = config.source
    if is_function(source):
        from trimaran_runtime.data.readers.function import open_function

        return open_function(source, code)
    delta = _delta(source, code.folder)
    if delta is not None:
        from trimaran_runtime.data.readers.delta import open_delta

        return open_delta(delta, source)
    scheme = urlparse(source).scheme if "://" in source else ""
    if scheme in remote.SCHEMES:
        files = remote.remote_files(source)
    elif scheme in {"", "file"}:
        files = local_files(source, code.folder)
    else:
        schemes = ("file", *remote.SCHEMES, *query.SCHEMES)
        raise DataError(
            f"cannot open {source!r}",
            where="data.source",
            allowed=f"module:function, a path, or one of {', '.join(s + '://' for s in schemes)}",
        )
    reader = import_module(f"trimaran_runtime.data.readers.{one_kind(files, source).reader}")
    rows: Rows = reader.open_files(files, config)
    return rows


def _delta(source: str, folder: Path) -> str | None:
    """What the Delta reader is to open; None: the source is no Delta table."""
    if source.startswith(_DELTA):
        return source.removeprefix(_DELTA)
    if "://" in source and not source.startswith("file:"):
        return None
    path = local_path(source, folder)
    return str(path) if (path / _LOG).is_dir() else None
