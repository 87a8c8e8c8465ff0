"""The table of a run: read, brought into normal form, checked and written, chunk by chunk."""

import difflib
from pathlib import Path
from typing import Any

from trimaran_runtime.data.columns import conform
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.features import feature_names
from trimaran_runtime.data.normal_form import refuse_unmodelled
from trimaran_runtime.data.parquet import TableWriter
from trimaran_runtime.data.row_hash import Fingerprint
from trimaran_runtime.data.rows import Retyped, Rows
from trimaran_runtime.data.source import open_source
from trimaran_runtime.errors import DataError
from trimaran_runtime.section import Section
from trimaran_runtime.user_code import UserCode

TABLE = "table.parquet"
"""Name of the table's file."""
RECORD = "data.json"
"""Name of the record's file."""


class FirstPlace(Section):
    """Where something was seen first."""

    origin: str
    """File, or what else gave the row."""
    row: int
    """Number of the row in it, from 1."""

    def __str__(self) -> str:
        return f"{self.origin}, row {self.row:,}"


class DataRecord(Section):
    """What the data step read."""

    source: str
    """`module:function`, path or URI."""
    rows: int
    """Number of rows."""
    columns: dict[str, str]
    """Arrow type by column."""
    fingerprint: str
    """Digest of the content: neither the order of rows and files nor their format matters."""
    infinite: dict[str, FirstPlace] = {}
    """First infinite value by column, of those that a model sees; validation tells it."""


def write_table(config: DataConfig, code: UserCode, path: Path) -> DataRecord:
    """Read the rows of a run and write them in normal form, never holding more than a few chunks.

    Args:
        config: the configuration's data section.
        code: the user's code; relative paths start in its folder.
        path: the Parquet file to write.

    Raises:
        DataError: there is nothing to read, it is no table, or columns that the configuration
            names are not in it. Of values that nothing can be learned from validation tells.
        ConfigError: `data.source` names a function that is not there.
        UserCodeError: it raised.
    """
    rows = open_source(config, code)
    try:
        return _write(rows, config, path)
    except Retyped as found:
        return _write(found.rows, config, path)


def refuse_infinite(record: DataRecord) -> None:
    """Raise DataError when there are infinite values: for those who run no validation after."""
    for name, first in record.infinite.items():
        raise DataError(
            f"column {name!r}, row {first.row:,}: the value is infinite",
            where=first.origin,
            next_step="replace infinite values by missing ones or by a bound, or name the column "
            "in data.exclude",
        )


def _write(rows: Rows, config: DataConfig, path: Path) -> DataRecord:
    import pyarrow as pa

    types = dict(rows.types)
    refuse_unmodelled(types, config.source)
    _refuse_absent(list(types), config)
    schema = pa.schema(list(types.items()))
    finite = _finite(types, config)
    content, first = Fingerprint(), ""
    infinite: dict[str, FirstPlace] = {}
    with TableWriter(path, schema) as writer:
        for chunk in rows.chunks():
            first = first or chunk.origin
            table = conform(chunk.table, types, chunk.origin, first)
            for name in finite:
                row = None if name in infinite else _first_infinite(table.column(name))
                if row is not None:
                    infinite[name] = FirstPlace(origin=chunk.origin, row=chunk.first_row + row)
            content.add(table)
            writer.add(table)
    _refuse_few(content.rows, config)
    return DataRecord(
        source=config.source,
        rows=content.rows,
        columns={field.name: str(field.type) for field in schema},
        fingerprint=content.digest(schema),
        infinite=infinite,
    )


def _finite(types: dict[str, Any], config: DataConfig) -> list[str]:
    """Columns that a model sees and that could be infinite."""
    import pyarrow as pa

    seen = [*feature_names(config, list(types)), config.target]
    return [name for name in seen if pa.types.is_floating(types[name])]


def _first_infinite(column: Any) -> int | None:
    """Place of the first infinite value; None: there is none."""
    import pyarrow.compute as pc

    # The extremes of finite numbers are finite: one pass, and no copy.
    extremes = pc.min_max(column).as_py()
    if not {extremes["min"], extremes["max"]} & {float("inf"), float("-inf")}:
        return None
    return int(pc.index(pc.is_inf(column), True).as_py())


def _refuse_few(rows: int, config: DataConfig) -> None:
    if rows == 0:
        raise DataError(
            "gave no rows", where=config.source, next_step="check the filters and the source"
        )
    if rows < config.min_rows:
        raise DataError(
            f"gave {rows} rows",
            where=config.source,
            allowed=f"at least {config.min_rows} (data.min_rows)",
            next_step="give more rows, or lower data.min_rows",
        )


def _refuse_absent(names: list[str], config: DataConfig) -> None:
    named = [("data.target", config.target), ("data.time", config.time), ("data.id", config.id)]
    named += [("data.group", config.group)]
    named += [("data.segments", name) for name in config.segments]
    named += [("data.exclude", name) for name in config.exclude]
    for field, name in named:
        if name is None or name in names:
            continue
        close = difflib.get_close_matches(name, names, n=1)
        raise DataError(
            f"column {name!r} is not in the table that {config.source} gave",
            where=field,
            allowed=_some(names),
            next_step=f"did you mean {close[0]!r}?" if close else "",
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 50} more" if len(names) > 50 else ""
    return ", ".join(names[:50]) + more
