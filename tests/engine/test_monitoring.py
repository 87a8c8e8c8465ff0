"""Traffic moves: the monitor sees it, somebody is told, a run starts, and each only once."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner

from tests.engine.project import Project, ask
from trimaran.cli.app import app
from trimaran_providers.local.run_record import list_runs
from trimaran_providers.local.supervisor.job import Job, JobKind, write_job
from trimaran_runtime.alerting.book import open_alerts
from trimaran_runtime.alerting.event import Rule

pytestmark = pytest.mark.engine


class Inbox:
    """A webhook's receiver on this machine."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                inbox.messages.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts"

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.messages]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.close()


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.2)


def send(project: Project, url: str, rows: list[dict[str, object]]) -> None:
    for first in range(0, len(rows), 500):
        assert ask(url, {"instances": rows[first : first + 500]}).status == 200
    time.sleep(3)  # the recorder closes its file within two seconds


def open_rules(project: Project) -> set[Rule]:
    return {alert.rule for alert in open_alerts(project.store)}


def test_drift_is_reported_told_and_answered_with_one_run(project: Project, inbox: Inbox) -> None:
    url = project.up(
        monitor__on_drift="retrain", alerts__channels=[{"kind": "webhook", "url": inbox.url}]
    ).outputs["endpoint"]
    traffic = project.module().traffic
    nothing = CliRunner().invoke(app, ["monitor"])
    assert "othing to judge" in nothing.output

    send(project, url, traffic(3000))
    quiet = CliRunner().invoke(app, ["monitor"])
    assert quiet.exit_code == 0, quiet.output
    assert open_rules(project) == set()
    assert project.runs() == 1

    send(project, url, traffic(6000, shift=1.5))
    alarmed = CliRunner().invoke(app, ["monitor"])
    assert alarmed.exit_code == 1, alarmed.output
    assert Rule.drift in open_rules(project)
    runs = list_runs(project.store.path / "runs")
    assert [run.trigger for run in runs] == ["drift", "up"]
    until(lambda: any("drift" in title for title in inbox.titles))
    report = (project.store.path / "monitor" / "latest.html").read_text()
    assert "<svg" in report

    told = len(inbox.messages)
    CliRunner().invoke(app, ["monitor"])
    assert project.runs() == 2, "the cool-down holds"
    assert len(inbox.messages) == told, "the same drift is told once"


def test_an_endpoint_that_is_down_raises_an_alert_that_resolves(
    project: Project, inbox: Inbox
) -> None:
    project.up(alerts__channels=[{"kind": "webhook", "url": inbox.url}])
    gateway = project.gateway()
    gateway.kill()
    gateway.wait(timeout=10)
    until(lambda: Rule.endpoint_down in open_rules(project))
    until(lambda: any(title.startswith("[critical]") for title in inbox.titles))
    assert not project.up().failed
    until(lambda: Rule.endpoint_down not in open_rules(project))
    until(lambda: any(title.startswith("[resolved]") for title in inbox.titles))


def test_a_secret_address_is_never_shown_and_stays_encrypted(
    project: Project, inbox: Inbox
) -> None:
    address = f"{inbox.url}?token=hunter2"
    project.stack.set_config("hook", address, secret=True)
    up = project.up(
        secrets={"HOOK": {"config": "hook"}},
        alerts__channels=[{"kind": "webhook", "secret": "HOOK"}],
        pipeline__parameters={"crash": True},
    )
    assert up.failed
    assert "hunter2" not in json.dumps(project.stack.state())
    assert not any("hunter2" in line.text for line in up.lines)
    until(lambda: any("pipeline failed" in title for title in inbox.titles))


def test_the_supervisor_runs_the_pipeline_by_the_clock(project: Project) -> None:
    project.up(pipeline__schedule="0 3 * * *")
    job = Job(kind=JobKind.pipeline, physical="toy-test", every_seconds=1)
    write_job(project.layout.job("toy-test-pipeline"), job)
    until(
        lambda: any(
            r.trigger == "schedule" and r.finished for r in list_runs(project.store.path / "runs")
        ),
        90,
    )
    assert project.production()
