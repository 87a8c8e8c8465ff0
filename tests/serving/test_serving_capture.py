"""What is recorded of the traffic, where, and how losses are told."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.serving.conftest import Connect
from tests.serving.releases import ROW
from trimaran_runtime.serving import capture as capture_module
from trimaran_runtime.serving.capture import is_sampled
from trimaran_runtime.serving.capture_file import CaptureFiles
from trimaran_runtime.serving.config import CaptureConfig
from trimaran_runtime.storage.store import Store


def lines(store: Store, endpoint: str, suffix: str = ".jsonl") -> list[dict[str, Any]]:
    found = (e for e in store.list(f"capture/{endpoint}") if e.key.endswith(suffix))
    return [json.loads(line) for entry in found for line in store.read(entry.key).splitlines()]


def drops(store: Store, endpoint: str) -> list[dict[str, Any]]:
    return lines(store, endpoint, "-drops.json")


def test_a_request_is_one_line_with_its_rows_and_answers(store: Store, connect: Connect) -> None:
    client = connect(endpoint="plain", capture=CaptureConfig())
    other = {**ROW, "carrier": "ZZ", "distance": None}
    _, answer = client.predict({"instances": [ROW, other]}, x_request_id="r-1")
    assert client.predict({"instances": []})[0].status == 400
    client.service.capture.close()
    (record,) = lines(store, "plain")
    assert record["event_id"] == "r-1"
    assert record["request"] == [ROW, other]
    assert record["prediction"] == answer["predictions"]
    assert record["release"] == client.service.release_id
    assert record["variant"] == client.service.release_id[:12]
    assert record["sampled_fraction"] == 1.0
    assert record["latency_ms"] > 0
    assert record["time"].endswith("+00:00")
    assert not drops(store, "plain")


def test_files_lie_by_endpoint_variant_and_hour(store: Store, connect: Connect) -> None:
    client = connect(endpoint="hours", variant="blue", capture=CaptureConfig())
    hour = time.strftime("%Y/%m/%d/%H", time.gmtime())
    client.predict({"instances": [ROW]})
    client.service.capture.close()
    (entry,) = store.list("capture/hours")
    assert entry.key.startswith(f"capture/hours/blue/{hour[:-3]}")
    assert entry.key.endswith("-000001.jsonl")


def test_a_redacted_column_is_nowhere_in_the_store(store: Store, connect: Connect) -> None:
    config = CaptureConfig(redact=("carrier",))
    client = connect(endpoint="redacted", capture=config)
    client.predict({"instances": [{**ROW, "carrier": "SECRET"}]})
    client.service.capture.close()
    (record,) = lines(store, "redacted")
    assert "carrier" not in record["request"][0]
    assert "SECRET" not in json.dumps(record)


def test_a_file_is_readable_soon_while_the_server_runs(store: Store, connect: Connect) -> None:
    client = connect(endpoint="soon", capture=CaptureConfig(), rotate_seconds=0.2)
    client.predict({"instances": [ROW]})
    deadline = time.monotonic() + 5
    while not lines(store, "soon") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(lines(store, "soon")) == 1


def test_sampling_keeps_its_fraction_and_always_the_same_ids(
    store: Store, connect: Connect
) -> None:
    client = connect(endpoint="sampled", capture=CaptureConfig(fraction=0.3))
    ids = [f"request-{i}" for i in range(200)]
    for identifier in ids:
        client.predict({"instances": [ROW]}, x_request_id=identifier)
    client.service.capture.close()
    kept = [record["event_id"] for record in lines(store, "sampled")]
    assert kept == [i for i in ids if is_sampled(i, 0.3)]
    assert 40 <= len(kept) <= 80


def test_fraction_one_keeps_all_and_zero_none() -> None:
    assert is_sampled("x", 1.0)
    assert not any(is_sampled(str(i), 0.0) for i in range(100))


def test_what_does_not_fit_into_the_queue_is_counted(
    store: Store, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_module, "_MAX_RECORDS", 0)
    client = connect(endpoint="full", capture=CaptureConfig())
    for _ in range(3):
        assert client.predict({"instances": [ROW]})[0].status == 200
    client.service.capture.close()
    assert not lines(store, "full")
    assert drops(store, "full") == [{"written": 0, "sampled_out": 0, "dropped": {"queue": 3}}]
    assert (
        f'trimaran_capture_total{{outcome="queue",variant="{client.service.short_id}"}} 3.0'
        in client.ask("GET", "/metrics")[1]
    )


def test_above_the_budget_recording_stops_and_is_counted(store: Store, connect: Connect) -> None:
    client = connect(endpoint="budget", capture=CaptureConfig(max_gib=1e-7))  # 107 bytes
    for _ in range(3):
        client.predict({"instances": [ROW]})
    client.service.capture.close()
    assert len(lines(store, "budget")) == 1
    assert drops(store, "budget")[0]["dropped"] == {"budget": 2}


def test_a_store_that_fails_costs_records_not_requests(
    store: Store, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    client = connect(endpoint="broken", capture=CaptureConfig())
    monkeypatch.setattr(CaptureFiles, "append", fail)
    assert client.predict({"instances": [ROW]})[0].status == 200
    time.sleep(0.3)
    assert (
        f'trimaran_capture_total{{outcome="error",variant="{client.service.short_id}"}} 1.0'
        in client.ask("GET", "/metrics")[1]
    )


def test_a_killed_servers_growing_file_is_closed_without_its_half_line(tmp_path: Path) -> None:
    store = Store.open_directory(tmp_path, create=True)
    left = tmp_path / "capture/e/v/2026/01/01/00/dead-000001.jsonl.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b'{"whole": 1}\n{"half')
    young = left.with_name("alive-000001.jsonl.part")
    young.write_bytes(b"{}\n")
    os.utime(left, (0, 0))
    CaptureFiles(store, "e", "v", rotate_seconds=1, max_bytes=1e9).adopt_abandoned()
    assert left.with_name("dead-000001.jsonl").read_bytes() == b'{"whole": 1}\n'
    assert young.exists()


def test_an_object_store_gets_whole_objects() -> None:
    store = Store("memory:///")
    files = CaptureFiles(store, "e", "v", rotate_seconds=1000, max_bytes=1e9)
    files.append(0.0, {"capture/e/v": b"{}\n"})
    files.append(1.0, {"capture/e/v": b"{}\n"})
    assert not list(store.list("capture"))
    files.append(3600.0, {"capture/e/v": b"{}\n"})
    (first,) = store.list("capture")
    assert first.key.startswith("capture/e/v/1970/01/01/00/")
    assert store.read(first.key) == b"{}\n{}\n"
    files.flush(close=True)
    assert len(list(store.list("capture"))) == 2


def test_a_live_test_is_no_traffic(store: Store, connect: Connect) -> None:
    client = connect(endpoint="tested", capture=CaptureConfig())
    assert client.predict({"instances": [ROW]}, x_trimaran_live_test="1")[0].status == 200
    client.service.capture.close()
    assert not lines(store, "tested")


def test_nothing_is_recorded_when_capture_is_off(connect: Connect) -> None:
    assert connect().service.capture is None
    assert connect(capture=CaptureConfig(fraction=0)).service.capture is None
