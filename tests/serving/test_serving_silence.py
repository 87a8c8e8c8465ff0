"""From start to stop the server connects to nothing, and writes nothing where a user is at home."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.serving.container import copy_files, running
from tests.serving.numbers import BODIES, publish_numbers
from tests.serving.releases import ROW, publish
from tests.serving.tensors import row_tensors
from tests.serving.watched import Watched
from trimaran_runtime.storage.store import Store

SEALED = (sys.executable, str(Path(__file__).with_name("sealed.py")))
KILLED = -signal.SIGSYS


@dataclass
class Home:
    """A new, empty home folder."""

    folder: Path
    watched: Watched

    @property
    def environ(self) -> dict[str, str]:
        named = {name: "" for name in os.environ if name.startswith("XDG_")}
        return {**named, "HOME": str(self.folder)}

    def is_untouched(self) -> bool:
        return not self.watched.names() and not list(self.folder.iterdir())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "home"
    folder.mkdir()
    return Home(folder, Watched(folder))


def run(code: str, home: Home) -> int:
    """Exit status of a Python program that is sealed."""
    environ = {**os.environ, **home.environ}
    return subprocess.run([*SEALED, sys.executable, "-c", code], env=environ).returncode


# --- what the two instruments see ---------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket().connect_ex(('127.0.0.1', 9))",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], (), 0,"
        " ('127.0.0.1', 9))",
        "import socket; socket.getaddrinfo('example.com', 80)",
        "import socket, threading as t; f = lambda: socket.socket().connect_ex(('127.0.0.1', 9));"
        " x = t.Thread(target=f); x.start(); x.join()",
    ],
    ids=["connect", "sendto", "sendmsg", "a name is looked up", "in a thread"],
)
def test_whoever_reaches_out_is_killed(home: Home, code: str) -> None:
    assert run(code, home) == KILLED


def test_a_child_that_reaches_out_is_killed(home: Home) -> None:
    inner = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    code = f"import subprocess, sys; sys.exit(-subprocess.call([sys.executable, '-c', {inner!r}]))"
    assert run(code, home) == signal.SIGSYS


def test_a_connection_that_came_in_may_be_answered(home: Home) -> None:
    code = "import socket; a, b = socket.socketpair(); a.send(b'x'); assert b.recv(1) == b'x'"
    assert run(code, home) == 0


def test_a_file_at_home_is_seen_even_if_it_is_gone_again(home: Home) -> None:
    assert run("import pathlib as p; f = p.Path.home() / 'f'; f.touch(); f.unlink()", home) == 0
    assert not home.is_untouched()


# --- what they are for --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["trimaran_runtime", "trimaran_runtime.serving.server"])
def test_an_import_is_silent(home: Home, name: str) -> None:
    assert run(f"import {name}", home) == 0
    assert home.is_untouched()


@pytest.mark.parametrize("kind", ["lowered", "scikit-learn", "numbers"])
def test_a_server_is_silent_from_start_to_stop(
    store: Store, tmp_path: Path, home: Home, kind: str
) -> None:
    match kind:
        case "numbers":
            release = publish_numbers(store)
        case _:
            release = publish(store, 1, lowered=kind == "lowered")
    files = copy_files(store, release, tmp_path / "model")
    environ = {"TRIMARAN_RELEASE": release, "TRIMARAN_MODEL_DIR": str(files), **home.environ}
    with running(tmp_path, prefix=SEALED, **environ) as server:
        server.wait()
        asked = [("/invocations", "application/json", json.dumps({"instances": [ROW]}).encode())]
        tensors = json.dumps({"inputs": row_tensors(ROW)}).encode()
        asked += [("/v2/models/flights/infer", "application/json", tensors)]
        if kind == "numbers":
            # Every format, and what reads it.
            asked = [("/invocations", *body) for body in BODIES.values()]
        for path, content_type, body in asked:
            answer = server.request("POST", path, body, content_type=content_type)
            assert answer[0] == 200, answer
        assert server.request("POST", "/invocations", b"{")[0] == 400
        for path in ("/", "/metrics", "/docs", "/openapi.json", "/v2"):
            assert server.request("GET", path)[0] == 200
        assert server.stop() == 0, server.log
        assert "Traceback" not in server.log
    assert home.is_untouched()
