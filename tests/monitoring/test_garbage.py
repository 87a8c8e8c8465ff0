"""Whatever callers send and whatever becomes of files: it is reported, and the rest is judged."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.monitoring.traffic_store import (
    FOLDER,
    NOON,
    answers_to,
    check_of,
    line,
    rows_of,
    send,
    store_with_release,
)
from trimaran_runtime.drift import Profile
from trimaran_runtime.monitoring.capture import Counts, Request
from trimaran_runtime.monitoring.report import render
from trimaran_runtime.monitoring.traffic import Traffic, read_traffic

ROWS = 60
_DRAW = np.random.default_rng(0)
KINDS: dict[str, Any] = {
    "number": _DRAW.normal(size=ROWS),
    "whole": _DRAW.integers(0, 9, ROWS),
    "level": [f"level {i % 5}" for i in range(ROWS)],
    "text": [f"these are {i} words that nobody else has said {i * i}" for i in range(ROWS)],
    "flag": [i % 3 == 0 for i in range(ROWS)],
    "moment": pa.array(range(ROWS), pa.timestamp("us")),
    "vector": pa.array([[float(i), 1.0, -1.0] for i in range(ROWS)], pa.list_(pa.float64(), 3)),
    "nothing": pa.nulls(ROWS),
}
REFERENCE = Profile.of(pa.table({f"{n}_{i}": v for n, v in KINDS.items() for i in range(13)}))
ANSWERS = Profile.of(pa.table({"label": ["true", "false"] * 30, "probability": [0.1, 0.9] * 30}))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        [2**63, -(2**70), 10**400, "NaN", "2026-01-01T00:00:00+99:00", "\x00", 1e308]
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


class Sent:
    """A request as it was sent."""

    def __init__(self, rows: list[dict[str, Any]], predictions: list[Any]) -> None:
        self._request = Request(event_id="e", time=NOON, rows=rows, predictions=predictions)

    def requests(self) -> Any:
        return iter([self._request])


class All:
    """Several requests."""

    def __init__(self, sent: Sequence[Sent]) -> None:
        self.counts, self._sent = Counts(), sent

    def requests(self) -> Any:
        for one in self._sent:
            yield from one.requests()


def read(rows: list[dict[str, Any]], predictions: list[Any]) -> Traffic:
    return read_all([Sent(rows, predictions)])


def read_all(sent: Sequence[Sent], reference: Profile = REFERENCE) -> Traffic:
    return read_traffic(
        All(sent),
        reference=reference,
        predictions=ANSWERS,
        since=NOON.replace(hour=0),
        until=NOON,
    )


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.tuples(JSON, JSON, JSON), min_size=1, max_size=6), st.integers(0, 2**32))
def test_a_hundred_columns_of_anything_are_read(
    values: list[tuple[Any, Any, Any]], seed: int
) -> None:
    draw = np.random.default_rng(seed)
    flat = [value for three in values for value in three]
    rows = [
        {name: flat[draw.integers(len(flat))] for name in REFERENCE.columns if draw.random() > 0.1}
        for _ in range(5)
    ]
    found = read(rows, [flat[draw.integers(len(flat))] for _ in rows])
    known = set(found.features.columns) | set(found.unrecorded) | set(found.unreadable)
    assert known == set(REFERENCE.columns)
    for name, column in found.features.columns.items():
        assert column.rows == found.features.rows, name
        assert found.unread.get(name, 0) <= column.missing
    assert Profile.from_bytes(found.features.to_bytes()) == found.features


def breaks(monkeypatch: pytest.MonkeyPatch, *columns: str, after: int = 0) -> None:
    """Let columns be refused from some row on, as ones whose values no type holds."""
    from trimaran_runtime.drift import profile
    from trimaran_runtime.errors import DataError

    of, seen = profile.Profile.of, [0]

    def breaking(table: Any, *arguments: Any, **options: Any) -> Profile:
        if (broken := set(columns) & set(table.column_names)) and seen[0] >= after:
            raise DataError("its values are garbage", where=f"column {min(broken)}")
        seen[0] += len(table)
        return of(table, *arguments, **options)

    monkeypatch.setattr(profile.Profile, "of", breaking)


def test_a_column_that_breaks_late_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from trimaran_runtime.monitoring import traffic

    monkeypatch.setattr(traffic, "_BATCH_ROWS", 1)
    row = dict.fromkeys(REFERENCE.columns) | {"number_0": 1.0, "whole_0": "no number"}
    answers = [{"label": "true", "probability": 0.5}] * 2
    requests = Sent([row] * 2, answers), Sent([row], answers[:1])
    whole = read_all(requests)
    breaks(monkeypatch, "number_0", after=2)
    found = read_all(requests)
    assert found.unreadable == {"number_0": "its values are garbage"}
    assert found.features == whole.features.only(set(REFERENCE.columns) - {"number_0"})
    assert found.predictions == whole.predictions
    assert found.unread == whole.unread == {"whole_0": 3}


def test_columns_that_all_break_late_leave_the_rows_and_the_predictions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from trimaran_runtime.monitoring import traffic

    monkeypatch.setattr(traffic, "_BATCH_ROWS", 1)
    table = pa.table({name: KINDS[name] for name in ("number", "whole", "level")})
    reference = Profile.of(table, segments=["level"]).with_correlation(table).with_sample(table)
    answers = [{"label": "true", "probability": 0.5}] * 2
    requests = [Sent([row] * 2, answers) for row in table.slice(0, 3).to_pylist()]
    whole = read_all(requests, reference)
    # The rows before had all parts, which rows without columns have not.
    assert whole.features.correlation is not None
    assert whole.features.sample is not None
    assert whole.features.segments
    breaks(monkeypatch, *table.column_names, after=4)
    found = read_all(requests, reference)
    assert set(found.unreadable) == set(table.column_names)
    assert (found.features.columns, found.features.rows) == ({}, 6)
    assert found.features == found.features.without_parts()
    assert found.predictions == whole.predictions


def test_a_broken_column_is_told_and_the_others_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, release = store_with_release(tmp_path / "store")
    send(store, release, rows_of(5_000, 5, shift=0.6))
    breaks(monkeypatch, "hour")
    outcome = check_of(store, release)
    assert outcome.features is not None
    assert outcome.drifted == ("hour", "distance")
    assert outcome.sentence.startswith("hour cannot be read: its values are garbage. ")
    assert [column.column for column in outcome.features.columns].count("hour") == 0
    assert outcome.document()["unreadable"] == {"hour": "its values are garbage"}
    assert "hour cannot be read" in render(outcome)


def test_a_check_of_nothing_but_garbage_ends_with_a_report(tmp_path: Path) -> None:
    store, release = store_with_release(tmp_path / "store")
    junk: list[Any] = [
        None,
        True,
        2**64 - 1,
        -1e308,
        "",
        "x" * 5_000,
        [[]],
        {"a": {}},
        "NaN",
        "\x00",
    ]
    rows = [
        {name: junk[(i + j) % len(junk)] for j, name in enumerate(rows_of(1, 1)[0])}
        for i in range(800)
    ]
    content = line("e1", release, rows, prediction=[junk[i % 10] for i in range(800)])
    store.create(f"{FOLDER}/11/w.jsonl", content + b"torn {")
    store.create(f"{FOLDER}/11/w-drops.json", b'{"dropped": 7}')
    store.create(f"{FOLDER}/11/x.jsonl", orjson.dumps([1, 2]) + b"\n\xff\xff\n")
    outcome = check_of(store, release)
    assert outcome.severity == "alert"
    assert render(outcome)
    counts = outcome.document()["counts"]
    assert (counts["rows"], counts["torn"], counts["unreadable"]) == (800, 1, 3)


def test_predictions_that_are_no_predictions_are_missing_ones(tmp_path: Path) -> None:
    store, release = store_with_release(tmp_path / "store")
    rows = rows_of(1_000, 3)
    answers = [*answers_to(rows[:500]), *[[], None, "x", {}, {"label": {}}] * 100]
    store.create(f"{FOLDER}/11/w.jsonl", line("e1", release, rows, prediction=answers))
    outcome = check_of(store, release)
    assert outcome.predictions is not None
    assert outcome.predictions.severity == "alert"
