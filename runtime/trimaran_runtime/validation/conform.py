"""Holds a table to its lock: every difference that matters is a finding."""

import difflib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np

from trimaran_runtime.data.config import ColumnType, DataConfig
from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.infer import magnitude, percentiles, shares, type_of
from trimaran_runtime.validation.lock import ColumnLock, TableLock
from trimaran_runtime.validation.row_keys import distinct_values
from trimaran_runtime.validation.timing import parsed

_SAME = {
    ColumnType.integer: {ColumnType.integer},
    ColumnType.number: {ColumnType.number, ColumnType.integer},
    ColumnType.boolean: {ColumnType.boolean},
    ColumnType.timestamp: {ColumnType.timestamp},
    ColumnType.category: {ColumnType.category, ColumnType.text},
    ColumnType.text: {ColumnType.category, ColumnType.text},
}
"""Types that a column may have, by the type that was locked."""
_SWAPPED = 0.05
"""Share of rows that may be left unexplained when exchanged levels explain the rest."""
_LEAST_SWAP = 0.15
"""Share of rows that must have moved before an exchange of levels is looked for."""
_MOST_SHOWN = 5
_UPDATE = "correct the source, or accept it with `trimaran lock --update`"


def conform(columns: Columns, lock: TableLock, data: DataConfig, source_rows: int) -> list[Finding]:
    """Every way in which a table differs from its lock.

    Args:
        columns: the rows.
        lock: what they must look like.
        data: names the time and what is excluded.
        source_rows: rows of the source, those in no split included.
    """
    found = [*_rows(source_rows, lock), *_names(columns, lock, data), *_time(columns, lock, data)]
    there = [entry for entry in lock.columns if entry.name in columns.table.column_names]
    for entries in columns.each(there, lambda entry: list(_column(columns, entry, lock))):
        found += entries
    return found


def _rows(rows: int, lock: TableLock) -> Iterator[Finding]:
    if lock.rows is None:
        return
    if rows < lock.rows.minimum:
        evidence = f"{rows} rows, fewer than the {lock.rows.minimum} of the lock"
        yield _finding(Severity.error, "lock-rows", None, evidence)
    if rows > lock.rows.maximum:
        evidence = f"{rows} rows, more than the {lock.rows.maximum} of the lock"
        yield _finding(Severity.warning, "lock-rows", None, evidence)


def _names(columns: Columns, lock: TableLock, data: DataConfig) -> Iterator[Finding]:
    there = list(columns.table.column_names)
    locked = {entry.name: entry for entry in lock.columns}
    new = [name for name in there if name not in locked]
    for name, entry in locked.items():
        if name not in there:
            yield _finding(
                Severity.error,
                "lock-columns",
                name,
                f"is in the lock and not in the table{_renamed(columns, entry, new)}",
            )
    for name in new:
        severity = Severity.warning if name in data.exclude else Severity.error
        evidence = "is in the table and not in the lock"
        advice = f"list it in data.exclude, or accept it with `trimaran lock --update`: {name!r} "
        advice += "would become a feature that nobody looked at"
        yield Finding(
            severity=severity, check="lock-columns", column=name, evidence=evidence, advice=advice
        )
    order = [name for name in there if name in locked]
    wanted = [name for name in locked if name in there]
    if lock.ordered and order != wanted:
        moved = next(have for have, want in zip(order, wanted, strict=True) if have != want)
        yield Finding(
            severity=Severity.error,
            check="lock-order",
            column=moved,
            evidence="stands where the lock has another column: the order has changed, and a "
            "request that gives values by position would be read wrongly",
            advice="restore the order, accept it with `trimaran lock --update`, or set "
            "`ordered: false` in the lock",
        )


def _renamed(columns: Columns, entry: ColumnLock, new: list[str]) -> str:
    """What a missing column may be called now; empty: nothing of its type is new."""
    alike = [name for name in new if type_of(columns, name) in _SAME[entry.type]]
    close = difflib.get_close_matches(entry.name, alike, n=1) or alike[:1]
    return f"; {close[0]!r} is new and of its type: was it renamed?" if close else ""


def _time(columns: Columns, lock: TableLock, data: DataConfig) -> Iterator[Finding]:
    if lock.time is None or data.time is None or not columns.is_time(data.time):
        return
    first, last = columns.extremes(data.time)
    if first is None:
        return
    earliest, newest = parsed(lock.time.earliest), parsed(lock.time.newest)
    if last < newest:
        evidence = (
            f"ends at {last.isoformat()}, before the {newest.isoformat()} of the lock: it is stale"
        )
        yield _finding(Severity.error, "lock-time", data.time, evidence)
    span = max(newest - earliest, timedelta(days=1))
    if first < earliest - span:
        evidence = (
            f"begins at {first.isoformat()}, long before the {earliest.isoformat()} of the lock"
        )
        yield _finding(Severity.error, "lock-time", data.time, evidence)


def _column(columns: Columns, entry: ColumnLock, lock: TableLock) -> Iterator[Finding]:
    column, name = columns[entry.name], entry.name
    if column.null_count == len(column) and entry.nullable:
        return  # of what type it was cannot be seen; `missing` tells how many are
    kind = type_of(columns, name)
    if kind not in _SAME[entry.type]:
        evidence = f"is of type {kind}, and was {entry.type} when it was locked"
        yield _finding(Severity.error, "lock-type", name, evidence)
        return
    yield from _missing(column, entry)
    if entry.unique:
        yield from _unique(columns, name)
    if columns.is_number(name):
        yield from _range(columns, entry, lock)
        yield from _scale(columns, entry, lock)
    if entry.categories is not None:
        yield from _levels(columns, entry, entry.categories, lock)


def _missing(column: Any, entry: ColumnLock) -> Iterator[Finding]:
    if not column.null_count:
        return
    share = column.null_count / len(column)
    evidence = f"{column.null_count} of {len(column)} values ({share:.1%}) are missing"
    if not entry.nullable:
        yield _finding(
            Severity.error, "lock-missing", entry.name, f"{evidence}; none was in the lock"
        )
    elif entry.max_missing is not None and share > entry.max_missing:
        evidence += f"; the lock expects at most {entry.max_missing:.1%}"
        yield _finding(Severity.warning, "lock-missing", entry.name, evidence)


def _unique(columns: Columns, name: str) -> Iterator[Finding]:
    present = columns.rows - columns[name].null_count
    distinct = distinct_values(columns, name)
    if distinct < present:
        evidence = f"{present - distinct} of {present} values repeat another; in the lock none may"
        yield _finding(Severity.error, "lock-unique", name, evidence)


def _range(columns: Columns, entry: ColumnLock, lock: TableLock) -> Iterator[Finding]:
    import pyarrow.compute as pc

    least, most = columns.extremes(entry.name)
    if least is None:
        return
    low = -np.inf if entry.minimum is None else entry.minimum
    high = np.inf if entry.maximum is None else entry.maximum
    room = lock.slack * (high - low) if np.isfinite(high - low) else 0.0
    low, high = low - room, high + room
    if low <= least and most <= high:
        return
    column = columns[entry.name]
    outside = sum(
        pc.sum(found).as_py() or 0 for found in (pc.less(column, low), pc.greater(column, high))
    )
    evidence = (
        f"{outside} of {len(column)} values lie outside of {low:g} to {high:g} "
        f"(the lock's range and its slack): they reach from {least:g} to {most:g}"
    )
    yield _finding(Severity.warning, "lock-range", entry.name, evidence)


def _scale(columns: Columns, entry: ColumnLock, lock: TableLock) -> Iterator[Finding]:
    """Another unit, or a middle that has moved; seen on at most 50,000 rows."""
    if entry.magnitude is None and entry.typical is None:
        return
    values = columns.numbers(entry.name, columns.sample)
    size = magnitude(values)
    if entry.magnitude is not None and size is not None:
        factor = size / entry.magnitude
        if not 1 / lock.max_scale <= factor <= lock.max_scale:
            evidence = (
                f"is {factor:.3g} times as large as in the lock (median size {size:.4g}, was "
                f"{entry.magnitude:.4g}): has its unit changed?"
            )
            yield _finding(Severity.error, "lock-scale", entry.name, evidence)
            return
    now = percentiles(values)
    if entry.typical is not None and now is not None:
        low, _, high = entry.typical
        if not low <= now[1] <= high:
            evidence = (
                f"has the median {now[1]:.4g}, outside of {low:.4g} to {high:.4g}, where nine "
                "in ten values of the lock lie"
            )
            yield _finding(Severity.warning, "lock-range", entry.name, evidence)


def _levels(
    columns: Columns, entry: ColumnLock, locked: dict[str, float], lock: TableLock
) -> Iterator[Finding]:
    now = shares(columns, entry.name)
    unknown = {level: share for level, share in now.items() if level not in locked}
    if unknown:
        share = sum(unknown.values())
        over = share > lock.max_unknown
        yield _finding(
            Severity.error if over else Severity.warning,
            "lock-categories",
            entry.name,
            f"{share:.2%} of the rows have levels that are not in the lock: {_shown(unknown)}; "
            f"at most {lock.max_unknown:.1%} are allowed",
        )
        return
    moved = _distance(now, locked)
    swapped = _exchanged(now, locked) if moved >= _LEAST_SWAP else ""
    if swapped:
        evidence = f"its levels have the shares of others in the lock ({swapped}): was it recoded?"
        yield _finding(Severity.error, "lock-categories", entry.name, evidence)
    elif moved > lock.max_mix:
        evidence = f"{moved:.1%} of the rows have moved to other levels since it was locked"
        yield _finding(Severity.warning, "lock-categories", entry.name, evidence)


def _distance(now: dict[str, float], locked: dict[str, float]) -> float:
    """Total variation distance of the shares, 0 to 1."""
    return sum(abs(now.get(level, 0.0) - locked.get(level, 0.0)) for level in now | locked) / 2


def _exchanged(now: dict[str, float], locked: dict[str, float]) -> str:
    """Levels whose shares fit once they are exchanged, in words; empty: they do not fit."""
    # The n-th most frequent level now against the n-th most frequent one then.
    first = sorted(now, key=lambda level: (-now[level], level))
    second = sorted(locked, key=lambda level: (-locked[level], level))
    renamed = dict(zip(first, second, strict=False))
    if _distance({renamed[level]: now[level] for level in first}, locked) > _SWAPPED:
        return ""
    pairs = {level: old for level, old in renamed.items() if level != old}
    shown = list(pairs.items())[:_MOST_SHOWN]
    return ", ".join(f"{level!r} those of {old!r}" for level, old in shown)


def _shown(unknown: dict[str, float]) -> str:
    shown = ", ".join(repr(level) for level in list(unknown)[:_MOST_SHOWN])
    more = f" and {len(unknown) - _MOST_SHOWN} more" if len(unknown) > _MOST_SHOWN else ""
    return shown + more


def _finding(severity: Severity, check: str, column: str | None, evidence: str) -> Finding:
    advice = "" if severity is Severity.note else _UPDATE
    return Finding(severity=severity, check=check, column=column, evidence=evidence, advice=advice)
