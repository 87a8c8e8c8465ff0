"""Profiles of whole tables: any source that the runtime reads, streamed, or a stored profile."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trimaran_runtime.data.columns import conform
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.rows import Retyped, Rows
from trimaran_runtime.data.source import is_function, open_source
from trimaran_runtime.drift.arrow import ALLOWED, kind_of
from trimaran_runtime.drift.encoding import MAGIC, MAX_BYTES
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.errors import Corrupted, DataError
from trimaran_runtime.monitoring.row_drawing import RowDrawing
from trimaran_runtime.user_code import UserCode

if TYPE_CHECKING:
    import pyarrow as pa

HELD_ROWS = 262_144
"""Rows that are held at a time. The centres of a reference are those of its first rows held."""
HELD_BYTES = 256 << 20
"""Bytes from which on fewer rows are held: embeddings are wide."""
_NAME = MAGIC[:7]
"""What every version of a stored profile begins with."""


def profile_table(
    source: str,
    folder: Path,
    *,
    reference: Profile | None = None,
    query: str | None = None,
    wanted: Callable[[str], bool] = lambda _: True,
    segments: Sequence[str] = (),
    correlations: bool = False,
    sample_rows: int = 0,
) -> Profile:
    """Profile a table, reading it once; or read a stored profile.

    What a reference has, segments and correlations, what is compared with it gets as well.

    Args:
        source: what `data.source` takes: a path or glob, a URI, a Delta table, a database (with
            a query), `module:function`; or a file that `Profile.to_bytes` was written to.
        folder: where relative paths, and the user's modules, start.
        reference: what the result is to be compared with; None: it is a reference itself.
        query: SQL over the source, as `data.query`.
        wanted: whether a column is profiled.
        segments: columns of a reference by whose levels rows are told apart.
        correlations: whether a reference tells how columns go together: it is read twice.
        sample_rows: different rows of a reference that are drawn; 0: none. A stored profile has
            those that it was stored with.

    Raises:
        DataError: there is nothing to read, it cannot be read, or it has no rows or columns.
        ConfigError: there is no such function.
        UserCodeError: the user's function raised.
    """
    stored = None if is_function(source) or "://" in source else _stored(folder / source)
    if stored is not None:
        return stored.only(filter(wanted, stored.columns))
    # A profile has no target; every column is as good as any other.
    config = DataConfig(source=source, target="", query=query)

    def profile(known: Profile | None) -> Profile:
        rows = open_source(config, UserCode(folder))
        try:
            return _profile(rows, source, known, wanted, segments, sample_rows)
        except Retyped as found:
            return _profile(found.rows, source, known, wanted, segments, sample_rows)

    whole = profile(reference)
    if reference is not None or not correlations:
        return whole
    # No rows yet: what it says is where the scores come from, and that they are wanted.
    return profile(whole.with_correlation(_nothing(whole)))


def _nothing(profile: Profile) -> "pa.Table":
    """A table without rows that has a profile's columns."""
    import pyarrow as pa

    numbers = {n: c for n, c in profile.columns.items() if c.kind == "number"}
    return pa.table({name: pa.array([], pa.float64()) for name in numbers})


def _stored(path: Path) -> Profile | None:
    """The profile in a file; None: it is no such file."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            if file.read(len(_NAME)) != _NAME:
                return None
            file.seek(0)
            # One byte more than a profile may have tells that there are too many.
            return Profile.from_bytes(file.read(MAX_BYTES + 1))
    except OSError as exc:
        raise DataError(f"cannot be opened: {exc.strerror}", where=str(path)) from exc
    except Corrupted as exc:
        raise DataError(exc.what, where=str(path), next_step="profile the table again") from exc


def _profile(
    rows: Rows,
    source: str,
    reference: Profile | None,
    wanted: Callable[[str], bool],
    segments: Sequence[str],
    sample_rows: int,
) -> Profile:
    asked = [name for name in rows.types if wanted(name)]
    if not asked:
        raise DataError(
            "has none of the columns asked for", where=source, allowed=", ".join(rows.types)
        )
    rows = rows.only(asked)
    _refuse_unprofiled(rows, source)
    chosen = (segments or None) if reference is None else None
    held, drawing = _held(rows), RowDrawing(sample_rows)
    # What is compared with a reference gets the sample that the reference has.
    drawn = reference is None and sample_rows > 0
    whole = Profile.of_batches(
        drawing.of(held) if drawn else held, reference=reference, segments=chosen
    )
    whole = replace(whole, sample=drawing.found()) if drawn else whole
    if not whole.rows:
        raise DataError("gave no rows", where=source, next_step="check the filters and the source")
    return whole


def _refuse_unprofiled(rows: Rows, source: str) -> None:
    """Raise DataError when a column is of a type that nothing can be told of."""
    odd = {name: kind for name, kind in rows.types.items() if kind_of(kind) is None}
    if odd:
        name, kind = next(iter(odd.items()))
        raise DataError(
            f"column {name!r} is of type {kind}, which cannot be compared",
            where=source,
            allowed=ALLOWED,
            next_step=f"leave it out: --ignore {','.join(odd)}",
        )


def _held(rows: Rows) -> "Iterator[pa.Table]":
    """The rows in normal form, in tables of about `HELD_ROWS` or `HELD_BYTES`."""
    import pyarrow as pa

    types, first = dict(rows.types), ""
    held: list[pa.Table] = []
    count = size = 0
    for chunk in rows.chunks():
        first = first or chunk.origin
        held.append(conform(chunk.table, types, chunk.origin, first))
        count += chunk.table.num_rows
        size += held[-1].nbytes
        if count >= HELD_ROWS or size >= HELD_BYTES:
            yield pa.concat_tables(held)
            held, count, size = [], 0, 0
    if count:
        yield pa.concat_tables(held)
