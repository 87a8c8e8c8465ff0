"""Times as people say them."""

from datetime import UTC, datetime

_UNITS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"))


def span(seconds: float) -> str:
    """A length of time: `0.4 s`, `21 s`, `2 min`, `9 h`, `3 d`."""
    seconds = abs(seconds)
    for length, unit in _UNITS:
        # Up to two of a unit are told in the smaller one: 90 min, 36 h.
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def ago(when: datetime, now: datetime | None = None) -> str:
    """How long ago: `2 min ago`, `now`."""
    seconds = ((now or datetime.now(UTC)) - when).total_seconds()
    return "now" if seconds < 1 else f"{span(seconds)} ago"


def until(when: datetime, now: datetime | None = None) -> str:
    """How long from now: `in 9 h`, `now`."""
    seconds = (when - (now or datetime.now(UTC))).total_seconds()
    return "now" if seconds < 1 else f"in {span(seconds)}"
