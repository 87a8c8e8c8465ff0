"""Several releases in one server process: shares, a shadow, and changes while it runs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.process import Server
from tests.serving.releases import new_store, publish, publish_misbehaving
from tests.serving.test_serving_capture import lines
from tests.serving.traffic import Hammer, ask, predict
from trimaran_runtime.errors import Exit
from trimaran_runtime.serving.config import CaptureConfig, ServerConfig
from trimaran_runtime.storage.store import Store

FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
CHANGES = 20 if FULL else 6
"""Six are each kind of change twice, and two releases that are loaded anew."""


class Served:
    """A server whose traffic document can be changed."""

    def __init__(self, folder: Path, store: Store, code: Path) -> None:
        self.document, self._ready = folder / "traffic.json", folder / "ready.json"
        config = ServerConfig(endpoint="many", capture=CaptureConfig(), rotate_seconds=60)
        (folder / "config.json").write_text(config.model_dump_json())
        self.command = [sys.executable, "-m", "trimaran_runtime.serving", "--store", store.uri]
        self.command += ["--traffic", str(self.document), "--config", str(folder / "config.json")]
        self.command += ["--ready", str(self._ready), "--code", str(code)]
        self._log = folder / "server.log"

    def start(self) -> str:
        self.server = Server(self.command, self._ready, self._log, {})
        return self.server.url()

    def write(self, *variants: tuple[str, str, float], **more: Any) -> None:
        told = [{"name": n, "release": r, "weight": w} for n, r, w in variants]
        part = self.document.with_suffix(".part")
        part.write_text(json.dumps({"variants": told, **more}))
        part.replace(self.document)

    def stop(self) -> None:
        self.server.process.send_signal(signal.SIGTERM)
        assert self.server.process.wait(25) == Exit.OK


@pytest.fixture
def many(tmp_path: Path) -> Iterator[tuple[Store, Served]]:
    store = new_store(tmp_path / "store")
    (tmp_path / "code").mkdir()
    served = Served(tmp_path, store, tmp_path / "code")
    yield store, served
    if hasattr(served, "server"):
        served.server.process.kill()
        served.server.process.wait()


def until(what: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def reloads(url: str, outcome: str) -> float:
    text = ask(url, "/metrics")[2]
    name = f'trimaran_reloads_total{{outcome="{outcome}"}} '
    return next((float(r.removeprefix(name)) for r in text.splitlines() if r.startswith(name)), 0)


@pytest.mark.sweep
def test_changes_under_load_lose_no_request_and_no_record(
    many: tuple[Store, Served],
) -> None:
    store, served = many
    old, new = publish(store, 1, lowered=True), publish(store, 2, lowered=True)
    served.write(("blue", old, 1), ("green", new, 0))
    url = served.start()
    with Hammer(url, connections=8, fresh=4) as hammer:
        for number in range(CHANGES):
            hammer.wait_for(hammer.answers.total() + 20)
            # In turn: a canary of a loaded release, then one under another name is loaded anew.
            share = (number % 3) / 2
            served.write(("blue", old, 1 - share), (f"green-{number // 4}", new, share))
            until(lambda done=number + 1: reloads(url, "done") == done)
    served.stop()
    assert hammer.statuses == {200}, hammer.broken
    answered = Counter()
    for (_, release), count in hammer.answers.items():
        answered[release] += count
    assert set(answered) == {old[:12], new[:12]}
    recorded = Counter(line["release"][:12] for line in lines(store, "many"))
    assert recorded == answered
    assert "Traceback" not in served.server.log


def test_a_change_back_needs_no_loading(many: tuple[Store, Served]) -> None:
    store, served = many
    old, new = publish(store, 1, lowered=True), publish(store, 2, lowered=True)
    served.write(("blue", old, 0), ("green", new, 1))
    url = served.start()
    assert predict(url)[2]["release"] == new[:12]
    # What is not in the store any more could not be loaded.
    assert store.path is not None
    (store.path / "releases" / old / "manifest.json").unlink()
    served.write(("blue", old, 1), ("green", new, 0))
    until(lambda: predict(url)[2]["release"] == old[:12])


def test_the_shadow_is_recorded_and_never_answers(many: tuple[Store, Served]) -> None:
    store, served = many
    main = publish(store, 1, lowered=True)
    watching = publish_misbehaving(store, "raise")
    served.write(("blue", main, 1), shadow={"release": watching})
    (Path(served.command[-1]) / "misbehaving.py").write_text(_misbehaving())
    url = served.start()
    for stops in (1, 2, 500):  # the shadow's model fails on the last
        status, _, answer = predict(url, stops=stops)
        assert (status, answer["release"]) == (200, main[:12])
    assert ask(url)[2]["variants"] == {"blue": main[:12], "shadow": watching[:12]}
    until(lambda: 'trimaran_failures_total{variant="shadow"} 1.0' in ask(url, "/metrics")[2])
    served.stop()
    by_variant = Counter(line["variant"] for line in lines(store, "many"))
    assert by_variant == {"blue": 3, "shadow": 2}


@pytest.mark.parametrize("kind", ["torn", "unknown release", "no weight"])
def test_a_change_that_cannot_be_served_leaves_everything_as_it_is(
    many: tuple[Store, Served], kind: str
) -> None:
    store, served = many
    release = publish(store, 1, lowered=True)
    served.write(("blue", release, 1))
    url = served.start()
    match kind:
        case "torn":
            served.document.write_text('{"variants": [')
        case "unknown release":
            # The one that could be loaded is not served either.
            other = publish(store, 3, lowered=True)
            served.write(("blue", release, 1), ("pink", other, 1), ("green", "0" * 64, 1))
        case _:
            served.write(("blue", release, 0))
    until(lambda: reloads(url, "failed") == 1)
    assert predict(url)[2]["release"] == release[:12]
    assert "what was served before still is" in served.server.log
    assert 'variant="pink"} 1.0' not in ask(url, "/metrics")[2]
    assert f'release="{release}",variant="blue"}} 1.0' in ask(url, "/metrics")[2]
    # It is tried once, and a good one heals it.
    time.sleep(1.2)
    assert reloads(url, "failed") == 1
    served.write(("blue", release, 1), ("green", publish(store, 2, lowered=True), 1))
    until(lambda: len(ask(url)[2].get("variants", {})) == 2)


@pytest.mark.parametrize("content", [None, "", "[]", '{"variants": []}', '{"varants": 1}'])
def test_no_server_starts_without_something_to_serve(
    many: tuple[Store, Served], content: str | None
) -> None:
    _, served = many
    if content is not None:
        served.document.write_text(content)
    done = subprocess.run(served.command, capture_output=True, text=True, timeout=60)
    assert done.returncode == Exit.BAD_INPUT
    assert "Traceback" not in done.stderr
    assert f"{served.document}" in done.stderr
    assert '"variants"' in done.stderr or "`variants`" in done.stderr


def _misbehaving() -> str:
    from tests.serving.releases import MISBEHAVING

    return MISBEHAVING
