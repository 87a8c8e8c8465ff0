"""Captured traffic is read once per request, whatever happened to the files."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.monitoring.traffic_store import FOLDER, NOON, answers_to, line, rows_of
from trimaran_runtime.monitoring.capture import Capture, Request
from trimaran_runtime.monitoring.table import table_of
from trimaran_runtime.storage.store import Store

ROWS = rows_of(3, 1)


naive = datetime.fromisoformat


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open_directory(tmp_path, create=True)


def read(store: Store, *, hours: float = 24) -> tuple[list[Request], Capture]:
    since = NOON - timedelta(hours=hours)
    capture = Capture(store, "flights", release="r1", since=since, until=NOON)
    return list(capture.requests()), capture


def test_rows_predictions_and_times_come_back_as_they_were(store: Store) -> None:
    store.create(f"{FOLDER}/11/w-1.jsonl", line("a", "r1", ROWS))
    (request,), capture = read(store)
    assert request.rows == ROWS
    assert request.predictions == answers_to(ROWS, 1)
    assert request.time == NOON - timedelta(hours=1)
    assert (capture.counts.requests, capture.counts.rows) == (1, 3)


def test_a_request_that_was_written_twice_counts_once(store: Store) -> None:
    store.create(f"{FOLDER}/11/w-1.jsonl", line("a", "r1", ROWS) * 2)
    store.create("capture/flights/green/2026/01/02/11/w-2.jsonl", line("a", "r1", ROWS))
    requests, capture = read(store)
    assert len(requests) == 1
    assert capture.counts.duplicates == 2


def test_a_torn_last_line_is_left_out_and_counted(store: Store) -> None:
    whole = line("a", "r1", ROWS)
    for cut in (1, 20, len(whole) - 1):
        content = whole + line("b", "r1", ROWS)[:cut]
        store.write(f"{FOLDER}/11/w-1.jsonl", content)
        requests, capture = read(store)
        assert len(requests) == 1
        assert (capture.counts.torn, capture.counts.unreadable) == (1, 0)


def test_a_file_that_still_grows_is_read_as_far_as_it_is(store: Store) -> None:
    store.create(f"{FOLDER}/11/w-1.jsonl.part", line("a", "r1", ROWS) + b'{"event')
    requests, capture = read(store)
    assert len(requests) == 1
    assert capture.counts.torn == 1


def test_a_file_that_is_renamed_while_it_is_read_is_found(store: Store, tmp_path: Path) -> None:
    for name in ("w-1", "w-2"):
        store.create(f"{FOLDER}/11/{name}.jsonl.part", line(name, "r1", ROWS))
    capture = Capture(store, "flights", release="r1", since=NOON - timedelta(hours=3), until=NOON)
    reading = capture.requests()
    next(reading)
    part = tmp_path / f"{FOLDER}/11/w-2.jsonl.part"
    part.rename(part.with_suffix(""))
    assert len(list(reading)) == 1


@pytest.mark.parametrize(
    "broken",
    [
        b"not json\n",
        b"[]\n",
        b"{}\n",
        line("a", "r1", ROWS, time="yesterday"),
        line("a", "r1", ROWS, time="2026-01-02T11:00:00"),
        line("a", "r1", ROWS, prediction=[]),
        line("a", "r1", ROWS, request="rows"),
        line("a", "r1", ROWS, event_id=["a"]),
    ],
)
def test_a_line_that_is_no_request_is_left_out_and_counted(store: Store, broken: bytes) -> None:
    store.create(f"{FOLDER}/11/w-1.jsonl", broken + line("b", "r1", ROWS))
    requests, capture = read(store)
    assert len(requests) == 1
    assert capture.counts.unreadable == 1


def test_only_the_judged_release_in_the_window_is_read(store: Store) -> None:
    content = b"".join(
        [
            line("a", "r1", ROWS),
            line("b", "r2", ROWS),
            line("c", "r1", ROWS, time=(NOON + timedelta(seconds=1)).isoformat()),
            line("d", "r1", ROWS, time=(NOON - timedelta(hours=2)).isoformat()),
            line("e", "r1", ROWS, time=NOON.isoformat()),
        ]
    )
    store.create(f"{FOLDER}/11/w-1.jsonl", content)
    requests, capture = read(store, hours=2)
    assert [request.time for request in requests] == [NOON - timedelta(hours=1), NOON]
    assert capture.counts.other_release == 1


def test_a_request_in_the_folder_of_the_next_hour_is_found(store: Store) -> None:
    early = (NOON - timedelta(hours=1, seconds=1)).isoformat()
    store.create(f"{FOLDER}/13/w-1.jsonl", line("a", "r1", ROWS, time=NOON.isoformat()))
    store.create(f"{FOLDER}/12/w-1.jsonl", line("b", "r1", ROWS, time=early))
    assert len(read(store, hours=3)[0]) == 2


def test_what_the_server_dropped_is_reported(store: Store) -> None:
    told = {"written": 5, "sampled_out": 7, "dropped": {"queue": 2, "budget": 1}}
    store.write_json(f"{FOLDER}/11/w-drops.json", told)
    store.write_json(f"{FOLDER}/10/w-drops.json", {**told, "dropped": {"queue": 1}})
    store.write(f"{FOLDER}/09/w-drops.json", b"{")
    counts = read(store)[1].counts
    assert (dict(counts.dropped), counts.sampled_out) == ({"queue": 3, "budget": 1}, 14)
    assert counts.unreadable == 1


def test_no_traffic_is_no_error(store: Store) -> None:
    assert read(store)[0] == []


def test_what_the_server_writes_is_what_is_read(store: Store) -> None:
    from trimaran_runtime.serving.capture import Capture as Recorder
    from trimaran_runtime.serving.capture import Captured
    from trimaran_runtime.serving.capture_file import CaptureFiles
    from trimaran_runtime.serving.config import CaptureConfig

    files = CaptureFiles(store, "flights", "blue", rotate_seconds=3600, max_bytes=1 << 30)
    recorder = Recorder(
        CaptureConfig(redact=("carrier",)),
        files,
        columns=list(ROWS[0]),
        release="r1",
        variant="blue",
        on_count=lambda outcome, number: None,
    )
    recorder.start()
    now = datetime.now(UTC)
    columns = tuple([row[name] for row in ROWS] for name in ROWS[0])
    for number in range(50):
        recorder.offer(Captured(now.timestamp(), f"e{number}", columns, answers_to(ROWS), 1.0, 100))
    recorder.close()
    hour = timedelta(hours=1)
    capture = Capture(store, "flights", release="r1", since=now - hour, until=now + hour)
    requests = list(capture.requests())
    assert len(requests) == 50
    assert requests[0].predictions == answers_to(ROWS)
    assert set(requests[0].rows[0]) == set(ROWS[0]) - {"carrier"}
    assert (capture.counts.torn, capture.counts.unreadable) == (0, 0)


@pytest.mark.parametrize(
    ("kind", "given", "expected", "lost"),
    [
        ("number", [1, None, 2], [1, None, 2], 0),
        ("number", [1, 2.5, True, "3"], [1.0, 2.5, 1.0, 3.0], 0),
        ("number", [2**70, 1], [2.0**70, 1.0], 0),
        ("number", ["x", [1], None], [None, None, None], 2),
        ("timestamp", ["2026-01-02T03:04:05+02:00", "2026-01-02", None, "x", 5],
         [naive("2026-01-02T01:04:05"), naive("2026-01-02"), None, None, None], 2),
        ("level", ["a", None, "b"], ["a", None, "b"], 0),
        ("level", [True, 3, 3.0, 1.5, "3"], ["true", "3", "3", "1.5", "3"], 0),
        ("empty", ["a", None], ["a", None], 0),
    ],
)  # fmt: skip
def test_values_become_what_the_column_was_in_training(
    kind: Any, given: list[Any], expected: list[Any], lost: int
) -> None:
    unread: Counter[str] = Counter()
    assert table_of({"x": given}, {"x": kind}, unread)["x"].to_pylist() == expected
    assert unread["x"] == lost
