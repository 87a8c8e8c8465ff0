"""The built-in learners, simplest first, each with the few hyperparameters worth searching."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trimaran_runtime.data.config import Task
from trimaran_runtime.training.config import Scalar, SearchRange
from trimaran_runtime.training.learner.preparation import Columns, for_linear, for_trees

LEARNER = "learner"
"""The hyperparameter that says which one it is."""
_TREES = 100
_ITERATIONS = 500
_ROUNDS = 400
"""Of boosted trees at most; they stop where the validation rows see nothing more come of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a learner is built for.

    Attributes:
        columns: the feature columns.
        task: what is predicted.
        seed: of whatever it draws.
        threads: processors it may use; the result does not depend on it.
    """

    columns: Columns
    task: Task
    seed: int
    threads: int = 1

    @property
    def classifies(self) -> bool:
        """Whether classes are predicted."""
        return self.task is Task.classification


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """One learner.

    Attributes:
        name: what `learner` is called in the parameters.
        first: the setting that is tried first.
        space: what is searched, by name; names start with the learner's.
        build: makes the unfitted model of a setting.
        stops_early: whether its last step takes validation rows, to see when to stop.
    """

    name: str
    first: Mapping[str, Scalar]
    space: Mapping[str, SearchRange]
    build: Callable[[Ask, Mapping[str, Any]], Any]
    stops_early: bool = False

    @property
    def first_setting(self) -> dict[str, Scalar]:
        """The setting that is tried first, whole."""
        return {LEARNER: self.name, **self.first}


def _linear(ask: Ask, given: Mapping[str, Any]) -> Any:
    """Ridge, or logistic regression with the same penalty."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline

    penalty = given["linear.penalty"]
    model = (
        LogisticRegression(C=1 / penalty, max_iter=_ITERATIONS)
        if ask.classifies
        else Ridge(alpha=penalty)
    )
    return make_pipeline(for_linear(ask.columns), model)


def _extra_trees(ask: Ask, given: Mapping[str, Any]) -> Any:
    """Extremely randomised trees (Geurts, Ernst and Wehenkel 2006)."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
    from sklearn.pipeline import make_pipeline

    kind = ExtraTreesClassifier if ask.classifies else ExtraTreesRegressor
    model = kind(
        n_estimators=_TREES,
        min_samples_leaf=given["extra_trees.leaf_rows"],
        max_features=given["extra_trees.features"],
        random_state=ask.seed,
        n_jobs=ask.threads,
    )
    return make_pipeline(for_trees(ask.columns, seed=ask.seed, filled=True), model)


def _boosting(ask: Ask, given: Mapping[str, Any]) -> Any:
    """Gradient boosted trees on binned columns, as LightGBM (Ke et al. 2017) has them."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline

    kind = HistGradientBoostingClassifier if ask.classifies else HistGradientBoostingRegressor
    model = kind(
        learning_rate=given["boosting.rate"],
        max_iter=_ROUNDS,
        max_leaf_nodes=given["boosting.leaves"],
        min_samples_leaf=given["boosting.leaf_rows"],
        # The categories are the first columns.
        categorical_features=list(range(len(ask.columns.categories))) or None,
        early_stopping=False,
        random_state=ask.seed,
    )
    return make_pipeline(for_trees(ask.columns, seed=ask.seed, filled=False), model)


PORTFOLIO: tuple[Learner, ...] = (
    Learner(
        name="linear",
        first={"linear.penalty": 1.0},
        space={"linear.penalty": SearchRange(low=1e-3, high=1e4, log=True)},
        build=_linear,
    ),
    Learner(
        name="extra_trees",
        first={"extra_trees.leaf_rows": 5, "extra_trees.features": 0.5},
        space={
            "extra_trees.leaf_rows": SearchRange(low=2, high=64, log=True, integer=True),
            "extra_trees.features": SearchRange(low=0.1, high=1.0),
        },
        build=_extra_trees,
    ),
    Learner(
        name="boosting",
        first={
            "boosting.rate": 0.1,
            "boosting.leaves": 31,
            "boosting.leaf_rows": 20,
        },
        space={
            "boosting.rate": SearchRange(low=0.02, high=0.3, log=True),
            "boosting.leaves": SearchRange(low=4, high=63, log=True, integer=True),
            "boosting.leaf_rows": SearchRange(low=5, high=100, log=True, integer=True),
        },
        build=_boosting,
        stops_early=True,
    ),
)
LEARNERS: Mapping[str, Learner] = {learner.name: learner for learner in PORTFOLIO}


def simplicity(parameters: Mapping[str, Scalar]) -> int:
    """Place of a setting's learner in the portfolio, 0 the simplest; 0 where it names none."""
    name = parameters.get(LEARNER)
    return next((n for n, learner in enumerate(PORTFOLIO) if learner.name == name), 0)
