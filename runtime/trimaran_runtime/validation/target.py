"""Checks of the target and of the time column."""

from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.config import DataConfig, Task
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.quality import infinite

if TYPE_CHECKING:
    import pyarrow as pa

MOST_CLASSES = 100
FEWEST_OF_A_CLASS = 10
"""A class with fewer rows cannot be in every split, let alone be judged."""
SMALL_CLASS = 50
"""A class with fewer rows is judged on too few for a verdict to mean much."""


def target(table: "pa.Table", data: DataConfig) -> list[Finding]:
    """Missing and infinite labels, one class alone, tiny classes, the wrong task."""
    column = table.column(data.target)
    found = infinite(table, data.target)
    if column.null_count:
        found.append(
            _error(
                data.target,
                "labels",
                f"{column.null_count} of {len(column)} labels are missing",
                "drop rows without a label before returning the table",
            )
        )
    check = _classes if data.task is Task.classification else _number
    return found + check(column, data.target)


def time(table: "pa.Table", data: DataConfig) -> list[Finding]:
    """Whether the time column is a time, on every row."""
    import pyarrow as pa

    if data.time is None:
        return []
    column = table.column(data.time)
    if not (pa.types.is_timestamp(column.type) or pa.types.is_integer(column.type)):
        evidence = f"is of type {column.type}, which has no order in time"
        advice = "parse it into timestamps before returning the table"
        return [_error(data.time, "time", evidence, advice)]
    if column.null_count:
        evidence = f"{column.null_count} of {len(column)} times are missing"
        return [_error(data.time, "time", evidence, "drop rows without a time")]
    return []


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
