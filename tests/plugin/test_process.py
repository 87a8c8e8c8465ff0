"""The plugin as a process: how it starts and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import psutil
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

PLUGIN = Path(sys.executable).with_name("pulumi-resource-trimaran")
NOBODY = "127.0.0.1:1"


@pytest.fixture
def engine() -> Iterator[str]:
    """Address on which somebody listens, as an engine does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def started(engine: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The plugin, started as the engine starts it, and its port."""
    process = subprocess.Popen(
        [PLUGIN, engine], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def test_without_an_engine_it_says_what_it_is() -> None:
    run = subprocess.run([PLUGIN], capture_output=True, text=True)
    assert run.returncode != 0
    assert "Run `pulumi up` instead." in run.stderr


def test_it_tells_its_version_and_refuses_an_unknown_type(engine: str) -> None:
    with started(engine) as (_, port), grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert stub.GetPluginInfo(Empty()).version == "0.1.0"
        urn = "urn:pulumi:s::p::trimaran:local:Stor::n"
        with pytest.raises(grpc.RpcError) as caught:
            stub.Check(provider_pb2.CheckRequest(urn=urn))
        assert "there is no resource type 'trimaran:local:Stor'" in caught.value.details()
        assert "did you mean trimaran:local:Store?" in caught.value.details()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once(engine: str, number: signal.Signals) -> None:
    with started(engine) as (process, _):
        process.send_signal(number)
        assert process.wait(timeout=3) == 0


def test_it_ends_when_the_engine_was_killed_before_it_came() -> None:
    run = subprocess.run([PLUGIN, NOBODY], capture_output=True, text=True, timeout=30)
    assert run.returncode != 0
    assert f"no Pulumi engine listens on {NOBODY}" in run.stderr


def test_it_ends_when_its_parent_is_killed(engine: str) -> None:
    code = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([{str(PLUGIN)!r}, {engine!r}], stdout=subprocess.PIPE, text=True,"
        " process_group=0)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    plugin = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while plugin.is_running() and plugin.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the plugin outlived its engine"
        time.sleep(0.05)
