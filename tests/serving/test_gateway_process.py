"""A local endpoint as its users and its owner see it: real processes, real HTTP.

Servers take a second or two to start, so the tests share one gateway where they can; each brings
the release it needs.
"""

import hashlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.serving.releases import ROW, new_store, promote, publish, publish_misbehaving
from tests.serving.test_serving_capture import lines
from tests.serving.traffic import Hammer, ask, predict
from trimaran_providers.contract.errors import PortTakenError
from trimaran_providers.contract.spec.endpoint import Strategy
from trimaran_providers.local.gateway.definition import (
    EndpointDefinition,
    RolloutDefinition,
    digest,
    write_definition,
)
from trimaran_providers.local.gateway.process import LOCK, ExitCode, start, status, stop
from trimaran_providers.local.gateway.status import GatewayStatus, Outcome, Phase, read_status
from trimaran_runtime.storage.store import Store

_markers = itertools.count(1)


class Endpoint:
    """An endpoint's folder, its store, and its gateway when it runs."""

    def __init__(self, root: Path) -> None:
        self.store: Store = new_store(root / "store")
        self.directory = root / "endpoint"
        self.directory.mkdir()
        self.define()

    def define(self, **changes: Any) -> None:
        definition = EndpointDefinition(name="flights", store_uri=self.store.uri, **changes)
        write_definition(self.directory, definition)
        if status(self.directory) is not None:
            self.wait(lambda now: now.definition == digest(definition))

    def start(self) -> GatewayStatus:
        return start(self.directory)

    @property
    def now(self) -> GatewayStatus:
        found = status(self.directory)
        assert found is not None, self.log
        return found

    @property
    def log(self) -> str:
        return (self.directory / "gateway.log").read_text()

    def new_release(self) -> str:
        return publish(self.store, next(_markers))

    def serve_new(self) -> str:
        """Promote a new release and wait until it has all traffic; returns its full id."""
        release = self.new_release()
        promote(self.store, release)
        self.wait(lambda now: now.phase is Phase.serving and now.weights == {release: 100})
        return release

    def wait(
        self, condition: Callable[[GatewayStatus], bool], timeout: float = 60
    ) -> GatewayStatus:
        deadline = time.monotonic() + timeout
        while not condition(now := self.now):
            assert time.monotonic() < deadline, f"{now}\n{self.log}"
            time.sleep(0.05)
        return now

    def servers(self) -> list[psutil.Process]:
        (nursery,) = psutil.Process(self.now.pid).children()
        return nursery.children()


def canary(*steps: int, bake_seconds: float) -> RolloutDefinition:
    return RolloutDefinition(strategy=Strategy.canary, steps=steps, bake_seconds=bake_seconds)


def gone(processes: list[psutil.Process], timeout: float = 5) -> bool:
    psutil.wait_procs(processes, timeout=timeout)
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Endpoint]:
    made = Endpoint(tmp_path)
    yield made
    stop(made.directory, timeout=5)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    made = Endpoint(tmp_path_factory.mktemp("shared"))
    made.start()
    yield made
    stop(made.directory, timeout=5)


@pytest.fixture
def serving(shared: Endpoint) -> Endpoint:
    """The shared endpoint, serving something good."""
    now = shared.wait(lambda now: now.phase not in {Phase.starting, Phase.rolling_out})
    if now.phase is Phase.waiting:
        shared.serve_new()
    elif now.phase is not Phase.serving:
        promote(shared.store, next(iter(now.weights)))
        shared.wait(lambda now: now.phase is Phase.serving)
    shared.define()
    shared.wait(lambda now: now.phase is Phase.serving and sum(now.replicas.values()) == 1)
    return shared


def test_it_waits_for_the_first_release_and_then_serves_it(shared: Endpoint) -> None:
    url = shared.now.url
    assert shared.now.phase is Phase.waiting
    code, headers, answer = predict(url)
    assert (code, answer["error"]) == (503, "no approved release yet")
    assert headers["retry-after"] == "1"
    assert ask(url)[0] == 503
    assert ask(url)[2]["status"] == "waiting"
    assert ask(url, "/")[0] == 200

    release = shared.serve_new()
    code, headers, answer = predict(url)
    assert code == 200
    assert headers["x-trimaran-release"] == answer["release"] == release[:12]
    assert ask(url)[2] == {"status": "serving", "releases": {release: 100}}
    assert shared.now.window.errors_5xx == 0, "waiting for a release is no failure"
    assert ask(url, "/openapi.json")[2]["info"]["version"] == release[:12]
    assert 'trimaran_gateway_requests_total{code="200"' in ask(url, "/metrics")[2]
    assert predict(url, stops=None)[0] == 400
    assert ask(url, "/nothing")[0] == 404


def test_only_callers_with_a_key_are_let_in_by_gateway_and_servers(endpoint: Endpoint) -> None:
    key = "a-key-that-nobody-guesses"
    digest_of_key = f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    endpoint.define(access={"keys": [digest_of_key]})
    endpoint.start()
    # It is tested before it gets traffic: the gateway itself is let in by its servers.
    endpoint.serve_new()
    url, body = endpoint.now.url, {"instances": [ROW]}
    assert ask(url)[0] == 200
    for path in ("/metrics", "/openapi.json", "/nothing"):
        assert ask(url, path)[0] == 401
    code, headers, answer = ask(url, "/invocations", body)
    assert (code, headers["www-authenticate"]) == (401, "Bearer")
    assert "x-api-key" in answer["allowed"]
    assert ask(url, "/invocations", body, authorization="Bearer another")[0] == 401
    assert ask(url, "/invocations", body, authorization=f"Bearer {key}")[0] == 200
    assert ask(url, "/invocations", body, x_api_key=key)[0] == 200
    (server,) = endpoint.servers()
    (port,) = {c.laddr.port for c in server.net_connections("inet") if c.status == "LISTEN"}
    behind = f"http://127.0.0.1:{port}"
    assert ask(behind)[0] == 200
    # Also with the callers' key: who went past the gateway would be neither routed nor counted.
    assert ask(behind, "/invocations", body, x_api_key=key)[0] == 401
    endpoint.wait(lambda now: now.window.requests == 2)
    endpoint.define()
    endpoint.wait(lambda now: ask(url, "/invocations", body)[0] == 200)


def test_three_swaps_lose_no_request(serving: Endpoint) -> None:
    with Hammer(serving.now.url) as hammer:
        for _ in range(3):
            hammer.wait_for_release(serving.serve_new())
    assert hammer.statuses == {200}, hammer.broken
    window = serving.wait(lambda now: now.window.requests >= hammer.answers.total()).window
    assert window.errors_5xx == 0
    assert window.p50_ms is not None
    assert window.p99_ms is not None
    assert 0 < window.p50_ms <= window.p99_ms
    assert [r.outcome for r in serving.now.rollouts[-3:]] == [Outcome.succeeded] * 3
    deadline = time.monotonic() + 10
    while len(serving.servers()) > 1:
        assert time.monotonic() < deadline, "old servers end"


def test_a_killed_server_is_replaced_and_no_request_is_lost(serving: Endpoint) -> None:
    (server,) = serving.servers()
    with Hammer(serving.now.url, connections=2) as hammer:
        hammer.wait_for(5)
        server.kill()
        serving.wait(lambda now: sum(now.replicas.values()) == 0)
        serving.wait(lambda now: sum(now.replicas.values()) == 1)
        hammer.wait_for(hammer.answers.total() + 5)
    assert hammer.statuses == {200}, hammer.broken
    assert "status -9" in serving.now.error


def test_a_killed_nursery_takes_its_servers_and_all_come_back(serving: Endpoint) -> None:
    (server,) = serving.servers()
    server.parent().kill()
    assert gone([server]), "a server ends with the process that forked it"
    serving.wait(lambda now: sum(now.replicas.values()) == 0)
    assert predict(serving.now.url)[0] == 200, "the request waits for the next server"
    assert len(serving.servers()) == 1


def test_a_canary_gets_its_share_and_then_everything(serving: Endpoint) -> None:
    serving.define(rollout=canary(20, 100, bake_seconds=1.5))
    old = next(iter(serving.now.weights))
    new = serving.new_release()
    with Hammer(serving.now.url) as hammer:
        promote(serving.store, new)
        serving.wait(lambda now: now.weights == {old: 80, new: 20})
        assert serving.now.phase is Phase.rolling_out
        before = hammer.answers.copy()
        time.sleep(0.8)
        during = hammer.answers - before
        serving.wait(lambda now: now.weights == {new: 100})
    assert hammer.statuses == {200}
    assert during[200, new[:12]] / during.total() == pytest.approx(0.2, abs=0.05)
    record = serving.wait(lambda now: now.phase is Phase.serving).rollouts[-1]
    assert (record.release, record.previous, record.outcome) == (new, old, Outcome.succeeded)
    assert record.requests > 0


def test_a_crashing_release_is_rolled_back_and_left_alone(serving: Endpoint) -> None:
    serving.define(rollout=canary(50, 100, bake_seconds=60))
    old = next(iter(serving.now.weights))
    bad = publish_misbehaving(serving.store, "exit", marker=next(_markers))
    promote(serving.store, bad)
    serving.wait(lambda now: now.weights == {old: 50, bad: 50})
    # The request that kills the new release's server is answered by the old one.
    answers = [predict(serving.now.url, stops=500) for _ in range(2)]
    assert [code for code, _, _ in answers] == [200, 200]
    now = serving.wait(lambda now: now.phase is Phase.rolled_back)
    assert now.weights == {old: 100}
    assert now.production == bad
    assert "status 7" in now.error
    assert (now.rollouts[-1].release, now.rollouts[-1].outcome) == (bad, Outcome.rolled_back)
    time.sleep(1.2)
    after = serving.now
    assert (after.phase, after.rollouts) == (Phase.rolled_back, now.rollouts), "not tried again"
    assert predict(serving.now.url)[0] == 200


def test_errors_beyond_chance_roll_back(serving: Endpoint) -> None:
    serving.define(rollout=canary(50, 100, bake_seconds=60))
    old = next(iter(serving.now.weights))
    bad = publish_misbehaving(serving.store, "raise", marker=next(_markers))
    promote(serving.store, bad)
    serving.wait(lambda now: now.weights == {old: 50, bad: 50})
    with Hammer(serving.now.url) as hammer:
        hammer.wait_for(20)
        while serving.now.phase is Phase.rolling_out:
            predict(serving.now.url, stops=500)
    assert hammer.statuses == {200}, "requests that do not set the model off are answered"
    now = serving.wait(lambda now: now.phase is Phase.rolled_back)
    assert now.weights == {old: 100}
    assert "answered 5xx" in now.error


def test_a_release_that_cannot_predict_its_example_gets_no_traffic(serving: Endpoint) -> None:
    old = next(iter(serving.now.weights))
    bad = publish_misbehaving(serving.store, "raise", always=True, marker=next(_markers))
    with Hammer(serving.now.url, connections=2) as hammer:
        promote(serving.store, bad)
        now = serving.wait(lambda now: now.phase is Phase.rolled_back)
    assert set(hammer.answers) == {(200, old[:12])}
    assert "secret inside of the model" in now.error, "the owner is told why"


def test_after_a_restart_the_port_and_the_release_that_was_gone_back_to_are_kept(
    serving: Endpoint,
) -> None:
    bad = publish_misbehaving(serving.store, "raise", always=True, marker=next(_markers))
    old = next(iter(serving.now.weights))
    promote(serving.store, bad)
    before = serving.wait(lambda now: now.phase is Phase.rolled_back)
    stop(serving.directory)
    after = serving.start()
    assert after.port == before.port
    assert after.pid != before.pid
    now = serving.wait(lambda now: now.phase is Phase.rolled_back)
    assert now.weights == {old: 100}
    assert predict(now.url)[0] == 200
    # Going back by hand makes it official, without a new server.
    promote(serving.store, old)
    servers = serving.servers()
    serving.wait(lambda now: now.phase is Phase.serving and now.production == old)
    assert serving.servers() == servers


def test_a_changed_limit_reaches_the_servers_without_a_lost_request(serving: Endpoint) -> None:
    known = len(serving.now.rollouts)
    with Hammer(serving.now.url, connections=2) as hammer:
        serving.define(limits={"max_rows": 1}, rollout=canary(10, 100, bake_seconds=60))
        serving.wait(lambda now: now.phase is Phase.serving and len(now.rollouts) > known)
    assert hammer.statuses == {200}
    two = {"instances": [[1.0, 1, "AA", True, "2013-01-01"]] * 2}
    assert ask(serving.now.url, "/invocations", two)[0] == 413


def test_a_second_gateway_is_refused_with_a_clear_message(shared: Endpoint) -> None:
    command = [sys.executable, "-m", "trimaran_providers.local.gateway"]
    second = subprocess.run(
        [*command, "--directory", str(shared.directory)], capture_output=True, text=True
    )
    assert second.returncode == ExitCode.ALREADY_RUNNING
    assert "another gateway serves" in second.stderr
    assert start(shared.directory).pid == shared.now.pid
    assert (shared.directory / LOCK).read_text() == str(shared.now.pid)


def test_kill_of_the_gateway_leaves_no_server(serving: Endpoint) -> None:
    serving.wait(lambda now: sum(now.replicas.values()) == 1)
    servers = serving.servers()
    pid = serving.now.pid
    os.kill(pid, signal.SIGKILL)
    assert servers
    assert gone(servers)
    assert status(serving.directory) is None
    assert serving.start().pid != pid
    serving.wait(lambda now: now.phase is Phase.serving)


def test_stop_answers_and_records_what_is_in_flight_and_leaves_nothing(
    serving: Endpoint,
) -> None:
    release = serving.serve_new()
    now, servers = serving.now, serving.servers()
    gateway = psutil.Process(now.pid)
    # Only the gateway's own test may go unrecorded.
    ask(now.url, "/invocations", {"instances": [ROW]}, x_trimaran_live_test="1")
    with Hammer(now.url) as hammer:
        hammer.wait_for(20)
        stop(serving.directory)
    assert hammer.statuses == {200}, hammer.broken
    recorded = [r for r in lines(serving.store, "flights") if r["release"] == release]
    assert len(recorded) == hammer.answers.total() + 1
    assert len({r["event_id"] for r in recorded}) == len(recorded)
    assert gone([gateway, *servers], timeout=0)
    assert status(serving.directory) is None
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", now.port)) != 0
    last = read_status(serving.directory)
    assert last is not None
    assert last.phase is Phase.stopped
    stop(serving.directory)


def test_a_taken_port_is_said_with_who_has_it(endpoint: Endpoint) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        endpoint.define(port=port)
        with pytest.raises(PortTakenError, match=f"port {port} is taken by process {os.getpid()}"):
            endpoint.start()
    assert endpoint.start().port == port


def test_a_kept_port_that_was_taken_meanwhile_is_replaced(endpoint: Endpoint) -> None:
    port = endpoint.start().port
    stop(endpoint.directory)
    with socket.create_server(("127.0.0.1", port)):
        assert endpoint.start().port != port


def test_without_its_definition_it_ends(endpoint: Endpoint) -> None:
    gateway = psutil.Process(endpoint.start().pid)
    shutil.rmtree(endpoint.directory)
    assert gone([gateway])
    assert not endpoint.directory.exists(), "it must not come back"


def test_a_first_release_that_fails_says_so_until_a_better_one_comes(endpoint: Endpoint) -> None:
    promote(endpoint.store, publish_misbehaving(endpoint.store, "raise", always=True))
    url = endpoint.start().url
    now = endpoint.wait(lambda now: now.phase is Phase.failed)
    assert now.weights == {}
    code, _, answer = predict(url)
    assert code == 503
    assert "secret inside of the model" in answer["error"]
    endpoint.serve_new()
    assert predict(url)[0] == 200


def test_it_scales_with_the_load_and_to_zero(endpoint: Endpoint) -> None:
    endpoint.define(
        replicas_min=0, replicas_max=2, target_concurrency=1, scale_in_cool_down_seconds=1
    )
    release = publish_misbehaving(endpoint.store, "sleep")
    promote(endpoint.store, release)
    url = endpoint.start().url
    endpoint.wait(lambda now: now.replicas == {release: 0} and now.phase is Phase.serving)
    assert ask(url)[0] == 200, "no server is needed to be able to serve"
    assert predict(url)[0] == 200, "the request starts one, and waits for it"
    slow = {"instances": [[1.0, 500, "AA", True, "2013-01-01"]]}
    with Hammer(url, connections=4, body=slow) as hammer:
        endpoint.wait(lambda now: now.replicas == {release: 2})
    endpoint.wait(lambda now: now.replicas == {release: 0})
    assert hammer.statuses == {200}
