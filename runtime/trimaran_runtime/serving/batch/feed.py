"""The rows that a batch job predicts: files, opened for the columns it needs, chunk by chunk."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from trimaran_runtime.data import remote
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.files import File, local_files, one_kind
from trimaran_runtime.data.normal_form import normalise
from trimaran_runtime.data.rows import Chunk, Rows, Selection
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows that stand one after the other in one file.

    Attributes:
        features: the model's columns: in normal form, or all of them text.
        kept: the columns that go along, as the files hold them.
        origin: the file.
        first_row: number of the first row in it, from 1.
    """

    features: "pa.Table"
    kept: "pa.Table"
    origin: str
    first_row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Input that is opened; its rows are read each time `parts` is called.

    Attributes:
        files: names of the files, in the order they are read.
        is_text: whether the features are the cells of CSV, which the signature gives a type.
        kept: Arrow type by column that goes along.
        parts: reads the rows; raises DataError where they cannot be read.
    """

    files: tuple[str, ...]
    is_text: bool
    kept: Mapping[str, Any]
    parts: Callable[[], Iterator[Part]]


def open_feed(source: str, features: Sequence[str], keep: Sequence[str]) -> Feed:
    """Open files by path, glob, folder or URI.

    Args:
        source: as `data.source` names files; a relative path starts in the working directory.
        features: the model's columns, in the order of its signature.
        keep: columns that go along.

    Raises:
        DataError: there is no file, one cannot be opened, or one lacks a column.
    """
    files = _files(source)
    kind = one_kind(files, source)
    reader = import_module(f"trimaran_runtime.data.readers.{kind.reader}")
    config = DataConfig(source=source, target="")
    is_text = kind.reader == _CSV
    if is_text:
        rows: Rows = reader.open_texts(files, config)
        carried = {name: rows.types[name] for name in keep if name in rows.types}
    else:
        selection = Selection(typed=frozenset(features), carried=frozenset(keep))
        rows = reader.open_files(files, config, selection)
        carried = {name: rows.carried[name] for name in keep}
    _refuse_absent(features, list(rows.types), files[0].name)
    _refuse_absent(keep, list(carried), files[0].name)
    types = {name: rows.types[name] for name in features}

    def parts() -> Iterator[Part]:
        for chunk in rows.chunks():
            yield _part(chunk, types, carried)

    return Feed(
        files=tuple(file.name for file in files), is_text=is_text, kept=carried, parts=parts
    )


def _files(source: str) -> list[File]:
    scheme = urlparse(source).scheme if "://" in source else ""
    if scheme in remote.SCHEMES:
        return remote.remote_files(source)
    if scheme in {"", "file"}:
        return local_files(source, Path.cwd())
    schemes = ", ".join(f"{name}://" for name in ("file", *remote.SCHEMES))
    raise DataError(
        f"cannot open {source!r}", where="input", allowed=f"a path, or one of {schemes}"
    )


def _part(chunk: Chunk, types: Mapping[str, Any], carried: Mapping[str, Any]) -> Part:
    features = normalise(chunk.table.select(list(types)), chunk.origin, types)
    return Part(
        features=features,
        kept=kept_of(chunk.table, carried, chunk.origin),
        origin=chunk.origin,
        first_row=chunk.first_row,
    )


def kept_of(table: "pa.Table", carried: Mapping[str, Any], origin: str) -> "pa.Table":
    """The columns that go along, in the types of the first file.

    Raises:
        DataError: a value is none of that type.
    """
    import pyarrow as pa

    columns = []
    for name, kind in carried.items():
        column = table.column(name)
        try:
            columns.append(column if column.type == kind else column.cast(kind))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as exc:
            raise DataError(
                f"column {name!r} is {column.type} here and {kind} in the first file",
                where=origin,
                next_step="give the column one type in every file",
            ) from exc
    schema = pa.schema(list(carried.items()))
    # Without columns a table has no length; nobody asks for it.
    return pa.Table.from_arrays(columns, schema=schema)


def _refuse_absent(wanted: Sequence[str], there: list[str], origin: str) -> None:
    absent = [name for name in wanted if name not in there]
    if not absent:
        return
    close = difflib.get_close_matches(absent[0], there, n=1)
    more = f" (and {len(absent) - 1} more)" if len(absent) > 1 else ""
    raise DataError(
        f"has no column {absent[0]!r}{more}",
        where=origin,
        allowed=", ".join(there[:50]) or "none of the model's columns is there",
        next_step=f"did you mean {close[0]!r}?" if close else "",
    )
