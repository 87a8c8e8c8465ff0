"""Evidently: `DataDriftPreset` as it comes.

Its rule at more than 1,000 rows: normed Wasserstein distance of numbers, Jensen-Shannon distance of
categories, each from 0.1.
"""

from collections.abc import Iterator
from typing import Any

import clock
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def judge(reference: Any, current: Any) -> Iterator[str]:
    """The columns that its report calls drifted."""
    numbers = list(reference.select_dtypes("number"))
    levels = list(reference.select_dtypes("category"))
    kinds = DataDefinition(numerical_columns=numbers, categorical_columns=levels)
    before, now = (Dataset.from_pandas(f, data_definition=kinds) for f in (reference, current))
    found = Report([DataDriftPreset()]).run(now, before).dict()
    for metric in found["metrics"]:
        config = metric["config"]
        if "column" in config and metric["value"] >= config["threshold"]:
            yield config["column"]


if __name__ == "__main__":
    clock.run(judge, clock.pandas)
