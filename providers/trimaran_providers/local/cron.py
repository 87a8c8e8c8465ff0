"""Five-field cron expressions as APScheduler triggers, with cron's own meaning.

APScheduler counts weekdays from Monday and needs both the day of month and the weekday to match;
cron counts from Sunday and takes either when both are given (crontab(5)).
"""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from trimaran_providers.contract.errors import Problem, SpecError

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMED = {"hourly": "0 * * * *", "daily": "0 0 * * *", "weekly": "0 0 * * 0"}
_ALLOWED = "five fields (minute hour day-of-month month day-of-week), e.g. 0 3 * * 1-5"


def cron_expression(schedule: str) -> str | None:
    """The cron expression of `hourly`, `daily`, `weekly`, or of itself; None for `off`."""
    return None if schedule == "off" else _NAMED.get(schedule, schedule)


def cron_trigger(expression: str, timezone: str, *, path: str = "schedule") -> BaseTrigger:
    """Trigger of an expression.

    Args:
        expression: five fields.
        timezone: IANA name.
        path: field of the spec, for the message.

    Raises:
        SpecError: the expression or the time zone is wrong.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        problem = Problem(
            path=path, what=f"no time zone {timezone!r}", allowed="an IANA name, e.g. Europe/Vienna"
        )
        raise SpecError([problem]) from exc
    fields = expression.split()
    try:
        if len(fields) != 5:
            raise ValueError(f"{len(fields)} fields")
        minute, hour, day, month, weekday = fields
        weekday = _weekdays(weekday)
        triggers = [
            CronTrigger(minute=minute, hour=hour, day=d, month=month, day_of_week=w, timezone=zone)
            for d, w in _either(day, weekday)
        ]
    except ValueError as exc:
        problem = Problem(path=path, what=f"{expression!r} is not cron: {exc}", allowed=_ALLOWED)
        raise SpecError([problem]) from exc
    return triggers[0] if len(triggers) == 1 else OrTrigger(triggers)


def _either(day: str, weekday: str) -> list[tuple[str, str]]:
    if day.startswith("*") or weekday == "*":
        return [(day, weekday)]
    return [(day, "*"), ("*", weekday)]


def _weekdays(field: str) -> str:
    """Cron's weekdays as a list of names; `*` stays."""
    if field == "*":
        return field
    chosen: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low = 0 if span == "*" else _weekday(first)
        high = 6 if span == "*" or (step and not last) else _weekday(last or first)
        # Sunday is 0 and 7: 5-7 is Friday to Sunday.
        high = 7 if last and high == 0 and low > 0 else high
        if high < low:
            raise ValueError(f"weekday range {span!r} runs backwards")
        chosen.update(day % 7 for day in range(low, high + 1, _step(step)))
    return ",".join(_DAYS[day] for day in sorted(chosen))


def _step(text: str) -> int:
    step = int(text or 1)
    if step < 1:
        raise ValueError(f"step {text!r} must be 1 or more")
    return step


def _weekday(text: str) -> int:
    if text in _DAYS:
        return _DAYS.index(text)
    if not text.isdigit() or int(text) > 7:
        raise ValueError(f"weekday {text!r} is not 0 to 7 or sun to sat")
    return int(text) % 7
