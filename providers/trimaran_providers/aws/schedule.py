"""Schedules: five-field cron and a time zone, as EventBridge Scheduler takes them.

Its cron has six fields, counts weekdays from 1 (Sunday), and needs `?` in the day of month or in
the weekday (EventBridge Scheduler User Guide, "Schedule types", read 2026-11-24): cron's "either
of both days" cannot be said. Every field is written anew from the values it stands for, so that
what is not spelt the same way in both (`*/15`, `5-7`, `0`) means the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from trimaran_providers.aws.names import Names
from trimaran_providers.aws.policy import Statement
from trimaran_providers.aws.role import render_role
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.errors import Problem, SpecError

_NAMED = {"hourly": "0 * * * *", "daily": "0 0 * * *", "weekly": "0 0 * * 0"}
_ALLOWED = "five fields (minute hour day-of-month month day-of-week), e.g. 0 3 * * 1-5"
_LONGEST_NAME = 64
"""Characters of a schedule's name (botocore, `CreateSchedule`)."""
_RETRIES = 5
_RETRY_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of cron.

    Attributes:
        name: what it is called.
        low, high: smallest and largest value.
        words: names of its values, from `low` on.
        wraps: whether the value after the largest is the smallest again: Sunday is 0 and 7.
    """

    name: str
    low: int
    high: int
    words: Mapping[str, int] = field(default_factory=dict)
    wraps: bool = False

    def values(self, text: str) -> frozenset[int]:
        """The values it stands for. Raises ValueError."""
        chosen: set[int] = set()
        for part in text.lower().split(","):
            chosen.update(self._part(part))
        return frozenset(chosen)

    def _part(self, part: str) -> range | list[int]:
        span, slash, step_text = part.partition("/")
        step = self._number(step_text, "step") if slash else 1
        if step < 1:
            raise ValueError(f"step {step_text!r} of the {self.name} must be 1 or more")
        first, dash, last = span.partition("-")
        if span == "*":
            low, high = self.low, self.high
        else:
            low = self._value(first)
            # As local cron takes it: 5/15 is every 15th from 5 on.
            high = self._value(last) if dash else (self.high if slash else low)
        if self.wraps and dash and high == self.low < low:
            high = self.high + 1
        if high < low:
            raise ValueError(f"{self.name} range {span!r} runs backwards")
        found = range(low, high + 1, step)
        return [value % (self.high + 1) for value in found] if self.wraps else found

    def _value(self, text: str) -> int:
        value = self.words[text] if text in self.words else self._number(text, self.name)
        if not self.low <= value <= self.high + self.wraps:
            raise ValueError(f"{self.name} {text!r} is not {self.low} to {self.high}")
        return value % (self.high + 1) if self.wraps else value

    def _number(self, text: str, what: str) -> int:
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"{what} {text!r} is no number")
        return int(text)

    def everything(self) -> frozenset[int]:
        """All values."""
        return frozenset(range(self.low, self.high + 1))


def _numbered(words: str, first: int) -> dict[str, int]:
    return {word: number for number, word in enumerate(words.split(), first)}


_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY = _Field("day of month", 1, 31)
_MONTH = _Field("month", 1, 12, _numbered("jan feb mar apr may jun jul aug sep oct nov dec", 1))
_DAYS = "sun mon tue wed thu fri sat"
_WEEKDAY = _Field("weekday", 0, 6, _numbered(_DAYS, 0), wraps=True)
_FIELDS = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)


def five_fields(schedule: str) -> str | None:
    """The cron expression of `hourly`, `daily`, `weekly`, or of itself; None for `off`."""
    return None if schedule == "off" else _NAMED.get(schedule, schedule)


def scheduler_cron(expression: str, *, path: str) -> str:
    """A five-field cron expression as `cron(…)` of EventBridge Scheduler or Auto Scaling.

    Args:
        expression: five fields.
        path: field of the spec, for the message.

    Raises:
        SpecError: it is not cron, or names days of the month and weekdays at the same time.
    """
    texts = expression.split()
    if len(texts) != len(_FIELDS):
        raise _refused(expression, f"{len(texts)} fields", path)
    try:
        minute, hour, day, month, weekday = (
            part.values(text) for part, text in zip(_FIELDS, texts, strict=True)
        )
    except ValueError as exc:
        raise _refused(expression, str(exc), path) from exc
    any_day, any_weekday = day == _DAY.everything(), weekday == _WEEKDAY.everything()
    if not (any_day or any_weekday):
        problem = Problem(
            path=path,
            what=f"{expression!r} names days of the month and weekdays; EventBridge takes one",
            allowed="* in the third field or in the fifth",
        )
        raise SpecError([problem])
    days = _written(_DAY, day) if any_weekday else "?"
    weekdays = "?" if any_weekday else _weekdays(weekday)
    moments = f"{_written(_MINUTE, minute)} {_written(_HOUR, hour)}"
    return f"cron({moments} {days} {_written(_MONTH, month)} {weekdays} *)"


def _refused(expression: str, why: str, path: str) -> SpecError:
    problem = Problem(path=path, what=f"{expression!r} is not cron: {why}", allowed=_ALLOWED)
    return SpecError([problem])


def _written(part: _Field, values: frozenset[int]) -> str:
    """The shortest of `*`, `start/step` and a list."""
    if values == part.everything():
        return "*"
    ordered = sorted(values)
    if len(ordered) > 2:
        start, step = ordered[0], ordered[1] - ordered[0]
        if ordered == list(range(start, part.high + 1, step)):
            return f"{start}/{step}"
    return ",".join(map(str, ordered))


def _weekdays(values: frozenset[int]) -> str:
    # By name: cron counts Sunday as 0, EventBridge as 1.
    names = _DAYS.upper().split()
    return ",".join(names[value] for value in sorted(values))


def render_schedule(
    context: Context,
    purpose: str,
    *,
    expression: str,
    timezone: str,
    pipeline: pulumi.Output[str],
    runs: pulumi.Input[bool] = True,
    depends_on: Sequence[pulumi.Resource] = (),
) -> tuple[pulumi.Resource, ...]:
    """A pipeline by the clock: the schedule, and the role that may start that pipeline alone.

    Args:
        context: where the component stands.
        purpose: `schedule` or the like; ends the names.
        expression: `cron(…)`, from `scheduler_cron`.
        timezone: IANA name.
        pipeline: ARN of the pipeline.
        runs: whether it starts the pipeline; False: it is there, and rests.
        depends_on: what has to be there first.
    """
    from pulumi_aws import scheduler

    role = render_role(
        context,
        purpose,
        "scheduler.amazonaws.com",
        [
            Statement(
                sid="StartPipeline",
                actions=["sagemaker:StartPipelineExecution"],
                resources=[pipeline],
            )
        ],
    )
    encryption = context.platform.encryption
    schedule = scheduler.Schedule(
        f"{context.name}-{purpose}",
        name=Names.of(context).named(purpose, _LONGEST_NAME),
        schedule_expression=expression,
        schedule_expression_timezone=timezone,
        state=pulumi.Output.from_input(runs).apply(lambda on: "ENABLED" if on else "DISABLED"),
        flexible_time_window=scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
        kms_key_arn=encryption.key if encryption else None,
        target=scheduler.ScheduleTargetArgs(
            arn=pipeline,
            role_arn=role.arn,
            retry_policy=scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=_RETRY_SECONDS, maximum_retry_attempts=_RETRIES
            ),
        ),
        opts=pulumi.ResourceOptions(
            parent=context.parent, depends_on=[*role.resources, *depends_on]
        ),
    )
    return (*role.resources, schedule)
