"""Sending to MLflow: a real SQLite store of its own, servers that fail, senders that race.

One file, one process: MLflow takes seconds to load.
"""

import json
import math
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.deployed import Deployed
from trimaran.cli.app import run as trimaran
from trimaran_providers.local.layout import Layout
from trimaran_providers.local.supervisor import daemon, run_job
from trimaran_providers.local.supervisor.daemon import Supervisor
from trimaran_providers.local.supervisor.job import Job, JobKind, write_job
from trimaran_runtime.storage.digest import PREFIX
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.apart import send_apart
from trimaran_runtime.tracking.document import (
    Artifact,
    Measure,
    RunStatus,
    TrackedData,
    TrackedRun,
)
from trimaran_runtime.tracking.outbox import claimed, put, waiting
from trimaran_runtime.tracking.send import Outcome, send
from trimaran_runtime.tracking.server import DOCUMENT_TAG, load_quietly

STARTED = datetime(2026, 11, 24, 12, tzinfo=UTC)
FINGERPRINT = PREFIX + "0123456789abcdef" * 4
LONG = "x" * 7000
WATCHED = """
import runpy, socket, sys
def refuse(*arguments, **_):
    sys.stderr.write(f"asked for {arguments}\\n")
    raise OSError("no network here")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
sys.argv = ["tracking", *sys.argv[1:]]
runpy.run_module("trimaran_runtime.tracking", run_name="__main__")
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One database for all tests: making it takes as long as loading MLflow."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'new' / 'mlflow.db'}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open_directory(tmp_path / "store", create=True)


@pytest.fixture
def dead() -> Iterator[str]:
    """A port that nobody listens on, and nobody else can get meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def a_run(experiment: str, run: str = "run-1", **changes: Any) -> TrackedRun:
    told: dict[str, Any] = {
        "run": run,
        "experiment": experiment,
        "status": RunStatus.FINISHED,
        "started": STARTED,
        "ended": STARTED + timedelta(minutes=3),
        "measures": (Measure(name="test/roc_auc", value=0.75),),
        **changes,
    }
    return TrackedRun(**told)


def runs_of(database: str, experiment: str) -> list[Any]:
    """The experiment's runs, read back with MLflow's own client."""
    load_quietly()
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=database)
    found = client.get_experiment_by_name(experiment)
    return [] if found is None else list(client.search_runs([found.experiment_id]))


def test_everything_told_is_read_back(store: Store, database: str) -> None:
    card, large = b"# card", b"x" * ((8 << 20) + 1)
    digests = {content: store.put_blob(content) for content in (card, large)}
    told = a_run(
        "everything",
        parameters={"depth": 3, "rate": 0.1, "words": LONG, "größe": "naïve", "a=b": True},
        measures=(
            Measure(name="search/roc_auc", value=0.5, step=0),
            Measure(name="search/roc_auc", value=0.7, step=1),
            Measure(name="test/undefined", value=None),
            Measure(name="gate/segment carrier=HA/value", value=0.25),
        ),
        tags={"trimaran.release": "abc", "trimaran.champion": "", "note": LONG * 2},
        message="refused: floor: 0.5 < 0.6",
        data=TrackedData(
            name="flights",
            source="s3://rows/flights/",
            fingerprint=FINGERPRINT,
            rows=7,
            columns={"late": "bool", "at": "timestamp[us]", "km": "double", "carrier": "string"},
        ),
        artifacts=(
            Artifact(path="model_card.md", digest=digests[card], size_bytes=len(card)),
            Artifact(path="findings.json", digest=digests[large], size_bytes=len(large)),
        ),
    )
    put(store, told)
    assert str(send(store, to=database)) == "tracked: 1 run sent"

    (found,) = runs_of(database, "everything")
    assert (found.info.run_name, found.info.status) == ("run-1", "FINISHED")
    assert found.info.end_time - found.info.start_time == 180_000
    parameters = found.data.params
    assert (parameters["depth"], parameters["rate"], parameters["a_b"]) == ("3", "0.1", "True")
    assert parameters["größe"] == "naïve"
    assert parameters["words"].endswith("… (cut, 7,000 characters in all)")
    assert len(parameters["words"]) == 6000
    assert found.data.metrics["gate/segment carrier_HA/value"] == 0.25
    assert math.isnan(found.data.metrics["test/undefined"])
    tags = found.data.tags
    assert (tags["trimaran.run"], tags["trimaran.release"]) == ("run-1", "abc")
    assert "trimaran.champion" not in tags
    assert tags["note"].endswith("… (cut, 14,000 characters in all)")
    assert tags["mlflow.note.content"] == "refused: floor: 0.5 < 0.6"
    assert tags["trimaran.artifacts_left_out"] == "findings.json: over 8 MiB"
    assert tags[DOCUMENT_TAG] == told.digest

    (data,) = (each.dataset for each in found.inputs.dataset_inputs)
    assert (data.name, data.digest) == ("flights", FINGERPRINT.removeprefix(PREFIX)[:36])
    assert json.loads(data.profile) == {"num_rows": 7, "fingerprint": FINGERPRINT}
    columns = {each["name"]: each["type"] for each in json.loads(data.schema)["mlflow_colspec"]}
    expected = {"late": "boolean", "at": "datetime", "km": "double", "carrier": "string"}
    assert columns == expected

    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=database)
    trials = client.get_metric_history(found.info.run_id, "search/roc_auc")
    assert [(each.step, each.value) for each in trials] == [(0, 0.5), (1, 0.7)]
    assert [each.path for each in client.list_artifacts(found.info.run_id)] == ["model_card.md"]
    folder = Path(database.removeprefix("sqlite:///")).parent / "mlartifacts" / "everything"
    assert [path.read_bytes() for path in folder.rglob("*.md")] == [card]


def test_a_run_of_2000_measures_and_200_parameters_goes_through(
    store: Store, database: str
) -> None:
    measures = tuple(Measure(name="loss", value=float(n), step=n) for n in range(2000))
    wide = {f"p{n:03}": "\U0001f6a2" * 6001 for n in range(20)}
    narrow = {f"q{n:03}": n for n in range(180)}
    put(store, a_run("large", measures=measures, parameters={**wide, **narrow}))
    assert send(store, to=database) == Outcome(sent=1, waiting=0)
    (found,) = runs_of(database, "large")
    assert found.data.metrics["loss"] == 1999
    assert len(found.data.params) == 200


def test_a_server_that_is_down_is_sent_to_later_and_once(
    store: Store, database: str, dead: str
) -> None:
    put(store, a_run("later"))
    before = [store.read(key) for key in waiting(store)]
    outcome = send(store, to=dead)
    assert (outcome.sent, outcome.waiting) == (0, 1)
    assert str(outcome).startswith("warning: tracked: 1 run waiting: run run-1 was not sent to ")
    assert "\n" not in str(outcome)
    assert [store.read(key) for key in waiting(store)] == before
    assert send(store, to=database) == Outcome(sent=1, waiting=0)
    assert send(store, to=database) == Outcome(sent=0, waiting=0)
    assert len(runs_of(database, "later")) == 1
    assert [entry.key for entry in store.list("tracking")] == ["tracking/sent/run-1.json"]


def test_what_was_written_but_not_taken_out_is_not_written_again(
    store: Store, database: str
) -> None:
    told = a_run("twice")
    put(store, told)
    send(store, to=database)
    put(store, told)
    assert send(store, to=database) == Outcome(sent=1, waiting=0)
    assert len(runs_of(database, "twice")) == 1


def test_a_sender_killed_half_way_is_continued(store: Store, database: str) -> None:
    card = store.put_blob(b"# card")
    artifact = Artifact(path="model_card.md", digest=card, size_bytes=6)
    put(store, a_run("half", parameters={"depth": 3}, artifacts=(artifact,)))
    (path,) = (Path(store.path or "") / "blobs").rglob(card.removeprefix(PREFIX))
    path.rename(path.with_suffix(".away"))
    assert send(store, to=database).waiting == 1
    (half,) = runs_of(database, "half")
    assert half.info.status == "RUNNING"
    path.with_suffix(".away").rename(path)
    assert send(store, to=database) == Outcome(sent=1, waiting=0)
    (whole,) = runs_of(database, "half")
    assert whole.info.run_id == half.info.run_id
    assert whole.info.status == "FINISHED"
    assert len(whole.data.params) == 1


def test_one_that_cannot_be_read_does_not_hold_up_the_others(store: Store, database: str) -> None:
    store.write("tracking/outbox/broken.json", b"{}")
    put(store, a_run("held-up"))
    outcome = send(store, to=database)
    assert (outcome.sent, outcome.waiting) == (1, 1)
    assert "tracking/outbox/broken.json" in outcome.problem
    assert len(runs_of(database, "held-up")) == 1


def test_senders_that_race_make_one_run_each(store: Store, database: str) -> None:
    for number in range(3):
        put(store, a_run("race", f"run-{number}"))
    send_none = send(Store.open_directory(Path(store.path or "") / "none", create=True))
    assert send_none == Outcome(sent=0, waiting=0)
    start = threading.Barrier(3)

    def race() -> None:
        start.wait()
        send(store, to=database)

    senders = [threading.Thread(target=race) for _ in range(3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(found.info.run_name for found in runs_of(database, "race")) == [
        "run-0",
        "run-1",
        "run-2",
    ]
    assert not waiting(store)


def test_a_claim_left_behind_is_taken_over_by_one(store: Store) -> None:
    with claimed(store, "run-1") as first, claimed(store, "run-1") as second:
        assert (first, second) == (True, False)
    long_ago = datetime.now(UTC).timestamp() - 3600
    store.create("tracking/claims/run-1/000004", b"")
    os.utime(Path(store.path or "") / "tracking/claims/run-1/000004", (long_ago, long_ago))
    with claimed(store, "run-1") as third, claimed(store, "run-1") as fourth:
        assert (third, fourth) == (True, False)
    assert not list(store.list("tracking/claims"))


class Refuses(BaseHTTPRequestHandler):
    """A server that wants a token, and has its trouble anyway."""

    seen: list[str] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization", ""))
        self.send_response(503)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_a_token_goes_to_the_server_and_nowhere_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "hunter2")
    for number in range(5):
        put(store, a_run("refused", f"run-{number}"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        outcome = send(store, to=f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    # One request for each of three runs: then the server is left alone.
    assert Refuses.seen == ["Bearer hunter2"] * 3
    assert outcome.waiting == 5
    assert "503" in outcome.problem
    kept = b"".join(store.read(entry.key) for entry in store.list())
    assert b"hunter2" not in kept + str(outcome).encode()


def test_a_server_that_never_answers_is_given_up(store: Store) -> None:
    put(store, a_run("silent"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        line = send_apart(store, address, seconds=0.5)
    assert line == "warning: not tracked: no end after 0 seconds; 1 waiting"
    assert len(waiting(store)) == 1


def test_nothing_is_reported_to_anybody(store: Store, database: str) -> None:
    put(store, a_run("quiet"))
    # MLflow is silent by itself in tests and in CI: it must not see that this is one.
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "--store", store.uri, "--to", database],
        env=keep,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("tracked: 1 run sent\n", "")


def test_track_sends_to_a_database_of_the_project(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    dead: str,
    database: str,
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: flights\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    deployed = Deployed(tmp_path)
    put(deployed.store, a_run("flights", destination=dead))
    assert trimaran(["track"]) == 1
    assert f"run run-1 was not sent to {dead}" in " ".join(capsys.readouterr().out.split())
    assert trimaran(["track", "--to", "https://ann:hunter2@mlflow.example.com"]) == 2
    assert "hunter2" not in capsys.readouterr().err
    put(deployed.store, a_run("flights"))
    # A copy: an empty one takes seconds to fill with tables.
    shutil.copy(database.removeprefix("sqlite:///"), tmp_path / ".trimaran" / "mlflow.db")
    assert trimaran(["track"]) == 0
    out = capsys.readouterr().out
    assert "tracked: 1 run sent" in out
    uri = f"sqlite:///{tmp_path}/.trimaran/mlflow.db"
    assert f"mlflow ui --backend-store-uri {uri}" in " ".join(out.split())
    assert len(runs_of(uri, "flights")) == 1
    assert trimaran(["track", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"sent": 0, "waiting": 0, "problem": ""}


@pytest.fixture
def supervised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Supervisor, Job, Store]:
    """A supervisor with a job that sends, whose processes are this one."""
    layout = Layout(tmp_path)
    job = Job(kind=JobKind.track, physical="flights-local")
    write_job(layout.job("flights-local-track"), job)
    supervisor = Supervisor(layout)

    class Here:
        """A job's process, run at once; MLflow is loaded here already."""

        pid = os.getpid()

        def __init__(self, command: list[str], **_: Any) -> None:
            monkeypatch.setattr(sys, "argv", command[2:])
            self.code = run_job.main()

        def wait(self) -> int:
            return self.code

    monkeypatch.setattr(daemon.subprocess, "Popen", Here)
    return supervisor, job, Store.open_directory(layout.store("flights-local"), create=True)


def test_the_supervisor_sends_what_waits_and_waits_longer_for_a_server_that_is_down(
    supervised: tuple[Supervisor, Job, Store],
    database: str,
    dead: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    supervisor, job, store = supervised

    def turn() -> str:
        supervisor._run_job("flights-local-track", job)
        return capsys.readouterr().out

    assert turn() == ""
    put(store, a_run("supervised", destination=database))
    assert turn() == "tracked: 1 run sent\n"
    assert turn() == ""
    put(store, a_run("supervised", "run-2", destination=dead))
    assert turn().startswith("warning: tracked: 1 run waiting: ")
    assert turn() == ""
    assert len(waiting(store)) == 1
    assert len(runs_of(database, "supervised")) == 1
