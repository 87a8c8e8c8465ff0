"""whylogs: `log` of both tables and `calculate_drift_scores` as they come.

Its rule: the Kolmogorov-Smirnov test of two sketches' quantiles, or chi-squared of the frequent
items of text; drift below p = 0.05.
"""

from collections.abc import Iterator
from typing import Any

import clock
import whylogs
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores


def judge(reference: Any, current: Any) -> Iterator[str]:
    """The columns whose score has the category of drift."""
    before, now = (whylogs.log(pandas=frame).view() for frame in (reference, current))
    scores = calculate_drift_scores(now, before, with_thresholds=True)
    for name, score in scores.items():
        if score is not None and score["drift_category"] == "DRIFT":
            yield name


def native(table: Any) -> Any:
    """Text as text: it does not log pandas categories that have missing values."""
    frame = clock.pandas(table)
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), object))


if __name__ == "__main__":
    clock.run(judge, native)
