"""Ours: a profile of either table and the verdict, correlations included.

Columns that are only named in a correlation that moved are not counted: no peer looks at those.
"""

from collections.abc import Iterator
from typing import Any

import clock

from trimaran_runtime.drift import Profile, compare
from trimaran_runtime.drift.config import DriftConfig


def judge(reference: Any, current: Any) -> Iterator[str]:
    """The columns with a warning or an alert."""
    before = Profile.of(reference).with_correlation(reference)
    now = Profile.of(current, reference=before)
    for column in compare(before, now, DriftConfig()).columns:
        if column.severity.drifted:
            yield column.column


if __name__ == "__main__":
    clock.run(judge, lambda table: table)
