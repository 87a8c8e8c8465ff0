"""Which columns a model sees, and what kind of column each one is."""

from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.config import ColumnType, DataConfig

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MOST_LEVELS = 10_000
"""Texts with more distinct values than this are text, not a category."""


def feature_names(config: DataConfig, columns: list[str]) -> list[str]:
    """Feature columns in the order of the table.

    Everything is a feature but the target, the time, the id, the group, and what `data.exclude`
    and `data.known_later` name.
    """
    others = {config.target, config.time, config.id, config.group}
    others |= {*config.exclude, *config.known_later}
    return [name for name in columns if name not in others]


def column_type(column: Any) -> ColumnType:
    """Logical type of a column in normal form.

    A text whose values are mostly distinct (more than half of the rows, or than `MOST_LEVELS`) is
    `text`; other texts are a `category`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_boolean(column.type):
        return ColumnType.boolean
    if pa.types.is_integer(column.type):
        return ColumnType.integer
    if pa.types.is_floating(column.type):
        return ColumnType.number
    if pa.types.is_timestamp(column.type):
        return ColumnType.timestamp
    present = len(column) - column.null_count
    distinct = pc.count_distinct(column, mode="only_valid").as_py()
    mostly_distinct = present >= 100 and distinct > present / 2
    return ColumnType.text if mostly_distinct or distinct > MOST_LEVELS else ColumnType.category


def to_frame(table: "pa.Table", columns: list[str]) -> "pd.DataFrame":
    """A pandas frame of the named columns, in that order.

    Numbers are float64 (integers int64 while none is missing), texts `str`, booleans bool (object
    when some are missing), timestamps without a zone. The server builds the same from a request.
    """
    frame: pd.DataFrame = table.select(columns).to_pandas()
    return frame
