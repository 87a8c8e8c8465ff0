"""The rows that a model's answers are compared with, as data and as the frame a model takes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.training.config import Scalar

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from trimaran_runtime.registry.release import Signature

ROWS = 100
"""Reference rows."""


def reference_of(
    table: "pa.Table", signature: "Signature", seed: int
) -> dict[str, tuple[Scalar | None, ...]]:
    """Draw up to 100 values of each column, each column on its own.

    Contributions then say what a value does against what is usual in its column, whatever the
    other columns are; and no row of the data stands in a release.
    """
    generator = np.random.default_rng(seed)
    return {
        feature.name: tuple(
            _scalar(value)
            for value in table.column(feature.name)
            .take(generator.choice(len(table), min(ROWS, len(table)), replace=False))
            .to_pylist()
        )
        for feature in signature.features
    }


def frame_of(rows: Mapping[str, Sequence[Scalar | None]], signature: "Signature") -> "pd.DataFrame":
    """The frame a model takes, from values by column, typed as in training."""
    import pyarrow as pa

    types = {
        "number": pa.float64(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us"),
        "category": pa.string(),
        "text": pa.string(),
    }
    columns = {
        feature.name: _array(rows[feature.name], types[feature.type])
        for feature in signature.features
    }
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame


def _array(values: Sequence[Any], kind: Any) -> Any:
    import pyarrow as pa

    texts = pa.types.is_timestamp(kind)
    return pa.array(list(values), pa.string()).cast(kind) if texts else pa.array(values, kind)


def _scalar(value: Any) -> Scalar | None:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return None if np.isnan(value) else value
    return str(value.isoformat())
