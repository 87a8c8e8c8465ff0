"""Schedule expressions of EventBridge and of EventBridge Scheduler."""

import pytest

from tests.oracles.cron_rules import problem_of


@pytest.mark.parametrize(
    "expression",
    [
        *("cron(0 3 * * ? *)", "cron(0/15 8-18 ? * MON-FRI *)", "cron(0 0 L * ? *)"),
        *("cron(30 5 ? JAN-MAR,DEC 2#1 2026-2030)", "rate(5 minutes)", "rate(1 day)"),
    ],
)
def test_good_ones(expression: str) -> None:
    assert problem_of(expression, scheduler=True) == ""
    assert problem_of(expression, scheduler=False) == ""


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("cron(0 3 * * *)", "has 5 fields"),
        ("cron(0 3 * * * *)", "exactly one"),
        ("cron(0 3 ? * ? *)", "exactly one"),
        ("cron(60 3 * * ? *)", "'60' is no minutes"),
        ("cron(0 3 * * 0 *)", "'0' is no day of week"),
        ("cron(0 3 */0 * ? *)", "'*/0' is no day of month"),
        ("rate(0 minutes)", "1 or more"),
        ("rate(hourly)", "is not of the form"),
        ("0 3 * * *", "is not of the form"),
        ("at(2026-02-30T00:00:00)", "day is out of range"),
    ],
)
def test_bad_ones(expression: str, problem: str) -> None:
    assert problem in problem_of(expression, scheduler=True)


def test_a_rule_minds_the_plural_and_knows_no_point_in_time() -> None:
    assert "singular" in problem_of("rate(1 days)", scheduler=False)
    assert "singular" in problem_of("rate(5 day)", scheduler=False)
    assert problem_of("rate(1 days)", scheduler=True) == ""
    assert problem_of("at(2026-11-24T00:00:00)", scheduler=True) == ""
    assert "is not of the form" in problem_of("at(2026-11-24T00:00:00)", scheduler=False)
