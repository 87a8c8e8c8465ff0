"""Predictions as a table: the same columns for the test rows of a release and for its traffic."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from trimaran_runtime.drift.level_name import text_of

if TYPE_CHECKING:
    import pyarrow as pa

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
