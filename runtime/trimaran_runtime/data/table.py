"""The table of a run: read, brought into normal form, and checked for what the run names."""

import difflib
from typing import TYPE_CHECKING

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.normal_form import normalise
from trimaran_runtime.data.row_hash import fingerprint
from trimaran_runtime.data.source import as_table, is_function, read_file, refuse_repeated
from trimaran_runtime.errors import DataError
from trimaran_runtime.section import Section
from trimaran_runtime.user_code import UserCode

if TYPE_CHECKING:
    import pyarrow as pa

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
    """Digest of the content; the order of rows does not matter."""


def read_table(config: DataConfig, code: UserCode) -> "pa.Table":
    """Read the rows of a run, in normal form.

    Args:
        config: the configuration's data section.
        code: the user's code; relative paths start in its folder.

    Raises:
        DataError: there is nothing to read, it is no table, or columns that the configuration
            names are not in it.
        ConfigError: `data.source` names a function that is not there.
        UserCodeError: it raised.
    """
    if is_function(config.source):
        function = code.function(config.source)
        with code.told_as_its_own(config.source):
            result = function()
        table = as_table(result, config.source)
    else:
        table = read_file(config.source, code.folder)
    refuse_repeated(list(table.column_names), config.source)
    _refuse_few(table, config)
    _refuse_absent(table, config)
    return normalise(table, config.source)


def record_of(table: "pa.Table", config: DataConfig) -> DataRecord:
    """Describe a table in normal form."""
    return DataRecord(
        source=config.source,
        rows=table.num_rows,
        columns={field.name: str(field.type) for field in table.schema},
        fingerprint=fingerprint(table),
    )


def _refuse_few(table: "pa.Table", config: DataConfig) -> None:
    if table.num_rows == 0:
        raise DataError(
            "gave no rows", where=config.source, next_step="check the filters and the source"
        )
    if table.num_rows < config.min_rows:
        raise DataError(
            f"gave {table.num_rows} rows",
            where=config.source,
            allowed=f"at least {config.min_rows} (data.min_rows)",
            next_step="give more rows, or lower data.min_rows",
        )


def _refuse_absent(table: "pa.Table", config: DataConfig) -> None:
    named = [("data.target", config.target), ("data.time", config.time), ("data.id", config.id)]
    named += [("data.segments", name) for name in config.segments]
    named += [("data.exclude", name) for name in config.exclude]
    for field, name in named:
        if name is None or name in table.column_names:
            continue
        close = difflib.get_close_matches(name, table.column_names, n=1)
        raise DataError(
            f"column {name!r} is not in the table that {config.source} gave",
            where=field,
            allowed=", ".join(table.column_names),
            next_step=f"did you mean {close[0]!r}?" if close else "",
        )
