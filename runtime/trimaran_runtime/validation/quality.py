"""Checks of the values of each column: missing, infinite, constant."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.config import ValidationConfig
from trimaran_runtime.validation.finding import Finding, Severity

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.data.table import FirstPlace


def features(
    columns: Columns,
    names: list[str],
    config: ValidationConfig,
    places: "Mapping[str, FirstPlace]",
) -> list[Finding]:
    """Missing shares, infinite values and constant columns among the features.

    Args:
        columns: the rows.
        names: of the features.
        config: `max_missing`.
        places: first infinite value by column, as the data step met it.
    """

    def judged(name: str) -> list[Finding]:
        column = columns[name]
        return [
            *_missing(column, name, config),
            *infinite(columns.table, name, places.get(name)),
            *_constant(column, name),
        ]

    return [finding for found in columns.each(names, judged) for finding in found]


def infinite(table: "pa.Table", name: str, first: "FirstPlace | None" = None) -> list[Finding]:
    """Infinite values of a column, and where the first one is."""
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
            evidence=f"{count} of {len(column)} values are infinite"
            + (f", the first in {first}" if first else ""),
            advice="replace them by missing values or by a bound, or list it in data.exclude",
        )
    ]


def _missing(column: Any, name: str, config: ValidationConfig) -> list[Finding]:
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


def _constant(column: Any, name: str) -> list[Finding]:
    import pyarrow.compute as pc

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
