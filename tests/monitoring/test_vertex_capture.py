"""What is Vertex's own: rows of a table, as BigQuery's client and its exports give them."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.monitoring.avro import write_avro
from tests.monitoring.capture_formats import (
    SINCE,
    Exchange,
    row_of,
    traffic,
    vertex,
    write_parquet,
)
from tests.monitoring.test_capture_formats import World, shape
from tests.monitoring.traffic_store import NOON, rows_of
from trimaran_runtime.errors import StoreError
from trimaran_runtime.monitoring.capture import Counts
from trimaran_runtime.monitoring.vertex_rows import exported_rows, query_of, table_rows

EXCHANGES = traffic(count=5, per_request=3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def as_text(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with times and numbers as an export to JSON has them."""
    return [
        {
            **row,
            "logging_time": f"{row['logging_time']:%Y-%m-%d %H:%M:%S.%f} UTC",
            "request_id": str(row["request_id"]),
        }
        for row in rows
    ]


def test_every_way_out_of_the_table_gives_the_same(world: World, tmp_path: Path) -> None:
    rows = [row_of(exchange) for exchange in EXCHANGES]
    expected = shape(world.read(vertex(rows, world.release)))
    folders = {name: tmp_path / name for name in ("parquet", "json", "avro")}
    for folder in folders.values():
        folder.mkdir()
    write_parquet(folders["parquet"] / "export-000.parquet", rows)
    lines = "".join(json.dumps(row) + "\n" for row in as_text(rows))
    (folders["json"] / "export-000.jsonl").write_text(lines)
    write_avro(folders["avro"] / "export-000.avro", rows)
    for folder in folders.values():
        counts = Counts()
        found = world.read(vertex(exported_rows(folder.as_uri(), counts), world.release, counts))
        assert shape(found) == expected
        assert (found.counts.files, found.counts.requests, found.counts.rows) == (1, 5, 15)


def test_other_files_and_broken_ones_are_left_out(world: World, tmp_path: Path) -> None:
    rows = [row_of(exchange) for exchange in EXCHANGES]
    write_parquet(tmp_path / "a.parquet", rows)
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.avro").write_bytes(b"Obj\x01 and nothing")
    (tmp_path / "_SUCCESS").write_bytes(b"")
    counts = Counts()
    found = world.read(vertex(exported_rows(tmp_path.as_uri(), counts), world.release, counts))
    assert (found.counts.requests, found.counts.unreadable, found.counts.files) == (5, 2, 3)


def test_a_raw_call_holds_the_bodies_themselves(world: World) -> None:
    exchange = EXCHANGES[0]
    row = row_of(exchange)
    row["request_payload"] = [json.dumps({"instances": exchange.rows})]
    answer = {"predictions": exchange.predictions, "release": world.release.id[:12]}
    row["response_payload"] = [json.dumps(answer)]
    (request,) = vertex([row], world.release).requests()
    assert (request.rows, request.predictions) == (exchange.rows, exchange.predictions)
    row["response_payload"] = [json.dumps({**answer, "release": "another"})]
    capture = vertex([row], world.release)
    assert (list(capture.requests()), capture.counts.other_release) == ([], 1)


def test_an_instance_alone_is_one_row(world: World) -> None:
    exchange = Exchange(
        number=1,
        moment=NOON - timedelta(hours=2),
        rows=rows_of(1, 1),
        predictions=[{"label": True}],
    )
    (request,) = vertex([row_of(exchange)], world.release).requests()
    assert request.rows == exchange.rows


def test_another_model_of_the_endpoint_is_not_judged(world: World) -> None:
    rows = [row_of(exchange) for exchange in EXCHANGES]
    rows[0]["deployed_model_id"] = "8842"
    capture = vertex(rows, world.release)
    assert (len(list(capture.requests())), capture.counts.other_release) == (4, 1)


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ({"response_payload": []}, "unanswered"),
        ({"response_payload": None}, "unanswered"),
        ({"response_payload": ["{}"]}, "unreadable"),
        ({"response_payload": ["not json"]}, "unreadable"),
        ({"request_payload": []}, "unreadable"),
        ({"request_payload": "a text"}, "unreadable"),
        ({"request_payload": [1]}, "unreadable"),
        ({"request_id": "none"}, "unreadable"),
        ({"request_id": None}, "unreadable"),
        ({"request_id": "0.5"}, "unreadable"),
        ({"request_id": "inf"}, "unreadable"),
        ({"logging_time": None}, "unreadable"),
        ({"logging_time": "yesterday"}, "unreadable"),
    ],
)
def test_a_row_that_is_no_request_costs_itself(
    world: World, change: dict[str, Any], counted: str
) -> None:
    rows = [row_of(exchange) for exchange in EXCHANGES]
    capture = vertex([{**rows[0], **change}, *rows[1:]], world.release)
    assert len(list(capture.requests())) == 4
    assert getattr(capture.counts, counted) == 1


def test_the_same_request_id_in_another_spelling_is_the_same(world: World) -> None:
    row = row_of(EXCHANGES[0])
    capture = vertex([row, {**row, "request_id": Decimal("0E-9")}], world.release)
    assert (len(list(capture.requests())), capture.counts.duplicates) == (1, 1)


def test_a_time_without_a_zone_is_in_utc(world: World) -> None:
    row = row_of(EXCHANGES[-1])
    naive = {**row, "logging_time": row["logging_time"].replace(tzinfo=None)}
    (request,) = vertex([naive], world.release).requests()
    assert request.time == row["logging_time"]


def test_the_sampling_rate_is_told(world: World) -> None:
    assert vertex([], world.release, fraction=0.1).counts.least_fraction == 0.1


def test_only_the_columns_and_the_window_are_asked_for() -> None:
    query = query_of("project-1.logging_flights.request_response_logging")
    assert query.startswith("SELECT endpoint, deployed_model_id, logging_time")
    assert query.endswith("logging_time > @since AND logging_time <= @until")
    for wrong in ("a.b", "a.b.c` WHERE 1=1 --", "a.b.c;"):
        with pytest.raises(StoreError, match=r"project\.dataset\.table"):
            query_of(wrong)


def test_without_the_client_the_message_says_what_to_do() -> None:
    with pytest.raises(StoreError, match="google-cloud-bigquery is not installed"):
        next(table_rows("p.d.t", SINCE, NOON))
