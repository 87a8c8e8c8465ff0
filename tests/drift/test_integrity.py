"""The lock's rules, held to traffic."""

import pyarrow as pa
import pytest

from trimaran_runtime.data.config import ColumnType
from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.integrity import Rule, breaches
from trimaran_runtime.drift.verdict import Severity
from trimaran_runtime.validation.lock import ColumnLock, TableLock


def found(values: object, **rules: object) -> list[tuple[Rule, int, Severity]]:
    lock = TableLock(columns=(ColumnLock(name="x", type=ColumnType.text, **rules),))
    current = Profile.of(pa.table({"x": values}))
    return [(breach.rule, breach.rows, breach.severity) for breach in breaches(lock, current)]


@pytest.mark.parametrize(
    ("values", "rules", "expected"),
    [
        (["a", None], {"nullable": False}, [(Rule.never_missing, 1, Severity.alert)]),
        (["a", None], {"max_missing": 0.4}, [(Rule.missing, 1, Severity.warn)]),
        (["a", None], {"max_missing": 0.5}, []),
        (["a", "b", "a", "a"], {"unique": True}, [(Rule.unique, 2, Severity.alert)]),
        (["a", "b"], {"unique": True}, []),
        ([1.0, 5.0, 40.0], {"minimum": 0, "maximum": 10}, [(Rule.range, 1, Severity.warn)]),
        ([-4.9, 14.9], {"minimum": 0, "maximum": 10}, []),
        ([-9.0, -8.0, 3.0], {"minimum": 0, "maximum": 10}, [(Rule.range, 2, Severity.warn)]),
        (["a", "z"], {"categories": {"a": 1.0}}, [(Rule.levels, 1, Severity.alert)]),
        (["a"] * 99 + ["z"], {"categories": {"a": 1.0}}, [(Rule.levels, 1, Severity.warn)]),
        (["a"], {"categories": {"a": 0.5, "b": 0.5}}, []),
    ],
)
def test_a_rule_is_broken_by_a_row(
    values: object, rules: dict[str, object], expected: list[tuple[Rule, int, Severity]]
) -> None:
    assert found(values, **rules) == expected


def test_a_column_that_is_not_recorded_breaks_nothing() -> None:
    lock = TableLock(columns=(ColumnLock(name="y", type=ColumnType.text, nullable=False),))
    assert breaches(lock, Profile.of(pa.table({"x": ["a"]}))) == ()
