"""What can be profiled: Arrow, polars and pandas tables, column by column, never all copied."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.drift.arrow import kind_of
from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table, whoever made it.

    Attributes:
        names: its columns.
        rows: its rows.
        column: values by name; converted when they are asked for.
    """

    names: tuple[str, ...]
    rows: int
    column: "Callable[[str], pa.ChunkedArray]"

    def table(self, names: Iterable[str], start: int, rows: int) -> "pa.Table":
        """Some rows of some columns."""
        import pyarrow as pa

        return pa.table({name: self.column(name).slice(start, rows) for name in names})


def source_of(data: Any) -> Source:
    """A table to be profiled.

    Args:
        data: an Arrow table or record batch, a polars or pandas data frame, or whatever offers
            the Arrow C stream interface.

    Raises:
        DataError: it is none of these, or two of its columns have one name.
    """
    import pyarrow as pa

    module = type(data).__module__.partition(".")[0]
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    if isinstance(data, pa.Table):
        names, rows, column = data.column_names, data.num_rows, data.column
    elif module == "pandas":
        names, rows, column = [str(name) for name in data.columns], len(data), _pandas(data)
    elif module == "polars" and hasattr(data, "get_column"):
        names, rows, column = data.columns, data.height, _polars(data)
    elif hasattr(data, "__arrow_c_stream__"):
        return source_of(pa.table(data))
    else:
        raise DataError(
            f"{type(data).__name__} is no table",
            where="profile",
            allowed="Arrow tables and record batches, polars and pandas data frames",
        )
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise DataError(f"two columns are called {twice[0]!r}", where="profile")
    return Source(names=tuple(names), rows=rows, column=_named(column, names))


def unprofiled(data: Any) -> Mapping[str, str]:
    """Columns that cannot be profiled, with the type that is the reason: exclude them."""
    source = source_of(data)
    types = {name: source.column(name).type for name in source.names}
    return {name: str(type_) for name, type_ in types.items() if kind_of(type_) is None}


def _named(
    column: "Callable[[str], pa.ChunkedArray]", names: Sequence[str]
) -> "Callable[[str], pa.ChunkedArray]":
    def found(name: str) -> "pa.ChunkedArray":
        if name not in names:
            listed = ", ".join(names[:20])
            raise DataError(f"no column {name!r}", where="profile", allowed=listed)
        return column(name)

    return found


def _polars(frame: Any) -> "Callable[[str], pa.ChunkedArray]":
    import pyarrow as pa

    def column(name: str) -> "pa.ChunkedArray":
        # Through the stream interface: strings stay views, which are not copied.
        return pa.chunked_array(frame.get_column(name))

    return column


def _pandas(frame: "pd.DataFrame") -> "Callable[[str], pa.ChunkedArray]":
    import pyarrow as pa

    places = {str(name): place for place, name in enumerate(frame.columns)}

    def column(name: str) -> "pa.ChunkedArray":
        series = frame.iloc[:, places[name]]
        plain = isinstance(series.dtype, np.dtype) and series.dtype.kind in "iufb"
        try:
            # As they are, NaN included: looking for nulls would write a bitmap first.
            array = pa.array(series.to_numpy() if plain else series, from_pandas=not plain)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            # An object column whose values are of several types: levels, by how they are written.
            values = series.astype(object).where(series.notna(), None)
            array = pa.array([None if v is None else text_of(v) for v in values], pa.string())
        return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])

    return column


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
