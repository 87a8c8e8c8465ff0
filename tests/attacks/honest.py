"""Good releases: a gate that refuses them is as useless as one that refuses nothing."""

from typing import Any

import numpy as np
import pandas as pd

from tests.attacks.case import Honest
from tests.attacks.loans import TIMED, loans
from tests.attacks.on_release import MANUAL, OURS, SIGNED, and_then, approved, key_of, served


def _normal(table: pd.DataFrame, seed: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=len(table))


def _missing(table: pd.DataFrame) -> pd.DataFrame:
    """A tenth of two columns, whatever the outcome."""
    hole = np.random.default_rng(3).random((len(table), 2)) < 0.1
    return table.assign(debt=table["debt"].mask(hole[:, 0]), age=table["age"].mask(hole[:, 1]))


def _strong(table: pd.DataFrame) -> pd.DataFrame:
    """One honest cause that outweighs the others: it alone separates with an AUC near 0.87."""
    savings = _normal(table)
    score = table["income"] + 2.4 * savings + np.random.default_rng(4).logistic(size=len(table))
    return table.assign(savings=savings, repaid=score > 0)


def _rare(table: pd.DataFrame) -> pd.DataFrame:
    """One loan in twenty is not repaid."""
    score = 2 * table["income"] - 2 * table["debt"] + _normal(table)
    return table.assign(repaid=score > score.quantile(0.05))


def _three(table: pd.DataFrame) -> pd.DataFrame:
    score = table["income"] - table["debt"] + _normal(table)
    cuts = np.digitize(score, score.quantile([0.35, 0.8]))
    return table.assign(repaid=np.array(["no", "late", "yes"])[cuts])


def _number(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(repaid=100 + 10 * table["income"] - 8 * table["debt"] + 5 * _normal(table))


def _notes(table: pd.DataFrame) -> pd.DataFrame:
    words = np.array(
        ["house", "car", "boat", "school", "shop", "roof", "garden", "debt", "travel", "wedding"]
    )
    drawn = words[np.random.default_rng(6).integers(0, len(words), (len(table), 5))]
    return table.assign(note=[f"{' '.join(row)} {n}" for n, row in enumerate(drawn)])


def _customers(table: pd.DataFrame) -> pd.DataFrame:
    numbers = np.random.default_rng(4).integers(0, 900, len(table))
    return table.assign(customer=[f"C{number}" for number in numbers])


def _unequal(table: pd.DataFrame) -> pd.DataFrame:
    """Three regions of which the smallest has but a twentieth, all of one quality; seasons."""
    generator = np.random.default_rng(8)
    region = generator.choice(["north", "south", "west"], len(table), p=[0.65, 0.3, 0.05])
    season = np.sin(2 * np.pi * table["at"].dt.dayofyear / 365)
    return table.assign(region=region, season=season + 0.1 * generator.normal(size=len(table)))


def _savings(table: pd.DataFrame) -> pd.DataFrame:
    """A new column that is worth something."""
    return table.assign(savings=table["repaid"] * 0.8 + _normal(table))


def _open(table: pd.DataFrame) -> pd.DataFrame:
    """A date that lies before the loan, as an account's opening does."""
    days = np.random.default_rng(5).integers(10, 2000, len(table))
    return table.assign(opened=table["at"] - pd.to_timedelta(days, unit="D"))


def _case(name: str, **changes: Any) -> Honest:
    return Honest(name=name, **changes)


HONEST = (
    _case("the first release", champion=""),
    _case("a better model replaces production"),
    _case("the model in production once more", champion="sound", stays=True),
    _case("split in the order of time", config=TIMED, champion="weak, timed"),
    _case(
        "a regression",
        fit="regression",
        table=_number,
        champion="",
        config={"data.task": "regression", "gate.metric": "rmse", "gate.floor": 8},
    ),
    _case(
        "three classes",
        table=_three,
        champion="",
        config={"gate.metric": "log_loss", "gate.floor": 1.0},
    ),
    _case("values are missing", table=_missing),
    _case("a column of text", fit="with_text", table=_notes),
    _case("groups kept together", table=_customers, config={"data.group": "customer"}),
    _case("classes balanced over the splits", config={"data.split": {"balanced": True}}),
    _case("one honest cause that outweighs all others", table=_strong, champion=""),
    _case("a rare class", table=_rare, champion=""),
    _case("a new column", table=_savings),
    _case(
        "columns in another order, without a lock", table=lambda table: table[table.columns[::-1]]
    ),
    _case("a table that fits its lock", locked=True),
    _case(
        "new rows of the same kind, and the lock", table=lambda _: loans(5000, seed=2), locked=True
    ),
    _case(
        "calibrated, fast, small and fair, by every rule",
        config={
            "gate.max_calibration_error": 0.05,
            "gate.max_latency_ms": 2000,
            "gate.max_size_mib": 1,
            "gate.fairness": {"rate": "true_positive_rate", "max_difference": 0.15},
        },
    ),
    _case("the same model from the same seed", config={"training.check_reproducible": True}),
    _case(
        "a built-in learner",
        champion="",
        config={
            "training.train": None,
            "training.learner": "auto",
            "training.tune": {"trials": 1},
        },
    ),
    _case(
        "a lower floor, with a reason",
        config={"gate.floor": 0.55, "gate.loosened_because": "harder loans since May"},
    ),
    _case(
        "a tie overridden, with a reason",
        fit="same_answers",
        refused=("champion",),
        then=lambda run: approved(run, override=["champion"]),
    ),
    _case("approved by a person", config=MANUAL, then=approved),
    _case(
        "signed, verified and served",
        champion="",
        config={"registry.signing": SIGNED.model_dump(mode="json")},
        environment=key_of(OURS),
        then=and_then(lambda run: served(run, SIGNED)),
    ),
    _case(
        "regions of unequal size and equal quality, with seasons",
        table=_unequal,
        config={**TIMED, "gate.segments": {"max_drop": 0.02, "min_rows": 100}},
        champion="",
    ),
    _case("a branch encoded on the training rows alone", fit="by_branch"),
    _case("a date from before", table=_open, config=TIMED, champion="weak, timed"),
    _case(
        "a class of our own, by name",
        fit="rogue",
        config={
            "training.parameters": {"rogue": "Wrapped"},
            "training.trusted_types": ["rogues.Wrapped"],
        },
    ),
)
