"""The table of a run: read, brought into normal form, checked and written, chunk by chunk."""

import difflib
from pathlib import Path
from typing import Any

from trimaran_runtime.data.columns import conform
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.features import feature_names
from trimaran_runtime.data.parquet import TableWriter
from trimaran_runtime.data.row_hash import Fingerprint
from trimaran_runtime.data.rows import Chunk, Retyped, Rows
from trimaran_runtime.data.source import open_source
from trimaran_runtime.errors import DataError
from trimaran_runtime.section import Section
from trimaran_runtime.user_code import UserCode

TABLE = "table.parquet"
"""Name of the table's file."""
RECORD = "data.json"
"""Name of the record's file."""


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


def write_table(config: DataConfig, code: UserCode, path: Path) -> DataRecord:
    """Read the rows of a run and write them in normal form, never holding more than a few chunks.

    Args:
        config: the configuration's data section.
        code: the user's code; relative paths start in its folder.
        path: the Parquet file to write.

    Raises:
        DataError: there is nothing to read, it is no table, or columns that the configuration
            names are not in it, or hold values that nothing can be learned from.
        ConfigError: `data.source` names a function that is not there.
        UserCodeError: it raised.
    """
    rows = open_source(config, code)
    try:
        return _write(rows, config, path)
    except Retyped as found:
        return _write(found.rows, config, path)


def _write(rows: Rows, config: DataConfig, path: Path) -> DataRecord:
    import pyarrow as pa

    types = dict(rows.types)
    _refuse_absent(list(types), config)
    schema = pa.schema(list(types.items()))
    finite = _finite(types, config)
    content, first = Fingerprint(), ""
    present = dict.fromkeys(_named(config), 0)
    with TableWriter(path, schema) as writer:
        for chunk in rows.chunks():
            first = first or chunk.origin
            table = conform(chunk.table, types, chunk.origin, first)
            for name in finite:
                _refuse_infinite(table.column(name), name, chunk)
            for name in present:
                present[name] += table.num_rows - table.column(name).null_count
            content.add(table)
            writer.add(table)
    _refuse_few(content.rows, config)
    _refuse_all_missing(present, config)
    return DataRecord(
        source=config.source,
        rows=content.rows,
        columns={field.name: str(field.type) for field in schema},
        fingerprint=content.digest(schema),
    )


def _finite(types: dict[str, Any], config: DataConfig) -> list[str]:
    """Columns that a model sees and that could be infinite."""
    import pyarrow as pa

    seen = [*feature_names(config, list(types)), config.target]
    return [name for name in seen if pa.types.is_floating(types[name])]


def _refuse_infinite(column: Any, name: str, chunk: Chunk) -> None:
    import pyarrow.compute as pc

    # The extremes of finite numbers are finite: one pass, and no copy.
    extremes = pc.min_max(column).as_py()
    if not {extremes["min"], extremes["max"]} & {float("inf"), float("-inf")}:
        return
    place = pc.index(pc.is_inf(column), True).as_py()
    raise DataError(
        f"column {name!r}, row {chunk.first_row + place:,}: the value is infinite",
        where=chunk.origin,
        next_step="replace infinite values by missing ones or by a bound, or name the column in "
        "data.exclude",
    )


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


def _refuse_all_missing(present: dict[str, int], config: DataConfig) -> None:
    """Whether a feature may be missing everywhere is for validation to say; these may not."""
    for name, count in present.items():
        if count == 0:
            raise DataError(
                f"column {name!r} has no value in any row",
                where=config.source,
                next_step="check how it is written, or name another column in data",
            )


def _named(config: DataConfig) -> list[str]:
    return [name for name in (config.target, config.time, config.id, config.group) if name]


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
