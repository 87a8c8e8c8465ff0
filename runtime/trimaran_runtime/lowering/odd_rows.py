"""Rows that nobody sends twice: where a lowered form could part from its original."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from trimaran_runtime.registry.release import Feature

MOST_TIES = 200
"""Places between two neighbouring values of a column that are tried, each from three sides."""
_HUGE = (1.7976931348623157e308, 1e30, 5e-324, 0.0)
_WHOLE = (-(2**63), 2**63 - 1, 2**53 + 1, 0, 1, -1)
_TIMES = (datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1970, 1, 1))  # noqa: DTZ001
_TEXTS = ("", "never seen before", "nan", "None", "0")


def odd_rows(features: Sequence[Feature], values: Sequence[list[Any]]) -> list[list[Any]]:
    """Rows made of those of the data with one value replaced at a time, and of odd values alone.

    Trees split between two neighbouring values, or at one of them: the middle of every two, and
    what lies next to it on both sides, are among the values.

    Args:
        features: the columns.
        values: rows of the data by column, as a model gets them.

    Returns:
        Rows by column.
    """
    odd = [list(_odd(feature, column)) for feature, column in zip(features, values, strict=True)]
    made: list[list[Any]] = [[] for _ in features]
    count, at = len(values[0]), 0
    for place, others in enumerate(odd):
        for value in others:
            for column, given in enumerate(values):
                made[column].append(value if column == place else given[at % count])
            at += 1
    for row in range(max(map(len, odd))):
        for column, others in enumerate(odd):
            made[column].append(others[row % len(others)])
    return made


def _odd(feature: Feature, given: Sequence[Any]) -> Iterator[Any]:
    if feature.nullable:
        yield None
    match feature.type:
        case "number":
            yield from (sign * value for value in _HUGE for sign in (1, -1))
            yield from _ties(given)
        case "integer":
            yield from _WHOLE
            yield from (round(tie) for tie in _ties(given))
        case "boolean":
            yield from (True, False)
        case "timestamp":
            yield from _TIMES
        case _:
            yield from _TEXTS
            yield from sorted({value for value in given if value is not None})[:MOST_TIES]


def _ties(given: Sequence[Any]) -> Iterator[float]:
    present = sorted({float(v) for v in given if v is not None and math.isfinite(v)})
    step = max(1, len(present) // MOST_TIES)
    for low, high in zip(present[::step], present[1::step], strict=False):
        middle = (low + high) / 2
        if math.isfinite(middle):
            yield from (math.nextafter(middle, -math.inf), middle, math.nextafter(middle, math.inf))
