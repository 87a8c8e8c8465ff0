"""What EventBridge Scheduler takes of a five-field cron expression and of a time zone.

Its own cron has six fields and needs `?` in the day of month or in the weekday (EventBridge
Scheduler User Guide, "Schedule types", read 2026-11-24): cron's "either of the two days" is not
to be said with one schedule.
"""

import re
from collections.abc import Iterator
from zoneinfo import available_timezones

from trimaran_providers.contract.errors import Problem

_FIELDS = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day of month": (1, 31),
    "month": (1, 12),
    "weekday": (0, 7),
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(\*|(?P<first>\w+)(-(?P<last>\w+))?)(/(?P<step>\d+))?")
_ALLOWED = "five fields (minute hour day-of-month month day-of-week), e.g. 0 3 * * 1-5"


def schedule_problems(
    section: str, expression: str, timezone: str = "UTC", *, field: str = "schedule"
) -> Iterator[Problem]:
    """What is wrong with a schedule.

    Args:
        section: path of the section it is in.
        expression: five fields.
        timezone: IANA name; its field is `timezone`, beside the expression's.
        field: name of the expression's field.
    """
    path = f"{section}.{field}"
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        yield Problem(path=path, what=f"{expression!r} has {len(fields)} fields", allowed=_ALLOWED)
    else:
        for text, (name, span) in zip(fields, _FIELDS.items(), strict=True):
            if not all(_is_part(part, name, *span) for part in text.split(",")):
                yield Problem(
                    path=path,
                    what=f"{expression!r}: {text!r} is no {name}",
                    allowed=f"{span[0]} to {span[1]}, *, ranges a-b, steps /n, lists a,b",
                )
        yield from _days(path, expression, fields[2], fields[4])
    if timezone not in available_timezones():
        yield Problem(
            path=f"{section}.timezone",
            what=f"there is no time zone {timezone!r}",
            allowed="an IANA name, e.g. Europe/Vienna",
        )


def _days(path: str, expression: str, day: str, weekday: str) -> Iterator[Problem]:
    if day != "*" and weekday != "*":
        yield Problem(
            path=path,
            what=f"{expression!r} names days of the month and weekdays, and EventBridge takes "
            "one of the two",
            allowed="* in the third or in the fifth field",
        )
    elif weekday.startswith("*/"):
        yield Problem(
            path=path,
            what=f"{expression!r}: EventBridge counts weekdays from another day",
            allowed="the weekdays one by one, e.g. 0,2,4",
        )


def _is_part(part: str, field: str, low: int, high: int) -> bool:
    found = _PART.fullmatch(part.lower())
    if found is None or found["step"] == "0":
        return False
    if found["first"] is None:
        return True
    first = _number(found["first"], field)
    last = _number(found["last"], field) if found["last"] else first
    if field == "weekday" and found["last"] and last == 0 and first:
        # Sunday is 0 and 7: 5-0 is Friday to Sunday.
        last = 7
    return first is not None and last is not None and low <= first <= last <= high


def _number(text: str, field: str) -> int | None:
    if text.isdigit():
        return int(text)
    if field == "month" and text in _MONTHS:
        return _MONTHS.index(text) + 1
    if field == "weekday" and text in _DAYS:
        return _DAYS.index(text)
    return None
