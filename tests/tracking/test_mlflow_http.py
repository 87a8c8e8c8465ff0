"""Sending to MLflow's own server through HTTP: one for the file, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.deployed import Deployed
from trimaran.cli.app import run as trimaran
from trimaran_runtime.storage.digest import PREFIX
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.document import (
    Artifact,
    Measure,
    RunStatus,
    TrackedData,
    TrackedRun,
)
from trimaran_runtime.tracking.outbox import put, waiting
from trimaran_runtime.tracking.send import Outcome, send
from trimaran_runtime.tracking.server import load_quietly

CARD = b"# card"
ROOT = Path(__file__).parents[2]
STARTED = datetime(2026, 11, 24, 12, tzinfo=UTC)
SEARCH = (0.5, 0.75, 0.625)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    command = [sys.executable, "-m", "tests.tracking.mlflow_server", str(folder)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT
        ) as process,
    ):
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, (folder / "log").read_text()
        yield address
        process.kill()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open_directory(tmp_path / "store", create=True)


def whole_run(store: Store, experiment: str) -> TrackedRun:
    """A run with something of every kind."""
    card = Artifact(path="model_card.md", digest=store.put_blob(CARD), size_bytes=len(CARD))
    return TrackedRun(
        run="run-1",
        experiment=experiment,
        status=RunStatus.FINISHED,
        started=STARTED,
        ended=STARTED + timedelta(minutes=3),
        parameters={"depth": 3},
        measures=(
            Measure(name="test/roc_auc", value=0.75),
            Measure(name="system/train/seconds", value=2.5),
            *(Measure(name="search/roc_auc", value=v, step=n) for n, v in enumerate(SEARCH)),
        ),
        tags={"trimaran.release": "abc"},
        data=TrackedData(
            name="flights",
            source="s3://rows/flights/",
            fingerprint=PREFIX + "0123456789abcdef" * 4,
            rows=7,
            columns={"late": "bool"},
        ),
        artifacts=(card,),
    )


def everything(server: str, experiment: str) -> list[dict[str, Any]]:
    """All that the server has of an experiment's runs."""
    load_quietly()
    from mlflow import MlflowClient, artifacts

    client = MlflowClient(server)
    found = client.get_experiment_by_name(experiment)
    runs = client.search_runs([found.experiment_id]) if found else []
    return [
        {
            "status": run.info.status,
            "parameters": run.data.params,
            "metrics": {
                name: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)]
                for name in run.data.metrics
            },
            "tags": {name: text for name, text in run.data.tags.items() if "document" not in name},
            "data": [(given.dataset.name, len(given.tags)) for given in run.inputs.dataset_inputs],
            "artifacts": {
                file.path: artifacts.load_text(f"{run.info.artifact_uri}/{file.path}")
                for file in client.list_artifacts(run.info.run_id)
            },
        }
        for run in runs
    ]


@pytest.fixture
def reads_of(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server's address, known to what MLflow reads artifacts with."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    return server


def test_a_server_has_everything_told_and_its_files(store: Store, reads_of: str) -> None:
    put(store, whole_run(store, "everything"))
    assert send(store, to=reads_of) == Outcome(sent=1, waiting=0)
    (run,) = everything(reads_of, "everything")
    assert run["status"] == "FINISHED"
    assert run["parameters"] == {"depth": "3"}
    assert run["metrics"]["search/roc_auc"] == list(enumerate(SEARCH))
    assert run["metrics"]["system/train/seconds"] == [(0, 2.5)]
    assert run["tags"]["trimaran.release"] == "abc"
    assert run["data"] == [("flights", 1)]
    assert run["artifacts"] == {"model_card.md": CARD.decode()}


class Breaks:
    """A connection that breaks at one request, before the server has it or before it answers."""

    def __init__(self, at: int, *, before: bool, patch: pytest.MonkeyPatch) -> None:
        from requests import Session

        self._request = Session.request
        self._at, self._before, self.asked = at, before, 0
        ours = self.request

        def request(*given: Any, **named: Any) -> Any:
            return ours(*given, **named)

        patch.setattr(Session, "request", request)

    def request(self, *given: Any, **named: Any) -> Any:
        from requests import ConnectionError as Broken

        self.asked += 1
        if self.asked == self._at and self._before:
            raise Broken("broken before")
        answer = self._request(*given, **named)
        if self.asked == self._at:
            raise Broken("broken after")
        return answer


@pytest.mark.parametrize("before", [True, False])
def test_a_connection_that_breaks_at_any_request_leaves_one_whole_run(
    store: Store, reads_of: str, before: bool
) -> None:
    put(store, whole_run(store, "unbroken"))
    send(store, to=reads_of)
    (whole,) = everything(reads_of, "unbroken")
    broken = 0
    while True:
        name = f"broken-{broken}-{before}"
        put(store, whole_run(store, name))
        with pytest.MonkeyPatch.context() as patch:
            connection = Breaks(broken + 1, before=before, patch=patch)
            send(store, to=reads_of)
        if connection.asked <= broken:
            break
        assert not send(store, to=reads_of).waiting
        assert everything(reads_of, name) == [whole]
        broken += 1
    # Experiment, run, texts, measures, data, file, end and the tag that closes it.
    assert broken > 8


def test_track_says_only_what_is_asked_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: str,
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: flights\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    deployed = Deployed(tmp_path)
    put(deployed.store, whole_run(deployed.store, "said"))
    assert trimaran(["track", "--to", server, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"sent": 1, "waiting": 0, "problem": ""}
    assert not waiting(deployed.store)
