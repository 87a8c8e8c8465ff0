"""Every check of validation, for people: what it means, how severe it is, what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One check.

    Attributes:
        name: as findings have it in `check`.
        means: what a finding says.
        severity: `error`, `warning` or `note`, and when which.
        action: what to do.
    """

    name: str
    means: str
    severity: str
    action: str


_LEAK = "error; note where `validation.allow` names the column"
_DROP = "Drop it, or list it in `data.exclude`; if it is known in time, in `validation.allow`."
_SOURCE = "Correct the source, or accept it with `trimaran lock --update`."

CATALOGUE: tuple[Entry, ...] = (
    Entry(
        name="features",
        means="No column is left to learn from.",
        severity="error",
        action="Keep one beside the target, the time, the id and `data.exclude`.",
    ),
    Entry(
        name="labels",
        means="Labels are missing.",
        severity="error",
        action="Drop rows without a label.",
    ),
    Entry(
        name="classes",
        means="One class alone, more than 100, or a class with few rows.",
        severity="error below 10 rows of a class; warning below 50",
        action="Merge rare classes, add rows, or set `data.task: regression`.",
    ),
    Entry(
        name="target",
        means="A numeric target is no number, or is constant.",
        severity="error",
        action="Set `data.task: classification`, or see how the target is made.",
    ),
    Entry(
        name="time",
        means="`data.time` has no order in time, is missing in some rows, or holds numbers where "
        "`data.split.gap_days` counts days.",
        severity="error",
        action="Parse it into timestamps; drop rows without one.",
    ),
    Entry(
        name="keys",
        means="Rows have no `data.group`, or no row has a `data.id`.",
        severity="error",
        action="Fill them, or drop rows without one.",
    ),
    Entry(
        name="absent",
        means="A rule in `data.columns` is for a column that is not there.",
        severity="error",
        action="Correct the data, or the rule.",
    ),
    Entry(
        name="type",
        means="A column is not of the type that `data.columns` asks for.",
        severity="error",
        action="Correct the data, or the rule.",
    ),
    Entry(
        name="range",
        means="Values lie outside of `minimum` to `maximum` of `data.columns`.",
        severity="error",
        action="Correct the data, or the rule.",
    ),
    Entry(
        name="categories",
        means="A column has levels that `data.columns` does not allow.",
        severity="error",
        action="Correct the data, or the rule.",
    ),
    Entry(
        name="missing",
        means="More values are missing than `validation.max_missing`, or than a rule allows.",
        severity="error",
        action="Drop the column, fill it, or raise the limit.",
    ),
    Entry(
        name="infinite",
        means="Values are infinite.",
        severity="error",
        action="Replace them by missing values or by a bound, or list it in `data.exclude`.",
    ),
    Entry(
        name="constant",
        means="A column has one value in all rows.",
        severity="note",
        action="Drop it: it tells the model nothing.",
    ),
    Entry(
        name="identifier",
        means="99 % or more of the rows have a value of their own.",
        severity="warning",
        action="Set `data.id`, or list it in `data.exclude`.",
    ),
    Entry(
        name="counter",
        means="A number rises or falls with `data.time` alone, as a row number does.",
        severity="warning",
        action="List it in `data.exclude`, or take its difference to the time.",
    ),
    Entry(
        name="duplicates",
        means="Rows repeat another row in every column but the id.",
        severity="error beyond `validation.max_duplicates`; note below",
        action="Drop them, or raise the limit.",
    ),
    Entry(
        name="overlap",
        means="Test rows repeat training rows in every feature and the target, more often than "
        "training rows repeat one another.",
        severity="error beyond `validation.max_overlap`",
        action="Drop repeated rows, or keep copies of one thing together (`data.group`).",
    ),
    Entry(
        name="groups",
        means="Groups of `data.group` are in several splits; without it: a text of many values "
        "that recur across splits.",
        severity="error; note without `data.group`",
        action="Split by group; set `data.group` where rows of one value are alike.",
    ),
    Entry(
        name="splits",
        means="A split has no row, or none of a class.",
        severity="error",
        action="Give it a larger share or more rows; merge rare classes, or set "
        "`data.split.balanced`.",
    ),
    Entry(
        name="unused",
        means="Rows of the source are in no split (`data.split.gap_days`; or, by time, their "
        "`data.group` is in an earlier one).",
        severity="note",
        action="Nothing, if that is meant.",
    ),
    Entry(
        name="balance",
        means="Shares of the classes by split; as numbers in `balance` of `findings.json`.",
        severity="note",
        action="Nothing; compare the splits.",
    ),
    Entry(
        name="leak",
        means="A column alone tells the target: a copy, a transform, missing values, or far "
        "ahead of all others; or `data.known_later` names it.",
        severity=f"{_LEAK}; warning where it is far ahead at 0.8 to 0.89",
        action=_DROP,
    ),
    Entry(
        name="join",
        means="A column is present, or missing, in rows of one class only.",
        severity=_LEAK,
        action=_DROP,
    ),
    Entry(
        name="target-encoding",
        means="A number is the mean of the target by level over all rows, or one class's share: "
        "plain, smoothed or without the row itself.",
        severity=_LEAK,
        action="Take the means over the training rows only, in `pipeline.train`.",
    ),
    Entry(
        name="combination",
        means="Two or three numbers give the target as a sum, difference, product or ratio; of "
        "more than two classes, each as a stretch of one sum.",
        severity=f"{_LEAK}; warning where it takes more of them",
        action=_DROP,
    ),
    Entry(
        name="future",
        means="A timestamp lies after `data.time` in more rows than `validation.max_future`.",
        severity=_LEAK,
        action=f"{_DROP} A planned time is known in time.",
    ),
    Entry(
        name="order",
        means="The splits are not one after the other in `data.time`.",
        severity="error",
        action="Run the split step again, or correct what splits the rows.",
    ),
    Entry(
        name="clock",
        means="The newest row is more than 24 hours ahead of the clock; or a few rows lie far "
        "before or after all others.",
        severity="error ahead of the clock; warning else",
        action="Correct the clock or the zone of what wrote them.",
    ),
    Entry(
        name="freshness",
        means="The newest row is older than `validation.max_age_hours`.",
        severity="error",
        action="See why the source has no newer rows.",
    ),
    Entry(
        name="expectation",
        means="A function of `validation.expectations` found something wrong.",
        severity="error",
        action="Correct the data, or the function.",
    ),
    Entry(
        name="lock",
        means="There is no lock, so nothing of it is enforced.",
        severity="note",
        action="Write one with `trimaran lock`.",
    ),
    Entry(
        name="lock-columns",
        means="A column of the lock is missing or renamed, or there is a new one.",
        severity="error; warning for a new one that `data.exclude` names",
        action=_SOURCE,
    ),
    Entry(
        name="lock-order",
        means="The columns stand in another order.",
        severity="error, unless the lock says `ordered: false`",
        action=_SOURCE,
    ),
    Entry(
        name="lock-type",
        means="A column is of another type; an integer is taken for a number.",
        severity="error",
        action=_SOURCE,
    ),
    Entry(
        name="lock-missing",
        means="Values are missing where none was, or more than `max_missing`.",
        severity="error where none may be; warning else",
        action=_SOURCE,
    ),
    Entry(
        name="lock-unique",
        means="Values repeat where none did.",
        severity="error",
        action=_SOURCE,
    ),
    Entry(
        name="lock-range",
        means="Values lie outside of the range by more than `slack`, or the median lies where "
        "hardly a value was.",
        severity="warning: the range was inferred, and the world moves",
        action=_SOURCE,
    ),
    Entry(
        name="lock-scale",
        means="The median size is `max_scale` times another: a change of unit.",
        severity="error",
        action=_SOURCE,
    ),
    Entry(
        name="lock-categories",
        means="Levels that are not listed, exchanged levels, or a mix that has moved.",
        severity="error beyond `max_unknown` and for exchanged levels; warning else",
        action=_SOURCE,
    ),
    Entry(
        name="lock-rows",
        means="Fewer or more rows than the lock allows.",
        severity="error for fewer; warning for more",
        action=_SOURCE,
    ),
    Entry(
        name="lock-time",
        means="The newest row is older than it was, or the first one lies long before.",
        severity="error",
        action=_SOURCE,
    ),
)
"""In the order of the reference page."""
