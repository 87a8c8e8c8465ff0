"""Schedule expressions of EventBridge: `rate()`, `at()` and the six-field `cron()`.

Sources: EventBridge Scheduler User Guide, "Schedule types"; EventBridge User Guide, "Setting a
schedule pattern".
"""

import re
from datetime import datetime

_RATE = re.compile(r"rate\((\d+) (minutes?|hours?|days?)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\((.*)\)")
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...], str], ...] = (
    ("minutes", 0, 59, (), ""),
    ("hours", 0, 23, (), ""),
    ("day of month", 1, 31, (), r"\?|L|LW|\d+W"),
    ("month", 1, 12, tuple(_MONTHS), ""),
    ("day of week", 1, 7, tuple(_DAYS), r"\?|L|[1-7]L|[1-7]#[1-5]"),
    ("year", 1970, 2199, (), ""),
)


def problem_of(expression: str, *, scheduler: bool) -> str:
    """What is wrong with an expression; empty: nothing.

    Args:
        expression: the expression.
        scheduler: of EventBridge Scheduler, which also knows `at()` and does not mind the plural;
            else of a rule.
    """
    rate = _RATE.fullmatch(expression)
    if rate:
        return _rate(int(rate[1]), rate[2], scheduler=scheduler)
    at = _AT.fullmatch(expression)
    if at and scheduler:
        try:
            datetime.fromisoformat(at[1])
        except ValueError as exc:
            return str(exc)
        return ""
    cron = _CRON.fullmatch(expression)
    if cron is None:
        forms = "rate(…), cron(…) or at(…)" if scheduler else "rate(…) or cron(…)"
        return f"is not of the form {forms}"
    return _cron(cron[1])


def _rate(number: int, unit: str, *, scheduler: bool) -> str:
    if number < 1:
        return "a rate is 1 or more"
    if not scheduler and (number == 1) == unit.endswith("s"):
        return f"{number} {unit}: one is singular, more are plural"
    return ""


def _cron(text: str) -> str:
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"has {len(fields)} fields, not six"
    for given, (name, least, most, words, extra) in zip(fields, _FIELDS, strict=True):
        if not all(_is_part(part, least, most, words, extra) for part in given.split(",")):
            return f"{given!r} is no {name}"
    if (fields[2] == "?") == (fields[4] == "?"):
        return "exactly one of day of month and day of week is ?"
    return ""


def _is_part(part: str, least: int, most: int, words: tuple[str, ...], extra: str) -> bool:
    if extra and re.fullmatch(extra, part):
        return True
    body, slash, step = part.partition("/")
    if slash and not (step.isdigit() and int(step) > 0):
        return False
    if body == "*":
        return True
    ends = body.split("-")
    if len(ends) > 2:
        return False
    values = [words.index(e.upper()) + least if e.upper() in words else e for e in ends]
    if not all(isinstance(value, int) or value.isdigit() for value in values):
        return False
    return all(least <= int(value) <= most for value in values)
