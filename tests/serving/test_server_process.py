"""The server as a process: ready file, drain, ending with its parent, and what it refuses."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.serving.conftest import Start
from tests.serving.releases import new_store, publish
from tests.serving.test_serving_capture import lines
from tests.serving.traffic import Hammer, ask, predict
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.serving.config import CaptureConfig
from trimaran_runtime.storage.store import Store, blob_key


def test_one_process_serves_limits_and_drains_without_losing_a_request(
    start: Start, store: Store, release: str
) -> None:
    server = start(endpoint="process", capture=CaptureConfig(), rotate_seconds=60)
    url = server.url()
    assert psutil.Process(server.process.pid).children() == []
    assert ask(url)[2] == {"status": "serving", "release": release[:12]}
    status, headers, answer = predict(url)
    assert (status, len(answer["predictions"])) == (200, 1)
    assert headers["x-request-id"]

    # A body is refused by its announced length, before it is read.
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 413")
    # Without a length it is counted while it arrives.
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(
            b"POST /invocations HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        chunk = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
        try:
            for _ in range(8):
                client.sendall(chunk)
        except OSError:
            pass  # it was refused, and the connection closed, while we were still sending
        assert client.recv(4096).startswith(b"HTTP/1.1 413")
    assert ask(url)[0] == 200

    with Hammer(url) as hammer:
        hammer.wait_for(50)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
    assert hammer.statuses == {200}, hammer.broken
    recorded = lines(store, "process")
    assert len(recorded) == hammer.answers.total() + 1
    assert "Traceback" not in server.log


def test_it_ends_with_its_parent_when_it_is_asked_to(
    store: Store, release: str, tmp_path: Path
) -> None:
    script = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:],"
        " env={**os.environ, 'TRIMARAN_PARENT_PID': str(os.getpid())})\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    ready = tmp_path / "ready"
    command = [sys.executable, "-m", "trimaran_runtime.serving", "--store", store.uri]
    command += ["--release", release, "--ready", str(ready)]
    parent = subprocess.Popen(
        [sys.executable, "-c", script, *command], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    while not ready.exists():
        assert child.is_running()
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    psutil.wait_procs([child], timeout=5)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("damage", "says"),
    [("no release", "no object"), ("broken model", "does not match its digest")],
)
def test_a_release_that_cannot_be_loaded_ends_it_with_the_reason(
    tmp_path: Path, damage: str, says: str
) -> None:
    store = new_store(tmp_path / "damaged")
    release_id = publish(store)
    if damage == "broken model":
        store.write(blob_key(read_release(store, release_id).model.file.digest), b"x")
    else:
        release_id = "0" * 64
    command = [sys.executable, "-m", "trimaran_runtime.serving", "--store", store.uri]
    ended = subprocess.run([*command, "--release", release_id], capture_output=True, text=True)
    assert ended.returncode == 2
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
