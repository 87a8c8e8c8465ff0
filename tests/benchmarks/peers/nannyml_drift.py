"""NannyML: `UnivariateDriftCalculator` as it comes, without timestamps.

Its rule: Jensen-Shannon distance of each of ten chunks of either table to the whole reference; an
alert above the mean of the reference's chunks plus three standard deviations.
"""

from collections.abc import Iterator
from typing import Any

import clock
import nannyml


def judge(reference: Any, current: Any) -> Iterator[str]:
    """The columns with an alert in any chunk."""
    calculator = nannyml.UnivariateDriftCalculator(column_names=list(reference.columns))
    result = calculator.fit(reference).calculate(current).filter(period="analysis").to_df()
    for name in reference.columns:
        if result[(name, "jensen_shannon", "alert")].any():
            yield name


if __name__ == "__main__":
    clock.run(judge, clock.pandas)
