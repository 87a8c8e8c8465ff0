"""Attacks on the rows: the source and validation refuse them."""

import numpy as np
import pandas as pd

from tests.attacks.case import Attack, Change, Layer
from tests.attacks.deeds import exchanged, test_among_train
from tests.attacks.loans import TIMED

_ROWS = Layer.validation


def added(**columns: "pd.Series | object") -> Change:
    """A table with further columns; a function gets the table and returns the column."""
    return lambda table: table.assign(**columns)


def seeded(rows: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=rows)


def _nearly(table: pd.DataFrame) -> pd.Series:
    return table["repaid"] + 0.3 * seeded(len(table))


def _branch_mean(table: pd.DataFrame) -> pd.Series:
    return table.groupby("branch")["repaid"].transform("mean")


def _smoothed(table: pd.DataFrame) -> pd.Series:
    groups = table.groupby("branch")["repaid"]
    weight, mean = groups.transform("size"), table["repaid"].mean()
    return (groups.transform("sum") + 20 * mean) / (weight + 20)


def _without_itself(table: pd.DataFrame) -> pd.Series:
    groups = table.groupby("branch")["repaid"]
    return (groups.transform("sum") - table["repaid"]) / (groups.transform("size") - 1)


def _joined(table: pd.DataFrame) -> pd.Series:
    """Days overdue: in the other table only where a loan was not repaid."""
    days = np.abs(seeded(len(table))) * 30
    return pd.Series(days).where(~table["repaid"] & (np.arange(len(table)) % 5 > 0))


def _parts(table: pd.DataFrame) -> pd.DataFrame:
    """Owed less paid is the target."""
    owed = 5 * seeded(len(table))
    return table.assign(owed=owed, paid=owed - np.where(table["repaid"], 1.0, -1.0))


def _owed(table: pd.DataFrame) -> pd.DataFrame:
    """A regression of what is lost, which two columns give by difference."""
    amount = 100 + 20 * seeded(len(table))
    lost = 50 + 10 * table["income"] + 15 * seeded(len(table), 8)
    return table.assign(amount=amount, left=amount - lost, repaid=lost)


def _rank(table: pd.DataFrame) -> pd.DataFrame:
    """A regression with the rank of its target."""
    lost = table["income"] + 0.5 * seeded(len(table))
    return table.assign(repaid=lost, place=lost.rank())


def _copies(table: pd.DataFrame) -> pd.DataFrame:
    """A tenth of the rows once more, under ids of their own."""
    again = table.sample(frac=0.1, random_state=0)
    again = again.assign(loan="X" + again["loan"], at=again["at"] + pd.Timedelta("1min"))
    return pd.concat([table, again], ignore_index=True)


def _repeated(table: pd.DataFrame) -> pd.DataFrame:
    """A tenth of the rows once more, to the last value."""
    return pd.concat([table, table.sample(frac=0.1, random_state=0)], ignore_index=True)


def _one_in(table: pd.DataFrame, name: str, value: object, share: float) -> pd.DataFrame:
    changed = table[name].astype("object" if value is None else table[name].dtype)
    keep = np.arange(len(table)) % round(1 / share) > 0
    return table.assign(**{name: changed.where(keep, value)})


def _few(table: pd.DataFrame) -> pd.DataFrame:
    """A third class of seven rows."""
    labels = table["repaid"].map({True: "yes", False: "no"})
    return table.assign(repaid=labels.where(np.arange(len(table)) >= 7, "late"))


def _once(table: pd.DataFrame) -> pd.DataFrame:
    """A third class of one row."""
    labels = table["repaid"].map({True: "yes", False: "no"})
    return table.assign(repaid=labels.where(np.arange(len(table)) > 0, "late"))


def _customers(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(customer=[f"C{n}" for n in np.random.default_rng(4).integers(0, 900, 4000)])


SOURCE: tuple[Attack, ...] = (
    Attack(
        name="an empty table",
        table=lambda table: table.head(0),
        layer=Layer.source,
        check="",
        says="gave no rows",
    ),
    Attack(
        name="too few rows",
        table=lambda table: table.head(300),
        layer=Layer.source,
        check="",
        says="gave 300 rows",
    ),
    Attack(
        name="the target is not in the table",
        table=lambda table: table.rename(columns={"repaid": "paid_back"}),
        layer=Layer.source,
        check="data.target",
        says="'repaid'",
    ),
    Attack(
        name="a class that hardly occurs",
        table=_once,
        layer=_ROWS,
        check="classes",
        says="class 'late' has 1 of 4000 rows",
    ),
    Attack(
        name="a segment column is gone",
        table=lambda table: table.drop(columns="region"),
        layer=Layer.source,
        check="data.segments",
        says="'region'",
    ),
    Attack(
        name="times as text",
        table=lambda table: table.assign(at=table["at"].dt.strftime("%d %b %Y %H:%M")),
        config=TIMED,
        champion="weak, timed",
        layer=_ROWS,
        check="time",
        says="has no order in time",
    ),
)
LEAKS: tuple[Attack, ...] = (
    Attack(
        name="the target copied",
        table=added(paid_back=lambda table: table["repaid"]),
        layer=_ROWS,
        check="leak",
        says="is a copy or a transform of the target",
    ),
    Attack(
        name="the target scaled",
        table=added(refund=lambda table: 37.5 - 12 * table["repaid"].astype(float)),
        layer=_ROWS,
        check="leak",
        says="is a copy or a transform of the target",
    ),
    Attack(
        name="the target's rank (regression)",
        table=_rank,
        config={"data.task": "regression", "gate.metric": "r2"},
        fit="regression",
        champion="",
        layer=_ROWS,
        check="leak",
        says="is a copy or a transform of the target",
    ),
    Attack(
        name="the target with noise",
        table=added(score=_nearly),
        layer=_ROWS,
        check="leak",
        says="alone tells the target",
    ),
    Attack(
        name="the target's mean by branch, over all rows",
        table=added(branch_rate=_branch_mean),
        layer=_ROWS,
        check="target-encoding",
        says="branch_rate",
    ),
    Attack(
        name="the target's smoothed mean by branch, over all rows",
        table=added(branch_rate=_smoothed),
        layer=_ROWS,
        check="target-encoding",
        says="branch_rate",
    ),
    Attack(
        name="the target's mean by branch without the row itself",
        table=added(branch_rate=_without_itself),
        layer=_ROWS,
        check="target-encoding",
        says="branch_rate",
        also=("leak",),
    ),
    Attack(
        name="a join with what is known afterwards",
        table=added(days_overdue=_joined),
        config={"validation.max_missing": 0.9},
        layer=_ROWS,
        check="join",
        says="it was joined from where the outcome is known",
        also=("leak",),
    ),
    Attack(
        name="two columns whose difference is the target",
        table=_parts,
        layer=_ROWS,
        check="combination",
        says="gives the target as a sum",
    ),
    Attack(
        name="two columns whose difference is the target (regression)",
        table=_owed,
        config={"data.task": "regression", "gate.metric": "r2"},
        fit="regression",
        champion="",
        layer=_ROWS,
        check="combination",
        says="gives the target as a sum",
    ),
    Attack(
        name="a column that is known only later",
        table=added(closed=lambda table: seeded(len(table))),
        config={"data.known_later": ["closed"]},
        layer=_ROWS,
        check="leak",
        says="is known only after the prediction is due (data.known_later)",
    ),
    Attack(
        name="a timestamp from the future",
        table=added(settled=lambda table: table["at"] + pd.Timedelta("30D")),
        config=TIMED,
        champion="weak, timed",
        layer=_ROWS,
        check="future",
        says="lies after at in 4000 of 4000 rows",
    ),
)
SPLITS: tuple[Attack, ...] = (
    Attack(
        name="copies of training rows among the test rows",
        table=_copies,
        layer=_ROWS,
        check="overlap",
        says="test rows",
    ),
    Attack(
        name="every test row is trained on",
        after={"split": test_among_train},
        layer=_ROWS,
        check="overlap",
        says="repeat a training row in every feature and the target",
        also=("duplicates",),
    ),
    Attack(
        name="groups torn between train and test",
        table=_customers,
        config={"data.group": "customer"},
        after={"split": exchanged},
        layer=_ROWS,
        check="groups",
        says="groups of the test rows are among the train rows, too",
    ),
    Attack(
        name="rows of the future in train",
        config=TIMED,
        champion="weak, timed",
        after={"split": exchanged},
        layer=_ROWS,
        check="order",
        says="100 of 2400 train rows are not before the first of the validation rows",
    ),
    Attack(
        name="the same rows again and again",
        table=_repeated,
        layer=_ROWS,
        check="duplicates",
        says="repeat another row exactly; at most 5.0% are allowed",
    ),
)
VALUES: tuple[Attack, ...] = (
    Attack(
        name="infinite values",
        table=lambda table: _one_in(table, "income", np.inf, 0.01),
        layer=_ROWS,
        check="infinite",
        says="40 of 4000 values are infinite",
    ),
    Attack(
        name="a column without any value",
        table=added(savings=np.nan),
        layer=_ROWS,
        check="missing",
        says="100.0% of the values are missing",
    ),
    Attack(
        name="labels are missing",
        table=lambda table: _one_in(table, "repaid", None, 0.05),
        layer=_ROWS,
        check="labels",
        says="200 of 4000 labels are missing",
    ),
    Attack(
        name="one class alone",
        table=added(repaid=True),
        layer=_ROWS,
        check="classes",
        says="there is nothing to tell apart",
    ),
    Attack(
        name="a class of seven rows in every split",
        table=_few,
        config={"data.split": {"balanced": True}},
        champion="",
        layer=_ROWS,
        check="classes",
        says="class 'late' has 7 of 4000 rows",
    ),
    Attack(
        name="values outside of what a rule allows",
        config={"data.columns": {"years": {"minimum": 0, "maximum": 6}}},
        layer=_ROWS,
        check="range",
        says="years",
    ),
    Attack(
        name="levels that a rule does not allow",
        config={"data.columns": {"region": {"categories": ["north", "south"]}}},
        layer=_ROWS,
        check="categories",
        says="west",
    ),
    Attack(
        name="a column of another type than a rule asks for",
        table=added(years=lambda table: table["years"].astype(str)),
        config={"data.columns": {"years": {"type": "integer"}}},
        layer=_ROWS,
        check="type",
        says="years",
    ),
    Attack(
        name="a clock that runs ahead",
        table=added(at=lambda table: table["at"] + pd.Timedelta("100D")),
        config=TIMED,
        champion="weak, timed",
        layer=_ROWS,
        check="clock",
        says="which is yet to come",
    ),
    Attack(
        name="rows that are too old",
        config={**TIMED, "validation.max_age_hours": 48},
        champion="weak, timed",
        layer=_ROWS,
        check="freshness",
        says="at most 48 are allowed",
    ),
)
ON_ROWS = (*SOURCE, *LEAKS, *SPLITS, *VALUES)
