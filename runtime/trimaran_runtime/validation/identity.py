"""Columns that say which row it is, not what it is like: identifiers, counters, groups."""

import numpy as np

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.parts import Parts
from trimaran_runtime.validation.row_keys import distinct_values, value_keys
from trimaran_runtime.validation.separation import spearman

FEWEST_ROWS = 100
NEARLY_UNIQUE = 0.99
"""Share of distinct values from which on a column is an identifier."""
COUNTS = 0.9999
"""Rank correlation with `data.time` from which on a number is a counter."""
_MANY = 1000
"""With at least so many values, each on several rows, a column may name what rows belong to."""


def identifiers(columns: Columns, features: list[str]) -> list[Finding]:
    """Integers and texts that (almost) every row has another value of."""
    import pyarrow as pa

    def judged(name: str) -> Finding | None:
        column = columns[name]
        present = len(column) - column.null_count
        if not (columns.is_text(name) or pa.types.is_integer(column.type)):
            return None
        if present < FEWEST_ROWS:
            return None
        distinct, seen = columns.glance(name)
        if distinct < NEARLY_UNIQUE * seen:
            return None
        distinct = distinct_values(columns, name)
        if distinct < NEARLY_UNIQUE * present:
            return None
        values = (
            f"has a different value in each of {present} rows"
            if distinct == present
            else f"has {distinct} values in {present} rows"
        )
        return _warning(
            "identifier",
            name,
            f"{values}, as an identifier does",
            f"set data.id: {name}, or list it in data.exclude",
        )

    return [found for found in columns.each(features, judged) if found is not None]


def counters(columns: Columns, features: list[str], data: DataConfig) -> list[Finding]:
    """Numbers that rise or fall with the time alone, as a row number does."""
    if data.time is None or not (columns.is_time(data.time) or columns.is_number(data.time)):
        return []
    rows = columns.sample
    times = columns.numbers(data.time, rows)
    if len(rows) < FEWEST_ROWS or np.isnan(times).any():
        return []

    def judged(name: str) -> Finding | None:
        if not columns.is_number(name) or columns[name].null_count:
            return None
        values = columns.numbers(name, rows)
        # A line first: ranks take a sort.
        if not _may_rise(values, times):
            return None
        rho = spearman(values, times)
        if not abs(rho) >= COUNTS:
            return None
        return _warning(
            "counter",
            name,
            f"follows {data.time} (|rank correlation| {abs(rho):.4f}), as a row number does",
            f"list it in data.exclude: new rows have values that no model has seen; if not, "
            f"take its difference to {data.time}",
        )

    return [found for found in columns.each(features, judged) if found is not None]


def groups(columns: Columns, features: list[str], data: DataConfig, parts: Parts) -> list[Finding]:
    """Groups that are in several splits; without `data.group`, columns that may name groups."""
    if data.group is not None:
        return _torn(columns, data.group, parts)

    def judged(name: str) -> Finding | None:
        if not _may_name_groups(columns, name):
            return None
        codes = columns.encoded(name).codes
        test = codes[parts.span("test")]
        if not len(test):
            return None
        known = np.zeros(int(codes.max()) + 1, dtype=bool)
        known[codes[parts.span("train")]] = True
        share = float(known[test].mean())
        if share < 0.5:
            return None
        return Finding(
            severity=Severity.note,
            check="groups",
            column=name,
            evidence=f"{share:.1%} of the test rows have a value that training rows have too",
            advice=f"if rows of one {name} are alike and new ones are to be predicted, "
            f"set data.group: {name}",
        )

    return [found for found in columns.each(features, judged) if found is not None]


def _torn(columns: Columns, group: str, parts: Parts) -> list[Finding]:
    keys = value_keys(columns, group)
    # Rows without a group are told of elsewhere, and belong to none.
    present = np.asarray(columns[group].is_valid())
    spans = {name: parts.span(name) for name in parts.sizes}
    known = {name: np.unique(keys[span][present[span]]) for name, span in spans.items()}
    names = list(known)
    found = []
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            shared = len(np.intersect1d(known[first], known[second], assume_unique=True))
            if shared:
                found.append(
                    Finding(
                        severity=Severity.error,
                        check="groups",
                        column=group,
                        evidence=f"{shared} of {len(known[second])} groups of the {second} rows "
                        f"are among the {first} rows, too",
                        advice="rows of one group (data.group) must be in one split: run the "
                        "split step again, or correct what splits them",
                    )
                )
    return found


def _may_name_groups(columns: Columns, name: str) -> bool:
    if not columns.is_text(name) or not columns.has_few_levels(name):
        return False
    levels = len(columns.encoded(name).levels)
    return levels >= _MANY and columns.rows >= 2 * levels


def _may_rise(values: np.ndarray, times: np.ndarray) -> bool:
    """Whether the quarters' means are in order: sorting all rows can wait for those that are."""
    order = np.argsort(times[:: max(1, len(times) // 1000)], kind="stable")
    some = values[:: max(1, len(times) // 1000)][order]
    means = [part.mean() for part in np.array_split(some, 8)]
    steps = np.diff(means)
    return bool((steps > 0).all() or (steps < 0).all())


def _warning(check: str, column: str, evidence: str, advice: str) -> Finding:
    return Finding(
        severity=Severity.warning, check=check, column=column, evidence=evidence, advice=advice
    )
