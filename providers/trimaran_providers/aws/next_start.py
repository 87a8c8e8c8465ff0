"""When a schedule of EventBridge Scheduler starts next."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_CRON = re.compile(r"cron\((.+)\)")
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_DAYS = 366 * 8
"""A 29 February may be eight years away (1896, 1904)."""


def next_start(expression: str, timezone: str, now: datetime) -> datetime | None:
    """The first moment after `now`; None: never, or the expression is none of ours.

    Args:
        expression: `cron(…)` as `schedule.scheduler_cron` writes it: numbers, lists, `start/step`,
            weekdays by name, any year.
        timezone: IANA name.
        now: with a time zone.
    """
    found = _CRON.fullmatch(expression)
    if found is None:
        return None
    minutes, hours, days, months, weekdays, _ = found[1].split()
    local = now.astimezone(ZoneInfo(timezone))
    at_minutes = [n for n in range(60) if _has(minutes, n, 59)]
    at_hours = [n for n in range(24) if _has(hours, n, 23)]
    for ahead in range(_DAYS):
        day = (local + timedelta(days=ahead)).date()
        if not (_has(days, day.day, 31) and _has(months, day.month, 12)):
            continue
        if weekdays not in {"*", "?"} and _WEEKDAYS[day.weekday()] not in weekdays.split(","):
            continue
        for hour in at_hours:
            for minute in at_minutes:
                start = datetime(
                    day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(timezone)
                )
                if start > local:
                    return start
    return None


def _has(field: str, value: int, highest: int) -> bool:
    if field in {"*", "?"}:
        return True
    start, slash, step = field.partition("/")
    if slash:
        return value in range(int(start), highest + 1, int(step))
    return str(value) in field.split(",")
