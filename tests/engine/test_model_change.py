"""A model changes: nobody is sent away, a bad one is held back, the old one comes back."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx
import pytest
from typer.testing import CliRunner

from tests.engine.project import Project, ask
from trimaran.cli.app import app

pytestmark = pytest.mark.engine


@dataclass
class Client:
    """Asks without pause until told to stop."""

    url: str
    body: dict[str, object]
    statuses: Counter[str] = field(default_factory=Counter)
    releases: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def __enter__(self) -> "Client":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as http:
            while not self._stop.is_set():
                try:
                    answer = http.post("/invocations", json=self.body)
                except httpx.HTTPError as exc:
                    self.statuses[type(exc).__name__] += 1
                    continue
                self.statuses[str(answer.status_code)] += 1
                self.releases.append(answer.headers["x-trimaran-release"])


def test_a_model_change_under_load_loses_no_request(project: Project) -> None:
    url = project.up(
        endpoint__rollout__strategy="canary",
        endpoint__rollout__steps=[20, 100],
        endpoint__rollout__bake_minutes=0.02,
    ).outputs["endpoint"]
    old = project.production()
    with Client(url, {"instances": [project.row()]}) as client:
        changed = project.up(pipeline__parameters={"quality": "better"})
        time.sleep(0.5)
    assert not changed.failed, changed.errors
    new = project.production()
    assert new != old
    assert set(client.statuses) == {"200"}
    assert client.statuses["200"] > 100
    assert {old[:12], new[:12]} == set(client.releases)
    assert new.startswith(client.releases[-1])
    assert changed.outputs["endpoint"] == url


def test_manual_approval_holds_a_release_back_until_it_is_given(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = project.up(registry__approval="manual")
    assert not up.failed, up.errors
    assert up.outputs["release"] == ""
    waiting = ask(up.outputs["endpoint"], {"instances": [project.row()]})
    assert waiting.status == 503
    assert "no approved release" in waiting.body["error"]

    candidate = project.candidate()
    done = CliRunner().invoke(app, ["approve", candidate[:12], "--because", "looked at it"])
    assert done.exit_code == 0, done.output
    assert ask(up.outputs["endpoint"], {"instances": [project.row()]}).status == 200
    assert project.production() == candidate
    # What a person decided is not undone by the next update.
    assert not project.up().failed
    assert project.production() == candidate


def test_a_refused_model_changes_nothing_and_says_why(project: Project) -> None:
    url = project.up().outputs["endpoint"]
    old = project.production()
    refused = project.up(pipeline__parameters={"quality": "bad"})
    assert not refused.failed
    assert refused.outputs["status"] == "refused"
    warning = "\n".join(line.text for line in refused.lines if line.severity == "warning")
    assert "gate refused release" in warning
    assert f"production is still {old[:6]}" in warning
    assert "✗" in warning
    assert project.production() == old
    assert old.startswith(ask(url, {"instances": [project.row()]}).release)
    assert project.up().changed == {}, "the same model is not trained again"

    failing = project.up(gate__on_refusal="fail")
    assert failing.failed
    assert "gate refused release" in failing.errors
    assert project.production() == old


def test_rolling_back_is_one_command_and_an_update_respects_it(project: Project) -> None:
    url = project.up().outputs["endpoint"]
    old = project.production()
    project.up(pipeline__parameters={"quality": "better"})
    assert project.production() != old

    done = CliRunner().invoke(app, ["rollback", "--because", "complaints"])
    assert done.exit_code == 0, done.output
    assert project.production() == old
    assert old.startswith(ask(url, {"instances": [project.row()]}).release)
    assert not project.up(refresh=True).failed
    assert project.production() == old
