"""The user's own rules: `data.columns`."""

from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.config import ColumnRule, ColumnType, DataConfig
from trimaran_runtime.data.features import column_type
from trimaran_runtime.validation.finding import Finding, Severity

if TYPE_CHECKING:
    import pyarrow as pa

_SATISFIES = {
    ColumnType.integer: {ColumnType.integer, ColumnType.number, ColumnType.category},
    ColumnType.number: {ColumnType.number},
    ColumnType.boolean: {ColumnType.boolean, ColumnType.category},
    ColumnType.category: {ColumnType.category, ColumnType.text},
    ColumnType.text: {ColumnType.text, ColumnType.category},
    ColumnType.timestamp: {ColumnType.timestamp},
}
"""Types that a rule may ask for, by the type a column has."""
_MOST_SHOWN = 5


def column_rules(table: "pa.Table", data: DataConfig) -> list[Finding]:
    """Every violation of `data.columns`."""
    found = []
    for name, rule in data.columns.items():
        if name not in table.column_names:
            found.append(_error("absent", name, "has a rule in data.columns and is not there"))
            continue
        column = table.column(name)
        found += _type(column, name, rule)
        if not rule.nullable and column.null_count:
            evidence = f"{column.null_count} of {len(column)} values are missing; none may be"
            found.append(_error("missing", name, evidence))
        found += [*_range(column, name, rule), *_categories(column, name, rule)]
    return found


def _type(column: Any, name: str, rule: ColumnRule) -> list[Finding]:
    if rule.type is None:
        return []
    kind = column_type(column)
    if rule.type in _SATISFIES[kind]:
        return []
    return [_error("type", name, f"is of type {kind}, wanted {rule.type}")]


def _range(column: Any, name: str, rule: ColumnRule) -> list[Finding]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if rule.minimum is None and rule.maximum is None:
        return []
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return [_error("range", name, f"has a minimum or maximum and is of type {column.type}")]
    found = []
    for limit, compare, word in (
        (rule.minimum, pc.less, "below the minimum"),
        (rule.maximum, pc.greater, "above the maximum"),
    ):
        count = 0 if limit is None else pc.sum(compare(column, limit)).as_py() or 0
        if count:
            found.append(_error("range", name, f"{count} values are {word} {limit:g}"))
    return found


def _categories(column: Any, name: str, rule: ColumnRule) -> list[Finding]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if rule.categories is None:
        return []
    levels = pc.unique(column.drop_null()).cast(pa.string()).to_pylist()
    unknown = sorted(set(levels) - set(rule.categories))
    if not unknown:
        return []
    shown = ", ".join(repr(level) for level in unknown[:_MOST_SHOWN])
    more = f" and {len(unknown) - _MOST_SHOWN} more" if len(unknown) > _MOST_SHOWN else ""
    return [_error("categories", name, f"has levels that are not allowed: {shown}{more}")]


def _error(check: str, name: str, evidence: str) -> Finding:
    return Finding(
        severity=Severity.error,
        check=check,
        column=name,
        evidence=evidence,
        advice=f"correct the data, or the rule in data.columns.{name}",
    )
