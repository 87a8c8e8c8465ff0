"""What the server records in a cloud's format is what that cloud's reader reads."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.serving.capture_readers import (
    KEPT,
    SHARPNESS,
    documents,
    files,
    parameters,
    read,
)
from tests.serving.conftest import Connect
from tests.serving.numbers import publish_numbers
from tests.serving.process import Server
from tests.serving.releases import ROW, publish, regressor
from tests.serving.traffic import ask
from trimaran_runtime.serving import capture as capture_module
from trimaran_runtime.serving.capture import is_sampled
from trimaran_runtime.serving.capture_format import CaptureFormat
from trimaran_runtime.serving.config import CaptureConfig, ServerConfig
from trimaran_runtime.storage.store import Store

Begin = Callable[..., Server]
FOREIGN = [form for form in CaptureFormat if form is not CaptureFormat.trimaran]
OTHER = {**ROW, "distance": None, "carrier": 'ü, "quoted"\n', "departs": "2013-02-01T01:02:03Z"}


@pytest.fixture(params=CaptureFormat)
def form(request: pytest.FixtureRequest) -> CaptureFormat:
    return CaptureFormat(request.param)


@pytest.fixture
def begin(tmp_path: Path, store: Store, release: str) -> Iterator[Begin]:
    """Starts a server process."""
    servers: list[Server] = []

    def start(**config: Any) -> Server:
        path, ready = tmp_path / "config.json", tmp_path / "ready.json"
        path.write_text(ServerConfig(**config).model_dump_json())
        command = [sys.executable, "-m", "trimaran_runtime.serving", "--store", store.uri]
        command += ["--release", release, "--config", str(path), "--ready", str(ready)]
        servers.append(Server(command, ready, tmp_path / "server.log", {}))
        return servers[-1]

    yield start
    for server in servers:
        server.process.kill()
        server.process.wait()


def test_a_server_process_writes_what_the_formats_reader_reads(
    begin: Begin, form: CaptureFormat, store: Store, release: str
) -> None:
    endpoint = f"process-{form}"
    server = begin(endpoint=endpoint, variant="blue", capture=CaptureConfig(format=form))
    url = server.url()
    answered: dict[str, tuple[list[Any], datetime, datetime]] = {}
    for number in range(20):
        name = str(number) if number % 2 else f"order-{number}"
        before = datetime.now(UTC)
        body = {"instances": [{**ROW, "stops": number}, OTHER]}
        status, _, answer = ask(url, "/invocations", body, x_request_id=name)
        assert status == 200
        answered[name] = answer["predictions"], before, datetime.now(UTC)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0

    for how in ({}, parameters(store, endpoint, release, form)):
        found = read(store, endpoint, release, **how)
        assert found.problems == {}
        assert (found.counts.requests, found.counts.rows) == (20, 40)
        requests = {request.event_id: request for request in found.requests}
        assert len(requests) == 20
        for number, (name, (predictions, before, after)) in enumerate(answered.items()):
            request = requests[name if number % 2 else KEPT[form](name)]
            assert request.rows == [{**ROW, "stops": number}, OTHER]
            assert request.predictions == predictions
            assert before - SHARPNESS[form] < request.time <= after


def test_a_prediction_may_be_a_number(store: Store, form: CaptureFormat, connect: Connect) -> None:
    name = publish(store, model=regressor(), task="regression", classes=())
    client = connect(name, endpoint=f"regression-{form}", capture=CaptureConfig(format=form))
    rows = [ROW, {**ROW, "stops": 2}]
    _, answer = client.predict({"instances": rows})
    client.service.close()
    (request,) = read(store, f"regression-{form}", name).requests
    assert isinstance(answer["predictions"][0], float)
    assert (request.rows, request.predictions) == (rows, answer["predictions"])


def test_a_matrix_of_numbers_is_read_back(
    store: Store, form: CaptureFormat, connect: Connect
) -> None:
    numbers = publish_numbers(store)
    client = connect(numbers, endpoint=f"numbers-{form}", capture=CaptureConfig(format=form))
    columns = [column.name for column in client.service.reader.columns]
    rows = [dict.fromkeys(columns, 0.5), dict.fromkeys(columns, -1e9)]
    _, answer = client.predict({"instances": rows})
    client.service.close()
    (request,) = read(store, f"numbers-{form}", numbers).requests
    assert (request.rows, request.predictions) == (rows, answer["predictions"])


def test_every_body_is_read_back(store: Store, form: CaptureFormat, connect: Connect) -> None:
    """Also one that no format has a word for: what is written is made from the rows."""
    client = connect(endpoint=f"bodies-{form}", capture=CaptureConfig(format=form))
    text = ",".join(ROW) + "\n" + ",".join("" if v is None else str(v) for v in ROW.values())
    split = {"columns": list(ROW), "data": [list(ROW.values())]}
    client.ask("POST", "/invocations", text.encode(), content_type="text/csv")
    client.predict({"dataframe_split": split})
    client.predict({"instances": [list(ROW.values())], "parameters": {"probabilities": True}})
    client.service.close()
    found = read(store, f"bodies-{form}", client.service.release_id)
    assert found.problems == {}
    assert [request.rows for request in found.requests] == [[ROW]] * 3
    assert "probabilities" in found.requests[2].predictions[0]


def test_a_redacted_column_is_in_no_file_and_what_is_left_is_read(
    store: Store, form: CaptureFormat, connect: Connect, release: str
) -> None:
    endpoint = f"redacted-{form}"
    config = CaptureConfig(format=form, redact=("carrier", "stops"))
    client = connect(endpoint=endpoint, capture=config)
    for body in ({"instances": [{**ROW, "carrier": "SECRET", "stops": 987654321}]},):
        client.predict(body, x_request_id="17")
    client.service.close()
    assert files(store, endpoint)
    for content in files(store, endpoint).values():
        for secret in (b"SECRET", b"carrier", b"987654321", b"stops"):
            assert secret not in content
    for how in ({}, parameters(store, endpoint, release, form)):
        found = read(store, endpoint, release, **how)
        (request,) = found.requests
        assert found.problems == {}
        assert request.event_id == "17"
        kept = {name: value for name, value in ROW.items() if name not in config.redact}
        assert request.rows == [kept]


def test_every_column_may_be_redacted(
    store: Store, form: CaptureFormat, connect: Connect, release: str
) -> None:
    config = CaptureConfig(format=form, redact=tuple(ROW))
    client = connect(endpoint=f"empty-{form}", capture=config)
    _, answer = client.predict({"instances": [ROW, ROW]})
    client.service.close()
    (request,) = read(store, f"empty-{form}", release).requests
    assert (request.rows, request.predictions) == ([{}, {}], answer["predictions"])


def test_sampling_keeps_the_same_ids(
    store: Store, form: CaptureFormat, connect: Connect, release: str
) -> None:
    client = connect(endpoint=f"sampled-{form}", capture=CaptureConfig(format=form, fraction=0.4))
    ids = [str(number) for number in range(60)]
    for name in ids:
        client.predict({"instances": [ROW]}, x_request_id=name)
    client.service.close()
    found = read(store, f"sampled-{form}", release, fraction="0.4")
    assert {r.event_id for r in found.requests} == {i for i in ids if is_sampled(i, 0.4)}
    assert 15 <= len(found.requests) <= 35
    assert found.counts.least_fraction == 0.4


def test_the_budget_holds_and_what_it_cost_is_told(
    store: Store, form: CaptureFormat, connect: Connect, release: str
) -> None:
    config = CaptureConfig(format=form, max_gib=1e-7)  # 107 bytes
    client = connect(endpoint=f"budget-{form}", capture=config)
    for _ in range(3):
        client.predict({"instances": [ROW]})
    client.service.close()
    found = read(store, f"budget-{form}", release)
    assert (len(found.requests), found.problems) == (1, {})
    assert found.counts.dropped == {"budget": 2}
    # What is there counts, whoever wrote it, and in whichever format.
    later = connect(endpoint=f"budget-{form}", capture=CaptureConfig(max_gib=1e-7))
    later.predict({"instances": [ROW]})
    later.service.close()
    assert read(store, f"budget-{form}", release).counts.dropped == {"budget": 3}


def test_what_does_not_fit_into_the_queue_is_told(
    store: Store,
    form: CaptureFormat,
    connect: Connect,
    release: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capture_module, "_MAX_RECORDS", 0)
    client = connect(endpoint=f"full-{form}", capture=CaptureConfig(format=form))
    for _ in range(3):
        assert client.predict({"instances": [ROW]})[0].status == 200
    client.service.close()
    found = read(store, f"full-{form}", release)
    assert (found.requests, found.counts.dropped) == ([], {"queue": 3})


def test_files_are_readable_while_the_server_runs_and_never_change(
    store: Store, form: CaptureFormat, connect: Connect, release: str
) -> None:
    endpoint = f"soon-{form}"
    client = connect(endpoint=endpoint, rotate_seconds=0.2, capture=CaptureConfig(format=form))

    tables = 2 if form is CaptureFormat.azureml else 1

    def closed(count: int) -> dict[str, bytes]:
        deadline = time.monotonic() + 5
        found: dict[str, bytes] = {}
        while len(found) < count * tables:
            assert time.monotonic() < deadline
            time.sleep(0.05)
            now = files(store, endpoint)
            found = {key: content for key, content in now.items() if key.endswith(".jsonl")}
        assert len(read(store, endpoint, release).requests) == count
        return found

    client.predict({"instances": [ROW]})
    first = closed(1)
    client.predict({"instances": [ROW]})
    assert closed(2).items() > first.items()


def test_a_killed_servers_file_is_adopted_in_every_format(
    store: Store, form: CaptureFormat, connect: Connect, tmp_path: Path
) -> None:
    left = Path(
        store.path or "", f"capture/format={form}/left-{form}/v/2026/01/01/00/w-1.jsonl.part"
    )
    left.parent.mkdir(parents=True)
    left.write_bytes(b'{"whole": 1}\n{"half')
    os.utime(left, (0, 0))
    client = connect(endpoint=f"left-{form}", capture=CaptureConfig())
    client.service.close()
    if form in FOREIGN:
        assert left.with_suffix("").read_bytes() == b'{"whole": 1}\n'


@pytest.mark.parametrize("form", FOREIGN)
def test_the_format_may_change_within_a_window(
    store: Store, form: CaptureFormat, connect: Connect, release: str
) -> None:
    for number, now in enumerate((CaptureFormat.trimaran, form)):
        client = connect(endpoint=f"changed-{form}", capture=CaptureConfig(format=now))
        client.predict({"instances": [ROW]}, x_request_id=str(number))
        client.service.close()
    found = read(store, f"changed-{form}", release)
    assert [request.event_id for request in found.requests] == ["0", "1"]
    assert (found.counts.requests, found.problems) == (2, {})


@pytest.mark.parametrize("form", FOREIGN)
def test_another_release_is_told_apart(
    store: Store, form: CaptureFormat, connect: Connect, release: str
) -> None:
    numbers = publish_numbers(store)
    for name in (release, numbers):
        client = connect(name, endpoint=f"two-{form}", capture=CaptureConfig(format=form))
        columns = [column.name for column in client.service.reader.columns]
        row = ROW if name == release else dict.fromkeys(columns, 1.0)
        client.predict({"instances": [row]})
        client.service.close()
    found = read(store, f"two-{form}", release)
    assert [request.rows for request in found.requests] == [[ROW]]
    assert found.problems == {"other_release": 1}


def test_ids_that_callers_repeat_are_told_once_or_as_often_as_the_cloud_does(
    store: Store, form: CaptureFormat, connect: Connect, release: str
) -> None:
    client = connect(endpoint=f"twice-{form}", capture=CaptureConfig(format=form))
    for _ in range(2):
        client.predict({"instances": [ROW]}, x_request_id="5")
    client.service.close()
    assert len(documents(store, f"twice-{form}")) == (4 if form == "azureml" else 2)
    found = read(store, f"twice-{form}", release)
    tells_each = form in (CaptureFormat.sagemaker, CaptureFormat.azureml)
    assert len(found.requests) == (2 if tells_each else 1)
    assert found.problems == ({} if tells_each else {"duplicates": 1})
