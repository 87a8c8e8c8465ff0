"""What is Azure's own: two collections, ids that repeat, batches, blobs, folders by time."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.monitoring.capture_formats import ENDPOINT, FORMATS, SINCE, event, traffic, write
from tests.monitoring.test_capture_formats import World
from tests.monitoring.traffic_store import NOON, answers_to, rows_of
from trimaran_runtime.monitoring.azure_capture import AzureCapture
from trimaran_runtime.monitoring.capture import Request

HOUR_AGO = NOON - timedelta(hours=1)
FOLDER = "2026/01/02/11"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def put(root: Path, name: str, *lines: bytes) -> Path:
    path = root / ENDPOINT / "blue" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(lines))
    return path


def pair(
    world: World, number: int, rows: list[dict[str, Any]], **other: Any
) -> tuple[bytes, bytes]:
    answer = {"predictions": answers_to(rows, number), "release": world.release.id[:12]}
    asked = event("request", number, HOUR_AGO, {"instances": rows}, **other)
    return asked, event("response", number, HOUR_AGO + timedelta(seconds=1), answer, **other)


def read(
    root: Path, world: World, *, since: datetime = SINCE, until: datetime = NOON
) -> tuple[list[Request], AzureCapture]:
    capture = AzureCapture(
        root.as_uri(), ENDPOINT, release=world.release, since=since, until=until, fraction=0.5
    )
    return list(capture.requests()), capture


def test_sides_are_joined_across_files_and_hours(world: World, tmp_path: Path) -> None:
    asked, answered = pair(world, 1, rows_of(2, 1))
    put(tmp_path, f"request/{FOLDER}/i-9.jsonl", asked)
    put(tmp_path, "response/2026/01/02/12/i-1.jsonl", answered)
    found, capture = read(tmp_path, world)
    assert [request.rows for request in found] == [rows_of(2, 1)]
    assert (capture.counts.unmatched, capture.counts.least_fraction) == (0, 0.5)


def test_a_caller_that_repeats_an_id_gets_each_answer(world: World, tmp_path: Path) -> None:
    pairs = [pair(world, n, rows_of(n, n), together="mine") for n in (1, 2, 3)]
    put(tmp_path, f"request/{FOLDER}/i.jsonl", *(asked for asked, _ in pairs))
    put(tmp_path, f"response/{FOLDER}/i.jsonl", *(answered for _, answered in pairs))
    found, _ = read(tmp_path, world)
    assert [len(request.rows) for request in found] == [1, 2, 3]
    assert [request.predictions for request in found] == [
        answers_to(rows_of(n, n), n) for n in (1, 2, 3)
    ]


def test_what_lacks_its_other_side_is_counted(world: World, tmp_path: Path) -> None:
    put(tmp_path, f"request/{FOLDER}/i.jsonl", pair(world, 1, rows_of(1, 1))[0])
    put(tmp_path, f"response/{FOLDER}/i.jsonl", pair(world, 2, rows_of(1, 1))[1])
    found, capture = read(tmp_path, world)
    assert (found, capture.counts.unmatched) == ([], 2)
    # The late file arrives: the next check of the same window sees both.
    put(tmp_path, f"response/{FOLDER}/late.jsonl", pair(world, 1, rows_of(1, 1))[1])
    found, capture = read(tmp_path, world)
    assert (len(found), capture.counts.unmatched) == (1, 1)


def test_requests_in_one_object_are_taken_apart(world: World, tmp_path: Path) -> None:
    parts = [rows_of(2, 1), rows_of(3, 2)]
    answers = [
        {"predictions": answers_to(rows, 0), "release": world.release.id[:12]} for rows in parts
    ]
    bodies = [{"instances": rows} for rows in parts]
    put(tmp_path, f"request/{FOLDER}/i.jsonl", event("request", 1, HOUR_AGO, bodies))
    put(tmp_path, f"response/{FOLDER}/i.jsonl", event("response", 1, HOUR_AGO, answers))
    found, capture = read(tmp_path, world)
    assert [request.rows for request in found] == parts
    assert capture.counts.requests == 2


def test_a_large_body_is_in_a_blob_of_its_own(world: World, tmp_path: Path) -> None:
    rows = rows_of(2, 1)
    answered = pair(world, 1, rows)[1]
    blob = put(tmp_path, f"{FOLDER}/raw body", orjson.dumps({"instances": rows}))
    url = f"https://account.blob.core.windows.net/box/mdc/{ENDPOINT}/blue/{FOLDER}/raw%20body"
    asked = event("request", 1, HOUR_AGO, url, datainblob="true", contentrange="bytes 0-9/10")
    put(tmp_path, f"request/{FOLDER}/i.jsonl", asked)
    put(tmp_path, f"response/{FOLDER}/i.jsonl", answered)
    assert [request.rows for request in read(tmp_path, world)[0]] == [rows]
    blob.unlink()
    found, capture = read(tmp_path, world)
    assert found == []
    assert dict(capture.counts.dropped) == {"payload in a blob that is not there": 1}


@pytest.mark.parametrize(
    ("contentrange", "whole"),
    [
        ("bytes 0-59/*", True),
        ("bytes 0-116/117", True),
        ("bytes 0-116/200", False),
        ("bytes 117-199/200", False),
        ("something", False),
    ],
)
def test_a_piece_of_a_body_is_no_body(
    world: World, tmp_path: Path, contentrange: str, whole: bool
) -> None:
    rows = rows_of(1, 1)
    asked = event("request", 1, HOUR_AGO, {"instances": rows}, contentrange=contentrange)
    put(tmp_path, f"request/{FOLDER}/i.jsonl", asked)
    put(tmp_path, f"response/{FOLDER}/i.jsonl", pair(world, 1, rows)[1])
    found, capture = read(tmp_path, world)
    assert (len(found), capture.counts.unreadable) == ((1, 0) if whole else (0, 1))


def test_a_csv_body_is_text(world: World, tmp_path: Path) -> None:
    text = "distance,hour,carrier,weekend,when,temp\n1.5,7,AA,true,2026-01-02T08:00:00,\n"
    asked = event("request", 1, HOUR_AGO, text, datacontenttype="text/csv")
    put(tmp_path, f"request/{FOLDER}/i.jsonl", asked)
    put(tmp_path, f"response/{FOLDER}/i.jsonl", pair(world, 1, rows_of(1, 1))[1])
    ((request,), _) = read(tmp_path, world)
    assert request.rows[0]["distance"] == 1.5
    assert request.rows[0]["temp"] is None


def test_a_live_test_is_no_traffic(world: World, tmp_path: Path) -> None:
    asked, answered = pair(world, 1, rows_of(1, 1), together="trimaran-live-test-1")
    put(tmp_path, f"request/{FOLDER}/i.jsonl", asked)
    put(tmp_path, f"response/{FOLDER}/i.jsonl", answered)
    found, capture = read(tmp_path, world)
    assert (found, capture.counts.live_tests) == ([], 1)


@pytest.mark.parametrize(
    "folder", ["2026/01/02/11/59", "2026/01/02/11", "2026/01/02", "2026/01", "2026"]
)
def test_files_are_found_at_every_rolling_rate(world: World, tmp_path: Path, folder: str) -> None:
    asked, answered = pair(world, 1, rows_of(2, 1))
    put(tmp_path, f"request/{folder}/i.jsonl", asked)
    put(tmp_path, f"response/{folder}/i.jsonl", answered)
    put(tmp_path, "request/2025/12/02/11/i.jsonl", b"of another month")
    found, capture = read(tmp_path, world)
    assert (len(found), capture.counts.files, capture.counts.torn) == (1, 2, 0)


def test_both_deployments_of_a_rollout_are_read(world: World, tmp_path: Path) -> None:
    write(tmp_path, FORMATS["azure"], world.release, traffic(count=2, per_request=1))
    (tmp_path / ENDPOINT / "blue").rename(tmp_path / ENDPOINT / "green")
    asked, answered = pair(world, 70, rows_of(1, 7))
    put(tmp_path, f"request/{FOLDER}/i.jsonl", asked)
    put(tmp_path, f"response/{FOLDER}/i.jsonl", answered)
    assert len(read(tmp_path, world)[0]) == 3


def test_a_question_that_is_told_twice_takes_nobodys_answer(world: World, tmp_path: Path) -> None:
    pairs = [pair(world, n, rows_of(n, n), together="mine") for n in (1, 2)]
    (first, one), (second, two) = pairs
    put(tmp_path, f"request/{FOLDER}/i.jsonl", first, first, second)
    put(tmp_path, f"response/{FOLDER}/i.jsonl", one, two)
    found, capture = read(tmp_path, world)
    assert [len(request.rows) for request in found] == [1, 2]
    assert (capture.counts.duplicates, capture.counts.unmatched) == (1, 0)


def test_an_answer_in_the_hour_after_the_window_is_found(world: World, tmp_path: Path) -> None:
    rows = rows_of(2, 1)
    moment = NOON - timedelta(seconds=2)
    put(tmp_path, f"request/{FOLDER}/i.jsonl", event("request", 1, moment, {"instances": rows}))
    put(tmp_path, "response/2026/01/02/12/i.jsonl", pair(world, 1, rows)[1])
    assert len(read(tmp_path, world, until=NOON - timedelta(seconds=1))[0]) == 1


def test_what_both_payload_logging_and_tables_tell_counts_once(
    world: World, tmp_path: Path
) -> None:
    for name in ("azure", "azure tables"):
        write(tmp_path, FORMATS[name], world.release, traffic(count=6, per_request=2))
    found, capture = read(tmp_path, world)
    assert len(found) == 6
    assert (capture.counts.unmatched, capture.counts.duplicates) == (0, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": [1, 2]},
        {"data": "not JSON"},
        {"data": [{"distance": 1.0}, 2]},
        {"modelversion": None},
        {"contentrange": "bytes 60-119/180"},
    ],
)
def test_a_table_that_is_none_is_counted(
    world: World, tmp_path: Path, changes: dict[str, Any]
) -> None:
    rows = rows_of(2, 1)
    whole = {"modelversion": world.release.id, "data": answers_to(rows, 1)}
    broken = {**whole, **changes}
    for number, given in enumerate((whole, broken)):
        data = given.pop("data")
        put(
            tmp_path,
            f"model_inputs/{FOLDER}/{number}.jsonl",
            event("model_inputs", number, HOUR_AGO, rows),
        )
        put(
            tmp_path,
            f"model_outputs/{FOLDER}/{number}.jsonl",
            event("model_outputs", number, HOUR_AGO, data, **given),
        )
    found, capture = read(tmp_path, world)
    assert [request.rows for request in found] == [rows]
    assert (capture.counts.unreadable, capture.counts.unmatched) == (1, 1)
