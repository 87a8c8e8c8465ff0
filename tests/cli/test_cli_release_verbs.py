"""`approve` and `rollback`: they move the channels, say so, and wait for the endpoint."""

import json

import pytest

from tests.cli.deployed import Deployed, Trimaran
from trimaran.cli import release_commands
from trimaran_providers.contract.deployment import EndpointState
from trimaran_runtime.registry.channels import Channel, current, history, whoami


def in_production(deployed: Deployed) -> str | None:
    pointer = current(deployed.store, Channel.production)
    return pointer.release if pointer else None


def test_approve_puts_a_release_into_production_with_a_reason(
    deployed: Deployed, trimaran: Trimaran
) -> None:
    release = deployed.release(0.8)
    answer = trimaran("approve", release[:6], "--because", "looked at it", "--no-wait")
    assert answer.code == 0
    assert answer.out == f"approved release {release[:12]} (looked at it)\n"
    assert in_production(deployed) == release
    assert history(deployed.store, Channel.production)[-1].why == "looked at it"


def test_approving_again_says_that_nothing_changed(deployed: Deployed, trimaran: Trimaran) -> None:
    release = deployed.release(0.8)
    deployed.approve(release)
    answer = trimaran("approve", release[:6], "--no-wait")
    assert answer.code == 0
    assert answer.out.startswith(f"in production already: release {release[:12]}")
    assert len(history(deployed.store, Channel.production)) == 1


def test_what_the_gate_refused_stays_out(deployed: Deployed, trimaran: Trimaran) -> None:
    good, bad = deployed.release(0.8), deployed.release(0.6, accepted=False)
    deployed.approve(good)
    answer = trimaran("approve", bad[:6])
    assert answer.code == 4
    assert f"gate: release {bad[:12]} was refused: segment carrier=HA: drop 0.09" in answer.err
    assert f"see `trimaran report {bad[:12]}`" in answer.err
    assert in_production(deployed) == good


def test_an_override_names_the_check_and_the_reason_and_lets_it_in(
    deployed: Deployed, trimaran: Trimaran
) -> None:
    bad = deployed.release(0.6, accepted=False)
    silent = trimaran("approve", bad[:6], "--override", "segments", "--no-wait")
    assert silent.code != 0
    assert "an override needs a reason" in silent.err
    reason = ("--because", "HA stops flying")
    wrong = trimaran("approve", bad[:6], "--override", "floor", *reason, "--no-wait")
    assert "'floor' does not refuse" in wrong.err
    assert in_production(deployed) is None
    answer = trimaran("approve", bad[:6], "--override", "segments", *reason, "--no-wait")
    assert answer.code == 0, answer.err
    assert in_production(deployed) == bad
    assert "HA stops flying; overridden: segment carrier=HA" in answer.out
    (listed,) = json.loads(trimaran("releases", "--json").out)
    assert not listed["accepted"]
    assert listed["overridden"] == [f"segment carrier=HA, by {whoami()}: HA stops flying"]
    report = json.loads(trimaran("report", bad[:6], "--json").out)
    assert report["overridden"] == listed["overridden"]
    assert "overridden: segment carrier=HA" in " ".join(trimaran("releases").out.split())


def test_an_unknown_release_is_told(deployed: Deployed, trimaran: Trimaran) -> None:
    answer = trimaran("approve", "zz")
    assert answer.code == 3
    assert answer.err == "error: registry: no release 'zz'\n  Next: see `trimaran releases`\n"


def test_rollback_goes_to_the_release_before(deployed: Deployed, trimaran: Trimaran) -> None:
    first, second = deployed.release(0.7), deployed.release(0.8)
    for release in (first, second):
        deployed.approve(release)
    answer = trimaran("rollback", "--because", "complaints", "--no-wait", "--json")
    assert answer.code == 0
    assert answer.document["release"] == first
    assert answer.document["previous"] == second
    assert answer.document["why"] == "complaints"
    assert in_production(deployed) == first


def test_there_must_be_something_to_go_back_to(deployed: Deployed, trimaran: Trimaran) -> None:
    deployed.approve(deployed.release(0.7))
    answer = trimaran("rollback")
    assert answer.code == 1
    assert "is the only one that was ever in production" in answer.err


def test_an_endpoint_that_is_down_is_no_success(deployed: Deployed, trimaran: Trimaran) -> None:
    release = deployed.release(0.8)
    answer = trimaran("approve", release[:6])
    assert answer.code == 1
    assert "endpoint is down" in answer.out
    assert in_production(deployed) == release


class Endpoint:
    """An endpoint whose states follow one another each time it is asked."""

    def __init__(self, *states: EndpointState) -> None:
        self._states = list(states)

    def endpoint(self) -> EndpointState:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]


SERVING_OLD = EndpointState(phase="serving", serving={"old": 100})
CANARY = EndpointState(phase="rolling_out", serving={"old": 90, "new": 10})
SERVING_NEW = EndpointState(phase="serving", serving={"new": 100})


class TestWait:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(release_commands, "_POLL_SECONDS", 0.001)
        monkeypatch.setattr(release_commands, "_WAIT_SECONDS", 0.2)
        monkeypatch.setattr(release_commands, "_SETTLE_SECONDS", 0.05)

    def waited(self, *states: EndpointState) -> tuple[str, bool]:
        return release_commands.wait_until_served(Endpoint(*states), "new")

    def test_until_all_traffic_is_on_it(self) -> None:
        assert self.waited(SERVING_OLD, CANARY, SERVING_NEW) == ("serves it", True)

    def test_a_slow_rollout_is_reported_as_it_stands(self) -> None:
        text, good = self.waited(CANARY)
        assert good
        assert text == "is rolling out, 10 % on it so far; see `trimaran status`"

    def test_a_rollback_is_no_success(self) -> None:
        state = EndpointState(phase="rolled_back", serving={"old": 100}, problem="too many errors")
        assert self.waited(CANARY, state) == ("rolled back: too many errors", False)

    def test_the_rollback_of_the_release_before_is_not_taken_for_this_one(self) -> None:
        before = EndpointState(phase="rolled_back", serving={"old": 100}, problem="too many errors")
        assert self.waited(before, before, CANARY, SERVING_NEW) == ("serves it", True)
