"""Checks of the values: missing, constant, infinite, repeated rows, identifiers."""

from typing import TYPE_CHECKING

import numpy as np

from trimaran_runtime.data.config import ColumnType, DataConfig
from trimaran_runtime.data.features import column_type
from trimaran_runtime.data.row_hash import row_hashes
from trimaran_runtime.validation.config import ValidationConfig
from trimaran_runtime.validation.finding import Finding, Severity

if TYPE_CHECKING:
    import pyarrow as pa

_FEWEST_IDENTIFIERS = 100


def features(table: "pa.Table", names: list[str], config: ValidationConfig) -> list[Finding]:
    """Missing shares, constant columns, infinite values and identifiers among the features."""
    found = []
    for name in names:
        found += [*_missing(table, name, config), *infinite(table, name)]
        found += [*_constant(table, name), *_identifier(table, name)]
    return found


def duplicates(table: "pa.Table", data: DataConfig, config: ValidationConfig) -> list[Finding]:
    """Rows that repeat another row in every column but the id."""
    columns = [name for name in table.column_names if name != data.id]
    repeated = table.num_rows - len(np.unique(row_hashes(table, columns)))
    share = repeated / table.num_rows
    if not repeated:
        return []
    over = share > config.max_duplicates
    return [
        Finding(
            severity=Severity.error if over else Severity.note,
            check="duplicates",
            column=None,
            evidence=f"{repeated} of {table.num_rows} rows ({share:.2%}) repeat another row "
            f"exactly; at most {config.max_duplicates:.1%} are allowed",
            advice="drop them, or raise validation.max_duplicates" if over else "",
        )
    ]


def infinite(table: "pa.Table", name: str) -> list[Finding]:
    """Infinite values of a column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table.column(name)
    if not pa.types.is_floating(column.type):
        return []
    count = pc.sum(pc.is_inf(column)).as_py() or 0
    if not count:
        return []
    return [
        Finding(
            severity=Severity.error,
            check="infinite",
            column=name,
            evidence=f"{count} of {len(column)} values are infinite",
            advice="replace them by missing values or by a bound",
        )
    ]


def _missing(table: "pa.Table", name: str, config: ValidationConfig) -> list[Finding]:
    column = table.column(name)
    share = column.null_count / len(column)
    if share <= config.max_missing:
        return []
    return [
        Finding(
            severity=Severity.error,
            check="missing",
            column=name,
            evidence=f"{share:.1%} of the values are missing; "
            f"at most {config.max_missing:.1%} are allowed",
            advice="drop the column, fill it, or raise validation.max_missing",
        )
    ]


def _constant(table: "pa.Table", name: str) -> list[Finding]:
    import pyarrow.compute as pc

    column = table.column(name)
    # The first rows tell of almost every column that it varies.
    if pc.count_distinct(column.slice(0, 1000), mode="all").as_py() > 1:
        return []
    if pc.count_distinct(column, mode="all").as_py() > 1:
        return []
    return [
        Finding(
            severity=Severity.note,
            check="constant",
            column=name,
            evidence=f"has one value in all {len(column)} rows: {column[0].as_py()!r}",
            advice="drop it: it tells the model nothing",
        )
    ]


def _identifier(table: "pa.Table", name: str) -> list[Finding]:
    import pyarrow.compute as pc

    column = table.column(name)
    kind = column_type(column)
    present = len(column) - column.null_count
    if kind not in {ColumnType.integer, ColumnType.text} or present < _FEWEST_IDENTIFIERS:
        return []
    if pc.count_distinct(column, mode="only_valid").as_py() < present:
        return []
    return [
        Finding(
            severity=Severity.warning,
            check="identifier",
            column=name,
            evidence=f"has a different value in each of {present} rows, as an identifier does",
            advice=f"set data.id: {name}, or list it in data.exclude",
        )
    ]
