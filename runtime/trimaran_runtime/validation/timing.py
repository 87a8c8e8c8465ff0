"""Checks of time: features or rows from the future, a skewed clock, rows that are too old."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.config import ValidationConfig
from trimaran_runtime.validation.finding import Finding, Severity
from trimaran_runtime.validation.leakage import leak
from trimaran_runtime.validation.parts import Parts

AHEAD = timedelta(hours=24)
"""How far ahead of the clock a row may be: zones that were dropped differ by at most 14 hours."""
_STRAY_GAP = 2.0
"""Rows that lie further from all others than this many spans of those have a wrong clock."""
_STRAY_SHARE = 0.01
"""Share of the rows, at either end, that may be such strays."""


def from_the_future(
    columns: Columns, features: list[str], data: DataConfig, config: ValidationConfig
) -> list[Finding]:
    """Timestamps among the features that lie after the time of the prediction."""
    import pyarrow.compute as pc

    if data.time is None or not columns.is_time(data.time):
        return []
    found = []
    for name in features:
        if not columns.is_time(name):
            continue
        present = len(columns[name]) - columns[name].null_count
        later = pc.sum(pc.greater(columns[name], columns[data.time])).as_py() or 0
        if present and later / present > config.max_future:
            evidence = (
                f"lies after {data.time} in {later} of {present} rows ({later / present:.1%}); "
                f"at most {config.max_future:.1%} may (validation.max_future)"
            )
            found.append(leak(name, config, evidence, "future"))
    return found


def order(columns: Columns, data: DataConfig, parts: Parts) -> list[Finding]:
    """Splits that are not one after the other in time: a model would be fitted on the future."""
    if data.time is None or columns[data.time].null_count:
        return []
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = columns[data.time].type
    if not (pa.types.is_timestamp(kind) or pa.types.is_integer(kind)):
        # Nothing was split by it, and `time` says that it is none.
        return []
    spans = {name: columns[data.time][parts.span(name)] for name in parts.sizes}
    names = [name for name, times in spans.items() if len(times)]
    found = []
    for earlier, later in pairwise(names):
        first = pc.min(spans[later])
        late = pc.sum(pc.greater_equal(spans[earlier], first)).as_py()
        if late:
            evidence = (
                f"{late} of {len(spans[earlier])} {earlier} rows are not before the first of the "
                f"{later} rows ({_shown(first.as_py())})"
            )
            advice = "run the split step again, or correct what splits the rows"
            found.append(_error("order", data.time, evidence, advice))
    return found


def clock(
    columns: Columns, data: DataConfig, config: ValidationConfig, now: datetime | None
) -> list[Finding]:
    """Times ahead of the clock, older than allowed, or far from all others.

    What depends on the clock is always an error: it stops the run, so no release ever holds it,
    and the digest of a release does not depend on when it was made.

    Args:
        columns: the rows.
        data: names the time.
        config: `max_age_hours`.
        now: the time it is, with a zone; None: nothing is held against the clock.
    """
    if data.time is None or not columns.is_time(data.time):
        return []
    first, last = columns.extremes(data.time)
    if first is None:
        return []
    found = _strays(columns, data.time)
    if now is not None:
        found += _by_the_clock(last, now.astimezone(UTC).replace(tzinfo=None), data.time, config)
    return found


def _by_the_clock(
    newest: datetime, now: datetime, name: str, config: ValidationConfig
) -> list[Finding]:
    if newest > now + AHEAD:
        evidence = f"its newest row is of {newest.isoformat()}, which is yet to come"
        advice = "correct the clock or the zone of what wrote it; times are taken as UTC"
        return [_error("clock", name, evidence, advice)]
    age = (now - newest).total_seconds() / 3600
    if config.max_age_hours is not None and age > config.max_age_hours:
        evidence = (
            f"its newest row is of {newest.isoformat()}, {age:.1f} hours ago; at most "
            f"{config.max_age_hours:g} are allowed (validation.max_age_hours)"
        )
        return [_error("freshness", name, evidence, "see why the source has no newer rows")]
    return []


def _strays(columns: Columns, name: str) -> list[Finding]:
    """A few times that lie far from all others: a clock that was reset, a default, a typing error.

    Seen without a clock: beyond the inner 98 % by more than twice their span.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    first, last = columns.extremes(name)
    column = columns[name].cast(pa.int64())
    times = columns.numbers(name, columns.sample)
    low, high = np.nanquantile(times, (_STRAY_SHARE, 1 - _STRAY_SHARE))
    room = _STRAY_GAP * max(high - low, 1.0)
    early = pc.sum(pc.less(column, int(low - room))).as_py() or 0
    late = pc.sum(pc.greater(column, int(high + room))).as_py() or 0
    return [
        Finding(
            severity=Severity.warning,
            check="clock",
            column=name,
            evidence=f"{count} of {len(column)} rows lie far {word} all others, up to "
            f"{extreme.isoformat()}",
            advice="drop them, or correct the clock that wrote them",
        )
        for count, word, extreme in ((early, "before", first), (late, "after", last))
        if count
    ]


def _error(check: str, column: str, evidence: str, advice: str) -> Finding:
    return Finding(
        severity=Severity.error, check=check, column=column, evidence=evidence, advice=advice
    )


def _shown(time: Any) -> str:
    return time.isoformat() if isinstance(time, datetime) else str(time)


def parsed(text: str) -> Any:
    """An ISO 8601 time as the table has it: UTC, without a zone."""
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
