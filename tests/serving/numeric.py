"""A release whose columns are all numbers, so that it takes a matrix."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.serving.releases import publish
from trimaran_runtime.registry.release import Feature
from trimaran_runtime.storage.store import Store

NUMERIC = (
    Feature(name="width", type="number", nullable=True, example=1.5),
    Feature(name="height", type="number", nullable=False, example=-0.25),
    Feature(name="count", type="integer", nullable=False, example=3),
)
LABELS = ("high", "low", "mid")


def numeric_table(rows: int = 30) -> pd.DataFrame:
    drawn = np.random.default_rng(0).normal(size=(rows, 2)).round(3)
    return pd.DataFrame({"width": drawn[:, 0], "height": drawn[:, 1], "count": np.arange(rows) % 5})


def numeric_model() -> Any:
    """Three classes of text, and a pipeline that takes a missing width as zero."""
    frame = numeric_table()
    target = [LABELS[i % 3] for i in range(len(frame))]
    return make_pipeline(FunctionTransformer(np.nan_to_num), LogisticRegression(max_iter=300)).fit(
        frame, target
    )


def publish_numeric(store: Store) -> str:
    """Write the release; returns the full id."""
    return publish(
        store,
        model=numeric_model(),
        features=NUMERIC,
        target="size",
        classes=LABELS,
        trusted=("numpy.nan_to_num",),
    )
