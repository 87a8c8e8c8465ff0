"""SageMaker's data capture gives the requests that our own capture gives."""

import base64
import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.aws.moto_server import make_bucket, moto_server
from tests.monitoring.traffic_store import (
    NOON,
    answers_to,
    config_of,
    rows_of,
    send,
    store_with_release,
)
from trimaran_runtime.monitoring.capture import Request
from trimaran_runtime.monitoring.sagemaker_capture import SageMakerCapture
from trimaran_runtime.registry.release import Feature, Release, read_release, write_release
from trimaran_runtime.steps.monitor import STEP
from trimaran_runtime.steps.step import Context
from trimaran_runtime.storage.store import Store

TYPES = {
    "distance": "number",
    "hour": "integer",
    "carrier": "category",
    "weekend": "boolean",
    "when": "timestamp",
    "temp": "number",
}
ROWS = rows_of(3, 1)
NAMES = list(ROWS[0])
HOUR_AGO = NOON - timedelta(hours=1)
FOLDER = "flights/main/2026/01/02"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Release]:
    """A store with a release in production whose signature is that of the traffic."""
    store, release_id = store_with_release(tmp_path_factory.mktemp("world"))
    release = read_release(store, release_id)
    features = tuple(Feature(name=n, type=t, nullable=n == "temp") for n, t in TYPES.items())
    signature = release.signature.model_copy(update={"features": features})
    typed = release.model_copy(update={"signature": signature})
    write_release(store, typed)
    return store, typed


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with moto_server():
        yield make_bucket("captured")


@pytest.fixture(params=["directory", "s3"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "directory":
        yield Store.open_directory(tmp_path / "captured", create=True)
        return
    store = Store(f"{request.getfixturevalue('bucket')}/sagemaker-capture")
    yield store
    for entry in store.list():
        store.delete(entry.key)


def side(body: str, encoding: str, content_type: str = "application/json") -> dict[str, Any]:
    text = base64.b64encode(body.encode()).decode() if encoding == "BASE64" else body
    return {"observedContentType": content_type, "encoding": encoding, "data": text}


def body(rows: list[Any]) -> dict[str, Any]:
    return side(json.dumps({"instances": rows}), "JSON")


def line(
    release: Release | str,
    rows: list[dict[str, Any]],
    *,
    event: str = "e1",
    when: datetime = HOUR_AGO,
    given: dict[str, Any] | None = None,
    answer: Any = None,
    **about: Any,
) -> bytes:
    """One line as SageMaker writes it."""
    release_id = release if isinstance(release, str) else release.id
    answer = answer or {"predictions": answers_to(rows, 1), "release": release_id[:12]}
    document = {
        "captureData": {
            "endpointInput": {
                "mode": "INPUT",
                **(given or side(json.dumps({"instances": rows}), "JSON")),
            },
            "endpointOutput": {"mode": "OUTPUT", **side(json.dumps(answer), "JSON")},
        },
        "eventMetadata": {
            "eventId": event,
            "inferenceTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
            **about,
        },
        "eventVersion": "0",
    }
    return json.dumps(document).encode() + b"\n"


def read(
    target: Store, release: Release, *, hours: float = 24
) -> tuple[list[Request], SageMakerCapture]:
    capture = SageMakerCapture(
        target.uri,
        "flights",
        release=release,
        since=NOON - timedelta(hours=hours),
        until=NOON,
    )
    return list(capture.requests()), capture


def as_csv(rows: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(NAMES)
    for row in rows:
        cells = [json.dumps(v) if isinstance(v, bool) else v for v in row.values()]
        writer.writerow(cells)
    return buffer.getvalue()


SHAPES: dict[str, Callable[[], tuple[str, str]]] = {
    "instances of objects": lambda: (json.dumps({"instances": ROWS}), "application/json"),
    "instances of lists": lambda: (
        json.dumps({"instances": [list(row.values()) for row in ROWS]}),
        "application/json; charset=utf-8",
    ),
    "dataframe_records": lambda: (json.dumps({"dataframe_records": ROWS}), "application/json"),
    "dataframe_split": lambda: (
        json.dumps(
            {
                "dataframe_split": {
                    "columns": NAMES[::-1],
                    "data": [list(row.values())[::-1] for row in ROWS],
                }
            }
        ),
        "application/json",
    ),
    "with parameters": lambda: (
        json.dumps({"instances": ROWS, "parameters": {"probabilities": True}}),
        "application/json",
    ),
    "csv": lambda: (as_csv(ROWS), "text/csv"),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("encoding", ["plain", "BASE64"])
def test_every_body_the_server_takes_is_read_in_every_encoding(
    world: tuple[Store, Release], tmp_path: Path, shape: str, encoding: str
) -> None:
    target = Store.open_directory(tmp_path, create=True)
    body, content_type = SHAPES[shape]()
    plain = "CSV" if content_type == "text/csv" else "JSON"
    given = side(body, plain if encoding == "plain" else "BASE64", content_type)
    target.create(f"{FOLDER}/11/a.jsonl", line(world[1], ROWS, given=given))
    (request,), capture = read(target, world[1])
    assert request.rows == ROWS
    assert request.predictions == answers_to(ROWS, 1)
    assert request.time == HOUR_AGO
    assert (capture.counts.files, capture.counts.requests, capture.counts.rows) == (1, 1, 3)


def test_a_body_that_is_json_in_the_record_itself_is_read(
    world: tuple[Store, Release], tmp_path: Path
) -> None:
    target = Store.open_directory(tmp_path, create=True)
    given = {
        "observedContentType": "application/json",
        "encoding": "JSON",
        "data": {"instances": ROWS},
    }
    target.create(f"{FOLDER}/11/a.jsonl", line(world[1], ROWS, given=given))
    assert read(target, world[1])[0][0].rows == ROWS


def test_only_files_of_the_windows_hours_are_opened(
    world: tuple[Store, Release], target: Store
) -> None:
    for day, hour in (("01", "11"), ("02", "03"), ("02", "09"), ("02", "12"), ("02", "15")):
        key = f"flights/main/2026/01/{day}/{hour}/a.jsonl"
        target.create(key, line(world[1], ROWS, event=f"{day}-{hour}"))
    target.create("flights/shadow/2026/01/02/11/b.jsonl", line(world[1], ROWS, event="other"))
    target.create("others/main/2026/01/02/11/b.jsonl", line(world[1], ROWS, event="no"))
    target.create("flights/main/2026/01/02/11/b.tmp", b"no lines")
    requests, capture = read(target, world[1], hours=2)
    # One hour more on either side: a file may hold requests of the hour before.
    assert capture.counts.files == len(requests) == 3


def test_a_request_counts_once_and_only_in_the_window(
    world: tuple[Store, Release], target: Store
) -> None:
    release = world[1]
    target.create(f"{FOLDER}/11/a.jsonl", line(release, ROWS) + line(release, ROWS))
    late = NOON + timedelta(seconds=1)
    outside = [
        line(release, ROWS, event="late", when=late),
        line(release, ROWS, event="early", when=NOON - timedelta(hours=2)),
    ]
    target.create(f"{FOLDER}/12/b.jsonl", line(release, ROWS) + b"".join(outside))
    requests, capture = read(target, release, hours=2)
    assert len(requests) == 1
    assert capture.counts.duplicates == 2


def test_a_torn_last_line_is_counted_and_a_whole_one_without_line_feed_is_read(
    world: tuple[Store, Release], tmp_path: Path
) -> None:
    target = Store.open_directory(tmp_path, create=True)
    release = world[1]
    whole = line(release, ROWS)
    for cut in (1, 50, len(whole) - 2):
        target.write(f"{FOLDER}/11/a.jsonl", whole + line(release, ROWS, event="e2")[:cut])
        requests, capture = read(target, release)
        assert len(requests) == 1
        assert (capture.counts.torn, capture.counts.unreadable) == (1, 0)
    target.write(f"{FOLDER}/11/a.jsonl", whole[:-1])
    requests, capture = read(target, release)
    assert (len(requests), capture.counts.torn) == (1, 0)


def test_a_column_that_no_row_has_was_left_out_by_the_recorder(
    world: tuple[Store, Release], tmp_path: Path
) -> None:
    target = Store.open_directory(tmp_path, create=True)
    fewer = [{name: row[name] for name in NAMES[:2]} for row in ROWS]
    target.create(f"{FOLDER}/11/a.jsonl", line(world[1], ROWS, given=body(fewer)))
    (request,), capture = read(target, world[1])
    assert request.rows == fewer
    assert capture.counts.unreadable == 0


@pytest.mark.parametrize(
    "broken",
    [
        lambda release: b"not json\n",
        lambda release: b"[]\n",
        lambda release: b"{}\n",
        lambda release: line(release, ROWS, inferenceTime="yesterday"),
        lambda release: line(release, ROWS, inferenceTime="2026-01-02T11:00:00"),
        lambda release: line(release, ROWS, eventId=7),
        lambda release: line(release, ROWS, given=side("{", "JSON")),
        lambda release: line(release, ROWS, given=side("{}", "XML")),
        lambda release: line(release, ROWS, given={"encoding": "BASE64", "data": "?"}),
        lambda release: line(
            release, ROWS, given=side(json.dumps({"instances": [{"distance": 1}]}), "JSON")
        ),
        lambda release: line(release, ROWS, given=body([*ROWS[:2], {"distance": 1}])),
        lambda release: line(release, ROWS, given=body([{"distance": 1}, *ROWS[1:]])),
        lambda release: line(release, ROWS, given=body([{**row, "other": 1} for row in ROWS])),
        lambda release: line(release, ROWS, given=body([{"distance": "far"}] * 3)),
        lambda release: line(release, ROWS, given=body([{}, {}, 3])),
        lambda release: line(release, ROWS, given=body(["distance"] * 3)),
        lambda release: line(release, ROWS, answer={"predictions": [], "release": release.id[:12]}),
    ],
)
def test_a_line_that_is_no_request_is_left_out_and_counted(
    world: tuple[Store, Release], tmp_path: Path, broken: Callable[[Release], bytes]
) -> None:
    target = Store.open_directory(tmp_path, create=True)
    content = broken(world[1]) + line(world[1], ROWS, event="good")
    target.create(f"{FOLDER}/11/a.jsonl", content)
    requests, capture = read(target, world[1])
    assert len(requests) == 1
    assert capture.counts.unreadable == 1


def test_what_is_no_traffic_of_the_release_is_counted_by_what_it_is(
    world: tuple[Store, Release], tmp_path: Path
) -> None:
    target = Store.open_directory(tmp_path, create=True)
    release = world[1]
    content = [
        line("0" * 64, ROWS, event="other release"),
        line(release, ROWS, event="refused", answer={"error": "no such column"}),
        line(release, ROWS, event="test", inferenceId="trimaran-live-test-1234"),
        line(release, ROWS, event="good", inferenceId="of the caller"),
    ]
    target.create(f"{FOLDER}/11/a.jsonl", b"".join(content))
    requests, capture = read(target, release)
    counts = capture.counts
    # A label names the id that its caller gave.
    assert [request.event_id for request in requests] == ["of the caller"]
    assert (counts.other_release, counts.unanswered, counts.live_tests) == (1, 1, 1)
    assert (counts.unreadable, counts.torn, counts.duplicates) == (0, 0, 0)


def test_no_traffic_is_no_error(world: tuple[Store, Release], target: Store) -> None:
    assert read(target, world[1])[0] == []


def test_the_monitor_judges_it_as_it_judges_our_own_capture(
    world: tuple[Store, Release], tmp_path: Path
) -> None:
    store, release = world
    target = Store.open_directory(tmp_path / "captured", create=True)
    rows = rows_of(8_000, 5, shift=0.6)
    answers = answers_to(rows, 2)
    send(store, release.id, rows)
    for number, start in enumerate(range(0, len(rows), 100)):
        moment = NOON - timedelta(hours=12) * (1 - number / 80) + timedelta(seconds=1)
        part = slice(start, start + 100)
        answer = {"predictions": answers[part], "release": release.id[:12]}
        content = line(release, rows[part], event=f"e{start}", when=moment, answer=answer)
        target.create(f"flights/main/{moment:%Y/%m/%d/%H}/{number}.jsonl", content)
    (tmp_path / "config.json").write_bytes(config_of().to_json())
    verdicts = []
    for more in ({}, {"capture": target.uri}):
        output = tmp_path / f"out{len(verdicts)}"
        output.mkdir()
        parameters = {
            "store": store.uri,
            "endpoint": "flights",
            "release": release.id,
            "now": NOON.isoformat(),
            **more,
        }
        STEP.run(
            Context(
                inputs={"config": tmp_path / "config.json"},
                outputs={"report": output},
                parameters=parameters,
                progress=lambda line: None,
            )
        )
        verdict = json.loads((output / "verdict.json").read_bytes())
        # SageMaker tells whole seconds; our own capture milliseconds.
        del verdict["newest"], verdict["counts"]["files"]
        verdicts.append(verdict)
    ours, sagemakers = verdicts
    assert ours["severity"] == "alert"
    assert ours["drifted"] == ["distance"]
    assert sagemakers == ours
