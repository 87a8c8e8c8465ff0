"""Predictions as a table: the same columns for the test rows of a release and for its traffic."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trimaran_runtime.drift.level_name import text_of

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.drift.profile import Profile

LABEL = "label"
"""Column of the predicted class."""
PROBABILITY = "probability"
"""Column of the probability of the last class (the positive one of two), 0 to 1."""
PREDICTION = "prediction"
"""Column of the predicted number."""


def classified(labels: Iterable[Any], probabilities: Iterable[float | None]) -> "pa.Table":
    """Table of predicted classes and of the probability of the last class."""
    import pyarrow as pa

    texts = [None if label is None else text_of(label) for label in labels]
    chances = pa.array(probabilities, pa.float64(), from_pandas=True)
    return pa.table({LABEL: pa.array(texts, pa.string()), PROBABILITY: chances})


def estimated(values: Iterable[float | None]) -> "pa.Table":
    """Table of predicted numbers."""
    import pyarrow as pa

    return pa.table({PREDICTION: pa.array(values, pa.float64(), from_pandas=True)})


def with_scores(
    profile: "Profile",
    predictions: "pa.Table",
    positive: str,
    *,
    truth: "Sequence[Any] | None" = None,
    reference: "Profile | None" = None,
) -> "Profile":
    """A profile of predictions of one of two classes, with their table of scores.

    Args:
        profile: of the predictions.
        predictions: the columns `label` and `probability`; a probability beyond 0 and 1 is none.
        positive: the class that the probability is of.
        truth: true class of each row; None: not known.
        reference: what it is to be compared with; None: it is a reference itself.
    """
    import numpy as np

    from trimaran_runtime.drift.score_table import ScoreTable

    known = None if reference is None else reference.scores
    scores = predictions[PROBABILITY].to_numpy()
    table = ScoreTable.of(
        np.where((scores >= 0) & (scores <= 1), scores, np.nan),
        np.array([label == positive for label in predictions[LABEL].to_pylist()], np.bool_),
        None if truth is None else np.array([_class(t, positive) for t in truth], np.int64),
        reference=known if isinstance(known, ScoreTable) else None,
    )
    return replace(profile, scores=table)


def _class(value: Any, positive: str) -> int:
    return -1 if value is None else int(text_of(value) == positive)
