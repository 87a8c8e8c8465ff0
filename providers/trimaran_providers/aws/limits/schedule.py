"""Limits of schedules: what EventBridge cannot say, and time zones that do not exist."""

from collections.abc import Iterator
from zoneinfo import available_timezones

from trimaran_providers.contract.errors import Problem, SpecError


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
    # Here, because it loads pulumi, which a spec without a schedule can be checked without.
    from trimaran_providers.aws.schedule import scheduler_cron

    try:
        scheduler_cron(expression, path=f"{section}.{field}")
    except SpecError as exc:
        yield from exc.problems
    if timezone not in available_timezones():
        yield Problem(
            path=f"{section}.timezone",
            what=f"there is no time zone {timezone!r}",
            allowed="an IANA name, e.g. Europe/Vienna",
        )
