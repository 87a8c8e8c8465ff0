"""Functions inside the built-in learners' models: columns as they come, made into numbers.

A model file names these functions, it holds no code; so a released model needs them under their
names, and what they compute must never change.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DAY_US = 86_400_000_000
_WEEK_DAYS = 7
_YEAR_DAYS = 365.2425
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday, with Monday as 0."""


def numbers(frame: Any) -> Floats:
    """(n, d) numbers and booleans as floats; what is missing or infinite becomes NaN."""
    values = np.column_stack([np.asarray(frame[name], dtype=np.float64) for name in frame.columns])
    values[~np.isfinite(values)] = np.nan
    return values


def calendar(frame: Any) -> Floats:
    """(n, 7 d) days since 1970, and the phases of day, week and year as sine and cosine.

    NaN where the time is missing.
    """
    parts: list[Floats] = []
    for name in frame.columns:
        times = np.asarray(frame[name], dtype="datetime64[us]")
        days = times.astype(np.int64) / _DAY_US
        days[np.isnat(times)] = np.nan
        parts.append(days)
        for phase in (
            days % 1,
            (days + _EPOCH_WEEKDAY) % _WEEK_DAYS / _WEEK_DAYS,
            days % _YEAR_DAYS / _YEAR_DAYS,
        ):
            parts += [np.sin(2 * np.pi * phase), np.cos(2 * np.pi * phase)]
    return np.column_stack(parts)


def texts(column: Any) -> NDArray[Any]:
    """(n,) texts; a missing one is empty."""
    values = np.asarray(column, dtype=object)
    return np.array([value if isinstance(value, str) else "" for value in values], dtype=object)
