"""Reading the rows of a run: from the user's function, or from a file."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from trimaran_runtime.data.config import FUNCTION
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

REMOTE = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs")
"""URI schemes that Arrow opens with the machine's own identity."""
SUFFIXES = (".parquet", ".csv", ".csv.gz")


def is_function(source: str) -> bool:
    """Whether a source is `module:function` rather than a path or URI."""
    return re.match(FUNCTION, source) is not None


def read_file(source: str, folder: Path) -> "pa.Table":
    """Read a parquet or CSV file, or a folder of parquet files.

    Args:
        source: path (a relative one is taken from `folder`), `file://` URI, or a URI whose
            scheme is in `REMOTE`.
        folder: the folder of the user's code.

    Raises:
        DataError: there is no such file, it is truncated, or of an unknown kind.
    """
    import pyarrow as pa

    location, filesystem = _locate(source, folder)
    try:
        if location.endswith((".csv", ".csv.gz")):
            return _read_csv(location, filesystem)
        if location.endswith(".parquet") or Path(location).is_dir():
            return _read_parquet(location, filesystem)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as exc:
        raise DataError(
            f"{source!r} cannot be read: {_first_line(exc)}",
            where="data.source",
            next_step="check that the file is complete and of the kind its name says",
        ) from exc
    raise DataError(
        f"{source!r} is of an unknown kind",
        where="data.source",
        allowed=f"module:function, or a file that ends in {', '.join(SUFFIXES)}",
    )


def as_table(result: Any, source: str) -> "pa.Table":
    """Take what the user's function returned: a pandas, polars or Arrow table.

    Raises:
        DataError: it is not a table, repeats a column name, or mixes types within a column.
    """
    import pyarrow as pa

    if isinstance(result, pa.Table):
        return result
    names = [str(name) for name in getattr(result, "columns", ())]
    refuse_repeated(names, source)
    try:
        if hasattr(result, "to_parquet") and hasattr(result, "iloc"):
            return pa.Table.from_pandas(result, preserve_index=False)
        if hasattr(result, "__arrow_c_stream__"):
            return pa.table(result)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as exc:
        raise DataError(
            f"the table that {source} returned mixes types: {_first_line(exc)}",
            where=source,
            next_step="give every column one type before returning the table",
        ) from exc
    raise DataError(
        f"returned {type(result).__name__}, not a table",
        where=source,
        allowed="a pandas or polars DataFrame, or a pyarrow Table",
    )


def refuse_repeated(names: list[str], source: str) -> None:
    """Raise DataError when a column name occurs twice."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"column names occur more than once: {', '.join(repeated)}",
            where=source,
            next_step="rename or drop one of each",
        )


def _locate(source: str, folder: Path) -> tuple[str, Any]:
    parsed = urlparse(source)
    if parsed.scheme in REMOTE:
        from pyarrow import fs

        filesystem, path = fs.FileSystem.from_uri(source)
        return path, filesystem
    if parsed.scheme not in {"", "file"} and "://" in source:
        raise DataError(
            f"cannot open {source!r}",
            where="data.source",
            allowed=f"a path, file://, or one of {', '.join(s + '://' for s in REMOTE)}",
        )
    path_text = unquote(parsed.path) if parsed.scheme == "file" else source
    found = folder / path_text
    if not found.exists():
        hint = ""
        if found.parent.is_dir():
            near = sorted(p.name for p in found.parent.iterdir() if p.name.endswith(SUFFIXES))
            hint = f"; there: {', '.join(near[:5]) or 'no data file'}"
        raise DataError(
            f"there is no file {source!r} (looked in {found.parent}{hint})",
            where="data.source",
            next_step="give a path relative to the project folder, or `module:function`",
        )
    return str(found), None


def _read_csv(location: str, filesystem: Any) -> "pa.Table":
    from pyarrow import csv

    if filesystem is None:
        return csv.read_csv(location)
    with filesystem.open_input_stream(location) as stream:
        return csv.read_csv(stream)


def _read_parquet(location: str, filesystem: Any) -> "pa.Table":
    from pyarrow import parquet

    return parquet.read_table(location, filesystem=filesystem)


def _first_line(exc: BaseException) -> str:
    lines = str(exc).splitlines()
    return lines[0] if lines else type(exc).__name__
