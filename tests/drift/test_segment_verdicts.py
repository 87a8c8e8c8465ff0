"""Drift in one place is told where it is, and shares the risk with everything else."""

import numpy as np
import pyarrow as pa

from trimaran_runtime.drift import Profile, compare
from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.drift.verdict import Severity

CONFIG = DriftConfig()


def table(rows: int, seed: int, shift: float = 0.0) -> pa.Table:
    draw = np.random.default_rng(seed)
    place = draw.choice(["a", "b", "c", "rare"], rows, p=[0.55, 0.3, 0.14, 0.01])
    values = draw.normal(0, 1, rows) + np.where(place == "c", shift, 0)
    return pa.table({"place": place, "x": values})


def test_a_shift_of_one_segment_is_found_there_and_named() -> None:
    reference = Profile.of(table(100_000, 1), segments=["place"])
    current = Profile.of(table(20_000, 2, 0.5), reference=reference)
    verdict = compare(reference, current, CONFIG)
    assert [s.level for s in verdict.segments if s.severity.drifted] == ["c"]
    assert verdict.severity.drifted
    assert "place = c: x" in verdict.sentence
    columns = {column.column for segment in verdict.segments for column in segment.columns}
    assert columns == {"x"}


def test_segments_share_the_risk_and_those_with_few_rows_are_left_out() -> None:
    reference = Profile.of(table(100_000, 1), segments=["place"])
    current = Profile.of(table(20_000, 3), reference=reference)
    verdict = compare(reference, current, CONFIG)
    assert {segment.level for segment in verdict.segments} == {"a", "b", "c"}
    alone = compare(
        Profile.of(table(100_000, 1)),
        Profile.of(table(20_000, 3), reference=Profile.of(table(100_000, 1))),
        CONFIG,
    )
    assert verdict.comparisons > alone.comparisons
    assert verdict.severity is not Severity.alert
    assert not any(segment.severity.drifted for segment in verdict.segments)
