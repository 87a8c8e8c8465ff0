"""Checks of the columns that `data` names: the target, the time, the group and the id."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.config import DataConfig, Task
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.quality import infinite

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.data.table import FirstPlace

MOST_CLASSES = 100
FEWEST_OF_A_CLASS = 10
"""A class with fewer rows cannot be in every split, let alone be judged."""
SMALL_CLASS = 50
"""A class with fewer rows is judged on too few for a verdict to mean much."""


def target(
    table: "pa.Table", data: DataConfig, places: "Mapping[str, FirstPlace] | None" = None
) -> list[Finding]:
    """Missing and infinite labels, one class alone, tiny classes, the wrong task.

    Args:
        table: the rows.
        data: names the target.
        places: first infinite value by column, as the data step met it.
    """
    column = table.column(data.target)
    found = infinite(table, data.target, (places or {}).get(data.target))
    if column.null_count:
        found.append(
            _error(
                data.target,
                "labels",
                f"{column.null_count} of {len(column)} labels are missing",
                "drop rows without a label before returning the table",
            )
        )
    if column.null_count == len(column):
        return found
    check = _classes if data.task is Task.classification else _number
    return found + check(column, data.target)


def time(table: "pa.Table", data: DataConfig) -> list[Finding]:
    """Whether the time column is a time, on every row."""
    import pyarrow as pa

    if data.time is None:
        return []
    column = table.column(data.time)
    if column.null_count:
        evidence = f"{column.null_count} of {len(column)} times are missing"
        found = [_error(data.time, "time", evidence, "drop rows without a time")]
        if column.null_count == len(column):
            return found
    else:
        found = []
    if not (pa.types.is_timestamp(column.type) or pa.types.is_integer(column.type)):
        evidence = f"is of type {column.type}, which has no order in time"
        advice = "parse it into timestamps before returning the table"
        found.append(_error(data.time, "time", evidence, advice))
    elif data.split.gap_days and not pa.types.is_timestamp(column.type):
        evidence = "holds numbers, not times: data.split.gap_days counts no days in it"
        advice = "give it timestamps, or leave gap_days out"
        found.append(_error(data.time, "time", evidence, advice))
    return found


def keys(table: "pa.Table", data: DataConfig) -> list[Finding]:
    """Rows without a group, which may be torn apart, and an id that no row has."""
    found = []
    if data.group is not None and table.column(data.group).null_count:
        evidence = f"{table.column(data.group).null_count} of {table.num_rows} groups are missing"
        found.append(_error(data.group, "keys", evidence, "fill them, or drop rows without one"))
    if data.id is not None and table.column(data.id).null_count == table.num_rows:
        advice = "check how it is written, or leave data.id out"
        found.append(_error(data.id, "keys", f"all {table.num_rows} ids are missing", advice))
    return found


def _classes(column: Any, name: str) -> list[Finding]:
    import pyarrow.compute as pc

    counted = pc.value_counts(column.drop_null()).to_pylist()
    counts = {entry["values"]: entry["counts"] for entry in counted}
    if len(counts) < 2:
        what = ", ".join(repr(label) for label in counts) or "nothing"
        evidence = f"all {len(column)} labels are {what}: there is nothing to tell apart"
        return [_error(name, "classes", evidence, "check how the target is made")]
    if len(counts) > MOST_CLASSES:
        return [
            _error(
                name,
                "classes",
                f"has {len(counts)} distinct labels, more than {MOST_CLASSES}",
                "set data.task: regression if it is a number, or merge classes",
            )
        ]
    found = []
    for label, count in sorted(counts.items(), key=lambda item: item[1]):
        evidence = f"class {label!r} has {count} of {len(column)} rows"
        if count < FEWEST_OF_A_CLASS:
            found.append(_error(name, "classes", evidence, "merge rare classes, or add rows"))
        elif count < SMALL_CLASS:
            found.append(
                Finding(
                    severity=Severity.warning,
                    check="classes",
                    column=name,
                    evidence=f"{evidence}: too few for a verdict to mean much",
                )
            )
    return found


def _number(column: Any, name: str) -> list[Finding]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        evidence = f"is of type {column.type}, and data.task is regression"
        return [_error(name, "target", evidence, "set data.task: classification")]
    if pc.count_distinct(column, mode="only_valid").as_py() < 2:
        evidence = f"all {len(column)} values are equal: there is nothing to predict"
        return [_error(name, "target", evidence, "check how the target is made")]
    return []


def _error(column: str, check: str, evidence: str, advice: str) -> Finding:
    return Finding(
        severity=Severity.error, check=check, column=column, evidence=evidence, advice=advice
    )
