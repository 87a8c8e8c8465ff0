"""Fitting one setting of the built-in learners, on growing shares of the rows while it is watched.

Successive halving (Jamieson and Talwalkar 2016): a setting that is not among the best third on a
ninth of the rows, or on a third of them, is not fitted on all.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from trimaran_runtime.training.config import Scalar
from trimaran_runtime.training.learner.portfolio import LEARNER, LEARNERS, Ask
from trimaran_runtime.training.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

NINTHS = (1, 3)
"""Shares of the rows, in ninths, that a watched setting is measured on before it gets all."""
REDUCTION = 3
"""One of so many settings goes on to the next share."""
_FEWEST_ROWS = 4500
"""Fewer rows are fitted at once, by one thread: a ninth of them would say little, all take no time,
and threads would wait for each other longer than they compute."""


def fit_setting(
    ask: Ask,
    frame: "pd.DataFrame",
    target: str,
    parameters: Mapping[str, Scalar],
    *,
    validation: "pd.DataFrame",
    trial: Trial,
    measure: Callable[[Any], float],
) -> Any:
    """A fitted scikit-learn pipeline, which takes rows as they come.

    Args:
        ask: what it is built for.
        frame: the training rows, features and target.
        target: name of the target's column.
        parameters: a setting, which names its learner.
        validation: rows on which learners that go on in rounds see when to stop.
        trial: the setting's trial.
        measure: value of the search's metric for a model.

    Raises:
        Pruned: the trial ends early.
    """
    import numpy as np

    if trial.is_watched and len(frame) >= _FEWEST_ROWS:
        order = np.random.default_rng(ask.seed).permutation(len(frame))
        for ninths in NINTHS:
            share = frame.iloc[np.sort(order[: len(frame) * ninths // 9])]
            if share[target].nunique() == frame[target].nunique() or not ask.classifies:
                trial.report(ninths, measure(_fitted(ask, share, validation, target, parameters)))
    return _fitted(ask, frame, validation, target, parameters)


def _fitted(
    ask: Ask,
    train: "pd.DataFrame",
    validation: "pd.DataFrame",
    target: str,
    parameters: Mapping[str, Scalar],
) -> Any:
    from threadpoolctl import threadpool_limits

    learner = LEARNERS[str(parameters[LEARNER])]
    model = learner.build(ask, parameters)
    threads = ask.threads if len(train) >= _FEWEST_ROWS else 1
    # Sums in BLAS are added up in an order that depends on its threads; those of boosted trees,
    # which have OpenMP's, are each added up by one thread.
    with threadpool_limits({"blas": 1, "openmp": threads}):
        if learner.stops_early:
            known = _of_known_classes(ask, train, validation, target)
            _fit_until_no_better(model, train, known, target)
        else:
            model.fit(train.drop(columns=target), train[target])
    last = model[-1]
    if getattr(last, "n_jobs", None) is not None:
        # Threads add up the trees' answers in the order they end, so that answers would differ.
        last.set_params(n_jobs=None)
    return model


def _fit_until_no_better(
    model: Any, train: "pd.DataFrame", validation: "pd.DataFrame", target: str
) -> None:
    """Fit in rounds until ten of them brought nothing on the validation rows."""
    preparation, last = model[:-1], model[-1]
    rows = preparation.fit_transform(train.drop(columns=target), train[target])
    if validation.empty:
        last.fit(rows, train[target])
        return
    last.set_params(early_stopping=True)
    last.fit(
        rows,
        train[target],
        X_val=preparation.transform(validation.drop(columns=target)),
        y_val=validation[target],
    )


def _of_known_classes(
    ask: Ask, train: "pd.DataFrame", validation: "pd.DataFrame", target: str
) -> "pd.DataFrame":
    """Rows whose class is in the training rows too: of others no loss is defined."""
    return validation[validation[target].isin(train[target])] if ask.classifies else validation
