"""Cron means what crontab(5) says, in the time zone that was asked for."""

from datetime import UTC, datetime, timedelta

import pytest

from trimaran_providers.contract.errors import SpecError
from trimaran_providers.local.cron import cron_expression, cron_trigger

TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)


def fires(expression: str, count: int, timezone: str = "UTC") -> list[str]:
    trigger = cron_trigger(expression, timezone)
    found, now, before = [], TUESDAY, None
    for _ in range(count):
        before = trigger.get_next_fire_time(before, now)
        now = before + timedelta(seconds=1)
        found.append(f"{before:%a %d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 3 * * *", ["Tue 24 03:00", "Wed 25 03:00"]),
        ("0 3 * * 0", ["Sun 29 03:00", "Sun 06 03:00"]),
        ("0 3 * * 7", ["Sun 29 03:00", "Sun 06 03:00"]),
        ("0 3 * * sun", ["Sun 29 03:00", "Sun 06 03:00"]),
        ("0 3 * * 1-5", ["Tue 24 03:00", "Wed 25 03:00"]),
        ("0 3 * * 5-7", ["Fri 27 03:00", "Sat 28 03:00", "Sun 29 03:00", "Fri 04 03:00"]),
        ("0 3 * * */2", ["Tue 24 03:00", "Thu 26 03:00", "Sat 28 03:00", "Sun 29 03:00"]),
        ("0 3 1 * 5", ["Fri 27 03:00", "Tue 01 03:00", "Fri 04 03:00"]),
        ("0 3 1 * *", ["Tue 01 03:00", "Fri 01 03:00"]),
    ],
)
def test_weekdays_count_from_sunday_and_join_days_of_the_month(
    expression: str, expected: list[str]
) -> None:
    assert fires(expression, len(expected)) == expected


def test_the_time_zone_decides_when_it_is_three_o_clock() -> None:
    trigger = cron_trigger("0 3 * * *", "America/New_York")
    first = trigger.get_next_fire_time(None, TUESDAY)
    assert first.astimezone(UTC) == TUESDAY.replace(hour=8)


@pytest.mark.parametrize("bad", ["0 3 * *", "61 * * * *", "0 0 * * 9", "0 0 * * 5-3", "a b c d e"])
def test_what_is_not_cron_is_named_with_what_is_allowed(bad: str) -> None:
    with pytest.raises(SpecError) as refused:
        cron_trigger(bad, "UTC", path="pipeline.schedule")
    assert "pipeline.schedule" in str(refused.value)
    assert "five fields" in str(refused.value)


def test_an_unknown_time_zone_is_named() -> None:
    with pytest.raises(SpecError, match="no time zone 'Mars/Base'"):
        cron_trigger("0 3 * * *", "Mars/Base")


def test_words_for_common_schedules() -> None:
    assert cron_expression("off") is None
    assert cron_expression("hourly") == "0 * * * *"
    assert cron_expression("*/5 * * * *") == "*/5 * * * *"
