"""Rules of the lock, held to the traffic: values the model was never meant to see."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from trimaran_runtime.drift.key import edges
from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.summary import Summary
from trimaran_runtime.drift.verdict import Severity
from trimaran_runtime.validation.lock import ColumnLock, TableLock

_NAMED = 3


class Rule(StrEnum):
    """What a lock says of a column."""

    never_missing = "never_missing"
    """`nullable: false`."""
    missing = "missing"
    """`max_missing`."""
    unique = "unique"
    """`unique: true`."""
    range = "range"
    """`minimum`, `maximum` and the table's `slack`."""
    levels = "levels"
    """`categories` and the table's `max_unknown`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A rule that traffic broke.

    Attributes:
        column: the column.
        rule: what was broken.
        rows: rows that break it, at least.
        severity: `alert` where the lock makes an error of it, else `warn`.
        sentence: the breach in words.
    """

    column: str
    rule: Rule
    rows: int
    severity: Severity
    sentence: str


def breaches(lock: TableLock, current: Profile) -> tuple[Breach, ...]:
    """What of the lock the current rows break, worst first.

    These are facts about the rows, not estimates: one row breaks a rule. Numbers are not held to
    `unique`, for a histogram cannot tell equal ones from neighbours.
    """
    found = [
        breach
        for column in lock.columns
        if (summary := current.columns.get(column.name)) is not None and summary.rows
        for breach in _column(lock, column, summary)
    ]
    return tuple(sorted(found, key=lambda b: (-b.severity.rank, -b.rows, b.column, b.rule)))


def _column(lock: TableLock, column: ColumnLock, summary: Summary) -> Iterator[Breach]:
    missing = summary.missing
    if missing and not column.nullable:
        yield _breach(column, Rule.never_missing, missing, Severity.alert, "missing")
    elif column.max_missing is not None and missing > column.max_missing * summary.rows:
        told = f"missing, {column.max_missing:.2%} may be"
        yield _breach(column, Rule.missing, missing, Severity.warn, told)
    if isinstance(summary, LevelSummary) and summary.buckets is None:
        if column.unique and (repeats := sum(n - 1 for n in summary.levels.values())):
            yield _breach(column, Rule.unique, repeats, Severity.alert, "repeated")
        if column.categories is not None:
            yield from _levels(lock, column, column.categories, summary)
    elif isinstance(summary, NumberSummary) and summary.kind == "number":
        yield from _range(lock, column, summary)


def _levels(
    lock: TableLock, column: ColumnLock, known: dict[str, float], summary: LevelSummary
) -> Iterator[Breach]:
    unknown = {name: rows for name, rows in summary.levels.items() if name not in known}
    if rows := sum(unknown.values()):
        error = rows > lock.max_unknown * summary.present
        names = sorted(unknown, key=lambda name: (-unknown[name], name))[:_NAMED]
        told = f"of levels that are not listed ({', '.join(map(repr, names))})"
        severity = Severity.alert if error else Severity.warn
        yield _breach(column, Rule.levels, rows, severity, told)


def _range(lock: TableLock, column: ColumnLock, summary: NumberSummary) -> Iterator[Breach]:
    low, high = column.minimum, column.maximum
    if low is None or high is None or summary.minimum is None or summary.maximum is None:
        return
    room = lock.slack * (high - low)
    below, above = summary.minimum < low - room, summary.maximum > high + room
    if below or above:
        least, most = edges(summary.keys, summary.centre)
        beyond = np.where((most < low - room) | (least > high + room), summary.counts, 0)
        rows = max(int(beyond.sum()), int(below) + int(above))
        told = f"beyond {low:.4g} to {high:.4g} by more than {room:.4g}"
        yield _breach(column, Rule.range, rows, Severity.warn, told)


def _breach(column: ColumnLock, rule: Rule, rows: int, severity: Severity, told: str) -> Breach:
    return Breach(
        column=column.name,
        rule=rule,
        rows=rows,
        severity=severity,
        sentence=f"{column.name}: {rows:,} {'value is' if rows == 1 else 'values are'} {told}",
    )
