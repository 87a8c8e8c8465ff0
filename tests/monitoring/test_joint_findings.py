"""What no column shows alone: pairs of columns, parts of the rows, what matters to the model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.monitoring.traffic_store import (
    check_of,
    rows_of,
    send,
    store_with_release,
)
from trimaran_runtime.monitoring.outcome import Outcome
from trimaran_runtime.monitoring.report import render
from trimaran_runtime.storage.store import Store

World = tuple[Store, str]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return store_with_release(tmp_path / "store")


def judged(world: World, rows: list[dict[str, Any]]) -> Outcome:
    send(*world, rows, per_request=500)
    return check_of(world[0], world[1])


def test_columns_that_begin_to_move_together_are_found(world: World) -> None:
    rows = rows_of(12_000, 5)
    # The same values, paired anew: each column by itself is as it was.
    order = np.argsort([row["distance"] for row in rows], kind="stable")
    hours = sorted(row["hour"] for row in rows)
    for place, hour in zip(order, hours, strict=True):
        rows[place]["hour"] = hour
    outcome = judged(world, rows)
    assert outcome.features is not None
    assert not [c for c in outcome.features.columns if c.severity.drifted]
    assert outcome.severity == "alert"
    pairs = outcome.features.correlations
    assert pairs is not None
    assert set(pairs.pairs[0].columns) == {"distance", "hour"}
    assert "Pairs of columns" in render(outcome)
    assert outcome.document()["features"]["correlations"]["moved"] >= 1


def test_drift_of_one_segment_is_named(world: World) -> None:
    rows = rows_of(20_000, 5)
    for row in rows:
        if row["carrier"] == "DL":
            row["distance"] += 250
    outcome = judged(world, rows)
    assert outcome.features is not None
    moved = {(s.column, s.level) for s in outcome.features.segments if s.severity.drifted}
    assert moved == {("carrier", "DL")}
    assert "carrier = DL" in render(outcome)


def test_a_redacted_segment_column_divides_nothing(world: World) -> None:
    rows = rows_of(4_000, 5)
    for row in rows:
        del row["carrier"]
    outcome = judged(world, rows)
    assert outcome.features is not None
    assert outcome.features.segments == ()
    assert outcome.drifted == ()


def test_columns_that_matter_come_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from trimaran_runtime.monitoring import subject

    importances = {"hour": 3.0, "distance": 0.1}
    monkeypatch.setattr(subject, "_importances", lambda store, release: importances)
    rows = rows_of(8_000, 5, shift=0.6)
    for row in rows:
        row["hour"] = min(row["hour"] + 1, 22)
    outcome = judged(world, rows)
    assert [cause.column for cause in outcome.causes] == ["hour", "distance"]
    assert "hour, which makes 97% of the model" in render(outcome)
