"""Simple rivals that are reported beside the model: a linear one, and the last known value."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions
from trimaran_runtime.evaluation.segments import segment_levels

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from sklearn.pipeline import Pipeline

    from trimaran_runtime.registry.release import Signature

_MOST_ROWS = 20_000
"""Training rows that the linear rival is fitted on, evenly spaced: it needs no more."""
_MOST_LEVELS = 50
_ITERATIONS = 200
_NUMBERS = {"number", "integer", "boolean"}


def linear_rival(
    train: "pa.Table", truth: Floats | Codes, test: "pa.Table", signature: "Signature"
) -> Predictions | None:
    """Logistic regression (for numbers: ridge) on the same training rows and features.

    Numbers are standardised, with the median where they are missing; categories are one column per
    level; texts and times are left out.

    Args:
        train: training rows, with the features.
        truth: (n,) class numbers of the training rows, or numbers for regression.
        test: rows to answer.
        signature: of the model.

    Returns:
        None: no column suits a linear model.
    """
    kinds = {f.name: f.type for f in signature.features}
    numbers = [name for name, kind in kinds.items() if kind in _NUMBERS and _is_known(train, name)]
    categories = [name for name, kind in kinds.items() if kind == "category"]
    if not numbers and not categories:
        return None
    chosen = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), _MOST_ROWS)).astype(np.int64))
    labels = truth[chosen]
    # The split step made sure of every class; a thinned table may have lost a rare one.
    if signature.classes and len(np.unique(labels)) < len(signature.classes):
        return None
    model = _linear(numbers, categories, is_classifier=bool(signature.classes))
    model.fit(_frame(train.take(chosen), numbers, categories), labels)
    rows = _frame(test, numbers, categories)
    answers = np.asarray(model.predict(rows))
    if not signature.classes:
        return Predictions(scores=answers.astype(np.float64).reshape(-1, 1), labels=None)
    return Predictions(scores=model.predict_proba(rows), labels=answers.astype(np.int64))


def _linear(numbers: list[str], categories: list[str], *, is_classifier: bool) -> "Pipeline":
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    levels = OneHotEncoder(max_categories=_MOST_LEVELS, handle_unknown="infrequent_if_exist")
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (levels, categories),
    )
    learner = LogisticRegression(max_iter=_ITERATIONS) if is_classifier else Ridge()
    return make_pipeline(columns, learner)


def _is_known(table: "pa.Table", name: str) -> bool:
    return bool(np.isfinite(_numbers(table, name)).any())


def _numbers(table: "pa.Table", name: str) -> Floats:
    import pyarrow as pa

    values = np.asarray(table.column(name).cast(pa.float64()).fill_null(float("nan")))
    # An infinite value is none that a linear model could use.
    return np.where(np.isfinite(values), values, np.nan)


def _frame(table: "pa.Table", numbers: list[str], categories: list[str]) -> "pd.DataFrame":
    import pandas as pd

    columns = {name: _numbers(table, name) for name in numbers}
    return pd.DataFrame({**columns, **segment_levels(table, categories)})


def last_values(
    groups: NDArray[np.object_], truth: Floats | Codes, test: int, *, classes: int
) -> Predictions | None:
    """For each test row the last value that its group had before, as a forecaster without a model.

    Args:
        groups: (n,) group of each row, in order of time, test rows last.
        truth: (n,) class numbers or numbers, in the same order.
        test: how many of the rows are test rows.
        classes: how many classes; 0 for regression.

    Returns:
        None: there is no row before the test rows.
    """
    first = len(truth) - test
    if first == 0:
        return None
    _, codes = np.unique(groups, return_inverse=True)
    order = np.lexsort((np.arange(len(codes)), codes))
    before = np.full(len(codes), -1)
    follows = codes[order][1:] == codes[order][:-1]
    before[order[1:][follows]] = order[:-1][follows]
    # A group that was never seen: the last training row.
    before = np.where(before < 0, first - 1, before)[first:]
    values = truth[before]
    if classes == 0:
        return Predictions(scores=values.astype(np.float64).reshape(-1, 1), labels=None)
    labels = values.astype(np.int64)
    return Predictions(scores=np.eye(classes)[labels], labels=labels)
