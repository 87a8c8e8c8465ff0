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
"""Fewer rows are fitted at once: a ninth of them would say little, and all take no time."""


def fit_setting(
    ask: Ask,
    frame: "pd.DataFrame",
    target: str,
    parameters: Mapping[str, Scalar],
    *,
    trial: Trial,
    measure: Callable[[Any], float],
) -> Any:
    """A fitted scikit-learn pipeline, which takes rows as they come.

    Args:
        ask: what it is built for.
        frame: the training rows, features and target.
        target: name of the target's column.
        parameters: a setting, which names its learner.
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
                trial.report(ninths, measure(_fitted(ask, share, target, parameters)))
    return _fitted(ask, frame, target, parameters)


def _fitted(ask: Ask, frame: "pd.DataFrame", target: str, parameters: Mapping[str, Scalar]) -> Any:
    from threadpoolctl import threadpool_limits

    model = LEARNERS[str(parameters[LEARNER])].build(ask, parameters)
    # Sums in BLAS are added up in an order that depends on its threads; OpenMP's are not touched.
    with threadpool_limits(1, user_api="blas"):
        model.fit(frame.drop(columns=target), frame[target])
    last = model[-1]
    if getattr(last, "n_jobs", None) is not None:
        # Threads add up the trees' answers in the order they end, so that answers would differ.
        last.set_params(n_jobs=None)
    return model
