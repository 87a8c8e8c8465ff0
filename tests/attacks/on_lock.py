"""Attacks on the shape of the table: its lock refuses them."""

from typing import Any

import numpy as np
import pandas as pd

from tests.attacks.case import Attack, Layer
from tests.attacks.loans import TIMED


def _attack(name: str, check: str, says: str, table: Any, **changes: Any) -> Attack:
    return Attack(
        name=name,
        check=check,
        says=says,
        table=table,
        locked=True,
        layer=Layer.validation,
        **changes,
    )


def _reordered(table: pd.DataFrame) -> pd.DataFrame:
    names = list(table.columns)
    first, second = names.index("income"), names.index("debt")
    names[first], names[second] = names[second], names[first]
    return table[names]


ON_LOCK = (
    _attack(
        "a column renamed",
        "lock-columns",
        "'salary' is new and of its type: was it renamed?",
        lambda table: table.rename(columns={"income": "salary"}),
    ),
    _attack(
        "a column removed",
        "lock-columns",
        "debt: is in the lock and not in the table",
        lambda table: table.drop(columns="debt"),
    ),
    _attack(
        "a column that nobody looked at",
        "lock-columns",
        "'score' would become a feature that nobody looked at",
        lambda table: table.assign(score=np.random.default_rng(2).normal(size=len(table))),
    ),
    _attack(
        "a column retyped",
        "lock-type",
        "is of type category, and was integer when it was locked",
        lambda table: table.assign(years=table["years"].astype(str)),
    ),
    _attack(
        "two columns exchanged",
        "lock-order",
        "the order has changed",
        _reordered,
    ),
    _attack(
        "a unit changed (x 1000)",
        "lock-scale",
        "has its unit changed?",
        lambda table: table.assign(income=table["income"] * 1000),
    ),
    _attack(
        "a category recoded",
        "lock-categories",
        "was it recoded?",
        lambda table: table.assign(
            region=table["region"].map({"north": "west", "west": "north", "south": "south"})
        ),
    ),
    _attack(
        "levels that are new",
        "lock-categories",
        "have levels that are not in the lock: 'WEST'",
        lambda table: table.assign(region=table["region"].replace("west", "WEST")),
    ),
    _attack(
        "values missing where none was",
        "lock-missing",
        "none was in the lock",
        lambda table: table.assign(debt=table["debt"].where(table["debt"] < 1)),
    ),
    _attack(
        "an id that repeats",
        "lock-unique",
        "in the lock none may",
        lambda table: table.assign(loan=table["loan"].where(table.index > 5, "L000009")),
    ),
    _attack(
        "most rows lost on the way",
        "lock-rows",
        "1500 rows, fewer than the 2000 of the lock",
        lambda table: table.head(1500),
    ),
    _attack(
        "yesterday's table again",
        "lock-time",
        "it is stale",
        lambda table: table.head(3500),
        config=TIMED,
        champion="weak, timed",
    ),
)
