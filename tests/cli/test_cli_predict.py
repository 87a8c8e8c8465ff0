"""`predict`: rows from a file, from the command line, or the release's own example."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.cli.deployed import Deployed, Trimaran
from trimaran.cli import server as asking
from trimaran_providers.contract.deployment import EndpointState
from trimaran_providers.local.deployment import LocalDeployment
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.serving.message import Refusal, Response
from trimaran_runtime.serving.openapi import document
from trimaran_runtime.serving.rows import RowReader


@dataclass
class Asked:
    """What reached the server."""

    url: str = ""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    rows: list[list[object]] = field(default_factory=list)
    broken: bool = False


@pytest.fixture
def asked(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """An endpoint that reads rows as the real one does, and answers the distance over 1000."""
    release_id = deployed.release(0.8)
    release = read_release(deployed.store, release_id)
    reader, seen = RowReader(release.signature, 100_000), Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(Response.json(200, document(release, release_id)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            seen.requests.append((str(self.headers["content-type"]), body))
            if seen.broken:
                self._answer(Response.json(500, {"error": "the model failed", "id": "e1"}))
                return
            try:
                rows = reader.read(self.headers["content-type"], body)
            except Refusal as refusal:
                self._answer(refusal.response())
                return
            seen.rows += [list(row) for row in zip(*rows.values, strict=True)]
            found = [{"label": d > 500, "probability": d / 1000} for d in rows.values[0]]
            self._answer(Response.json(200, {"predictions": found, "release": release_id[:12]}))

        def _answer(self, response: Response) -> None:
            self.send_response(response.status)
            self.send_header("content-length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    seen.url = f"http://127.0.0.1:{server.server_port}"
    state = EndpointState(phase="serving", url=seen.url, serving={release_id: 100})
    monkeypatch.setattr(LocalDeployment, "endpoint", lambda _: state)
    yield seen
    server.shutdown()
    server.server_close()


def test_one_row_from_the_command_line_is_typed_by_the_endpoint(
    asked: Asked, trimaran: Trimaran
) -> None:
    answer = trimaran("predict", "--row", "distance=900", "-r", "carrier=UA")
    assert answer.code == 0
    assert asked.rows == [[900, "UA"]]
    lines = [line.split() for line in answer.out.splitlines()]
    assert lines[:2] == [["row", "label", "probability"], ["1", "True", "0.9"]]
    assert lines[2][0] == "release"


def test_rows_of_a_csv_file_keep_their_order(
    asked: Asked, trimaran: Trimaran, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("carrier,distance\nUA,100\n,200\n")
    document_ = trimaran("predict", "--file", str(file), "--json").document
    assert [p["probability"] for p in document_["predictions"]] == [0.1, 0.2]
    assert asked.rows == [[100, "UA"], [200, None]]


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"instances": rows}])
def test_rows_of_a_json_file(
    asked: Asked, trimaran: Trimaran, tmp_path: Path, wrap: "type[list[object]]"
) -> None:
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(wrap([{"distance": 700, "carrier": None}])))
    assert trimaran("predict", "-f", str(file)).code == 0
    assert asked.rows == [[700, None]]


def test_many_rows_are_asked_in_portions(
    asked: Asked, trimaran: Trimaran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_ROWS_AT_ONCE", 2)
    file = tmp_path / "rows.csv"
    file.write_text("distance,carrier\n" + "".join(f"{n},UA\n" for n in range(5)))
    found = trimaran("predict", "-f", str(file), "--json").document["predictions"]
    assert [p["probability"] for p in found] == [0, 0.001, 0.002, 0.003, 0.004]
    assert len(asked.requests) == 3


def test_the_example_row_of_the_release_can_be_changed(asked: Asked, trimaran: Trimaran) -> None:
    assert trimaran("predict", "--example").code == 0
    assert trimaran("predict", "--example", "-r", "distance=1", "-r", "carrier=").code == 0
    assert asked.rows == [[900.5, "UA"], [1, None]]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "one of --file, --row and --example"),
        (("-r", "distance"), 2, "'distance' is not column=value"),
        (("-r", "a=1", "-r", "a=2"), 2, "column a is given twice"),
        (("-f", "rows.txt"), 2, "rows.txt: is .txt file\n  Allowed: .json, .csv"),
        (("-f", "none.csv"), 2, "none.csv: cannot be read: No such file or directory"),
        (("-f", "empty.csv"), 2, "empty.csv: holds no row"),
        (("-f", "wide.csv"), 2, "wide.csv: has a line with more cells than the header"),
        (("-f", "bad.json"), 2, "bad.json: is not JSON: Expecting"),
        (("-f", "number.json"), 2, "number.json: holds no list of rows\n  Allowed: [{"),
        (("-r", "distance=1"), 2, "column 'carrier' is missing"),
        (("--example", "-r", "distance=far"), 2, 'given "far"\n  Allowed: a number'),
        (("--example", "-r", "colour=red"), 2, "colour"),
    ],
)
def test_wrong_rows_are_told(
    asked: Asked,
    trimaran: Trimaran,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    contents = {
        "rows.txt": "a",
        "empty.csv": "distance,carrier\n",
        "wide.csv": "distance,carrier\n1,UA,2\n",
        "bad.json": "{",
        "number.json": "3",
    }
    for name, content in contents.items():
        Path(name).write_text(content)
    answer = trimaran("predict", *arguments)
    assert answer.code == code
    assert message in answer.err


def test_a_failing_model_is_no_fault_of_the_rows(asked: Asked, trimaran: Trimaran) -> None:
    asked.broken = True
    answer = trimaran("predict", "--example")
    assert answer.code == 1
    assert "the endpoint answered 500: the model failed\n  Next: see `trimaran" in answer.err


def test_an_endpoint_that_is_gone_is_told(deployed: Deployed, trimaran: Trimaran) -> None:
    answer = trimaran("predict", "--example")
    assert answer.code == 1
    assert "the endpoint is down" in answer.err


def test_an_endpoint_that_waits_has_nothing_to_predict_with(
    deployed: Deployed, trimaran: Trimaran, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = EndpointState(phase="waiting", url="http://127.0.0.1:1")
    monkeypatch.setattr(LocalDeployment, "endpoint", lambda _: state)
    answer = trimaran("predict", "--example")
    assert answer.code == 3
    assert "waits for its first release" in answer.err


def test_nobody_listens(
    deployed: Deployed, trimaran: Trimaran, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = EndpointState(phase="serving", url="http://127.0.0.1:1")
    monkeypatch.setattr(LocalDeployment, "endpoint", lambda _: state)
    answer = trimaran("predict", "-r", "a=1")
    assert answer.code == 1
    assert "http://127.0.0.1:1: the endpoint does not answer: [Errno 111] Conn" in answer.err
