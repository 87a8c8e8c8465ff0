"""Five-field cron becomes EventBridge Scheduler's, with the same meaning, or is refused."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pulumi
import pytest
from apscheduler.triggers.cron import CronTrigger

from tests.aws.rendering import KEY, PIPELINE, context, rendered
from trimaran_providers.aws.schedule import five_fields, render_schedule, scheduler_cron
from trimaran_providers.contract.errors import SpecError
from trimaran_providers.local.cron import cron_trigger


@pytest.mark.parametrize(
    ("five", "six"),
    [
        ("0 3 * * *", "cron(0 3 * * ? *)"),
        ("*/15 * * * *", "cron(0/15 * * * ? *)"),
        ("5/20 * * * *", "cron(5/20 * * * ? *)"),
        ("0 9 * * 1-5", "cron(0 9 ? * MON,TUE,WED,THU,FRI *)"),
        ("0 9 * * 0", "cron(0 9 ? * SUN *)"),
        ("0 9 * * 7", "cron(0 9 ? * SUN *)"),
        ("0 9 * * 5-7", "cron(0 9 ? * SUN,FRI,SAT *)"),
        ("0 9 * * sun,WED", "cron(0 9 ? * SUN,WED *)"),
        ("0 9 * * */2", "cron(0 9 ? * SUN,TUE,THU,SAT *)"),
        ("0 0 1 */3 *", "cron(0 0 1 1/3 ? *)"),
        ("0 0 1,15 jan-mar *", "cron(0 0 1,15 1,2,3 ? *)"),
        ("0 0 * * 0-6", "cron(0 0 * * ? *)"),
        ("0 0 1-31 * 1", "cron(0 0 ? * MON *)"),
    ],
)
def test_six_fields(five: str, six: str) -> None:
    assert scheduler_cron(five, path="pipeline.schedule") == six


def fires(trigger: object, count: int = 12) -> list[datetime]:
    moment, found = datetime(2026, 1, 30, tzinfo=UTC), []
    previous = None
    for _ in range(count):
        previous = trigger.get_next_fire_time(previous, moment)  # type: ignore[attr-defined]
        found.append(previous)
        moment = previous
    return found


def as_read_by_eventbridge(six: str) -> CronTrigger:
    minute, hour, day, month, weekday, year = six.removeprefix("cron(").rstrip(")").split()
    assert year == "*"
    assert [day, weekday].count("?") == 1
    return CronTrigger(
        minute=minute,
        hour=hour,
        day=day.replace("?", "*"),
        month=month,
        day_of_week=weekday.replace("?", "*").lower(),
        timezone=UTC,
    )


@pytest.mark.parametrize("seed", range(30))
def test_it_fires_when_the_local_clouds_schedule_does(seed: int) -> None:
    chance = random.Random(seed)

    def field(low: int, high: int) -> str:
        first = chance.randint(low, high - 1)
        last = chance.randint(first + 1, high)
        # A step beyond its range is refused by APScheduler, which the local cloud asks.
        step = chance.randint(1, min(6, last - first))
        forms = [f"{first}", f"{first}-{last}", f"{first}-{last}/{step}", "*", f"*/{step}"]
        if chance.random() < 0.3:
            return ",".join(chance.sample(forms[:3], 2))
        return chance.choice(forms)

    day, weekday = chance.choice([("*", field(0, 6)), (field(1, 28), "*")])
    five = f"{field(0, 59)} {field(0, 23)} {day} {field(1, 12)} {weekday}"
    six = scheduler_cron(five, path="pipeline.schedule")
    assert fires(as_read_by_eventbridge(six)) == fires(cron_trigger(five, "UTC")), (five, six)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("0 0 1 * 1", "names days of the month and weekdays"),
        ("0 0 */2 * 1", "names days of the month and weekdays"),
        ("0 3 * *", "4 fields"),
        ("60 3 * * *", "minute '60' is not 0 to 59"),
        ("0 3 0 * *", "day of month '0'"),
        ("0 3 * 13 *", "month '13'"),
        ("0 3 * * 8", "weekday '8'"),
        ("0 5-3 * * *", "runs backwards"),
        ("*/0 * * * *", "step '0'"),
        ("x * * * *", "minute 'x' is no number"),
        ("@daily", "1 fields"),
    ],
)
def test_what_cannot_be_said_is_refused_by_the_fields_path(wrong: str, told: str) -> None:
    with pytest.raises(SpecError, match=told) as refused:
        scheduler_cron(wrong, path="pipeline.schedule")
    assert [problem.path for problem in refused.value.problems] == ["pipeline.schedule"]


def test_the_monitors_words_are_cron() -> None:
    words = ("hourly", "daily", "weekly", "*/5 * * * *")
    assert [five_fields(w) for w in words] == ["0 * * * *", "0 0 * * *", "0 0 * * 0", words[3]]
    assert five_fields("off") is None


def test_a_schedule_starts_its_own_pipeline_and_nothing_else(tmp_path: Path) -> None:
    def program(parent: pulumi.Resource) -> None:
        render_schedule(
            context(parent, tmp_path, {"encryption": {"key": KEY}}),
            "schedule",
            expression="cron(0 3 * * ? *)",
            timezone="Europe/Vienna",
            pipeline=pulumi.Output.from_input(PIPELINE),
        )

    found = rendered(program)
    schedule = found.of(":Schedule", "toy-schedule")
    assert schedule["scheduleExpression"] == "cron(0 3 * * ? *)"
    assert schedule["scheduleExpressionTimezone"] == "Europe/Vienna"
    assert schedule["flexibleTimeWindow"] == {"mode": "OFF"}
    assert schedule["kmsKeyArn"] == KEY
    assert schedule["target"]["arn"] == PIPELINE
    assert schedule["target"]["roleArn"].endswith(":role/toy-test-schedule")
    trust = json.loads(found.of(":Role", "toy-schedule")["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "scheduler.amazonaws.com"}
    (start,) = found.statements("toy-schedule-policy").values()
    assert start["Action"] == ["sagemaker:StartPipelineExecution"]
    assert start["Resource"] == [PIPELINE]
