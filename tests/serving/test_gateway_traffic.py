"""How a gateway splits traffic, what it counts, and when it finds a release worse."""

import time
from math import comb
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran_providers.contract.spec.endpoint import (
    EndpointSpec,
    Replicas,
    RollbackSignal,
    Rollout,
    Strategy,
)
from trimaran_providers.local.gateway.definition import EndpointDefinition, RolloutDefinition
from trimaran_providers.local.gateway.judgement import (
    binomial_at_least,
    fisher_more,
    reason_to_roll_back,
)
from trimaran_providers.local.gateway.nursery import Nursery, ServerProcess
from trimaran_providers.local.gateway.pool import ReplicaPool
from trimaran_providers.local.gateway.proxy import Deaths
from trimaran_providers.local.gateway.replica import Replica, ServerCommand, Variant
from trimaran_providers.local.gateway.rollout import shares
from trimaran_providers.local.gateway.router import Router
from trimaran_providers.local.gateway.traffic import Tally, TrafficWindow
from trimaran_runtime.alerting.config import AlertRules

BOTH = RolloutDefinition(rollback_on=(RollbackSignal.errors, RollbackSignal.latency))


def tally(requests: int, errors: int = 0, latency_ms: float = 5.0, slow: int = 0) -> Tally:
    counted = Tally()
    for i in range(requests):
        counted.add(500 if i < errors else 200, 1000.0 if i < slow else latency_ms)
    return counted


def replica() -> Replica:
    return Replica(ServerProcess(Nursery(Path("log")), 1), 1, Path("log"))


def pool(tmp_path_factory: pytest.TempPathFactory, name: str) -> ReplicaPool:
    folder = tmp_path_factory.mktemp("pool")
    command = ServerCommand(
        store_uri="memory:///",
        variant=Variant(release=name, config=b"{}"),
        folder=folder,
        code=None,
        nursery=Nursery(folder / "log"),
    )
    return ReplicaPool(command, EndpointDefinition(name="e", store_uri="memory:///"))


@pytest.mark.parametrize("share", [1, 10, 50, 99])
def test_weights_are_exact_over_any_hundred_requests(
    tmp_path_factory: pytest.TempPathFactory, share: int
) -> None:
    router = Router()
    old, new = pool(tmp_path_factory, "old"), pool(tmp_path_factory, "new")
    router.set_weights((old, 100 - share), (new, share))
    chosen = [router.choose() for _ in range(1000)]
    on_new = [c is not None and c.pool is new for c in chosen]
    for start in range(0, 901, 50):
        assert abs(sum(on_new[start : start + 100]) - share) <= 1


def test_a_pool_that_just_failed_is_avoided_while_there_is_another(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    router = Router()
    old, new = pool(tmp_path_factory, "old"), pool(tmp_path_factory, "new")
    router.set_weights((old, 1), (new, 99))
    again = router.choose(avoid=new)
    assert again is not None
    assert again.pool is old
    router.set_weights((new, 100))
    only = router.choose(avoid=new)
    assert only is not None
    assert only.pool is new
    router.set_weights()
    assert router.choose() is None


def test_one_death_counts_once_however_many_connections_it_breaks() -> None:
    deaths = Deaths()
    dying, other = replica(), replica()
    assert deaths.note(dying)
    assert not deaths.note(dying), "its socket takes connections until the kernel closes it"
    assert deaths.count == 1
    assert deaths.note(other)
    assert deaths.count == 2


def test_a_server_that_lives_on_and_breaks_connections_counts_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deaths, broken = Deaths(), replica()
    assert deaths.note(broken)
    later = time.monotonic() + 5
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert deaths.note(broken)
    assert deaths.count == 2


def test_nobody_is_found_worse_without_a_difference() -> None:
    assert reason_to_roll_back(tally(1000), tally(9000), BOTH) == ""
    assert reason_to_roll_back(tally(0), tally(0), BOTH) == ""
    assert reason_to_roll_back(tally(100, errors=1), tally(900, errors=9), BOTH) == ""


def test_a_few_errors_suffice_when_the_old_release_made_none() -> None:
    assert "5 of 5" in reason_to_roll_back(tally(5, errors=5), tally(45), BOTH)


def test_errors_that_both_releases_make_are_not_held_against_the_new_one() -> None:
    lenient = RolloutDefinition(error_rate=None)
    assert reason_to_roll_back(tally(50, errors=25), tally(50, errors=25), lenient) == ""


def test_the_error_limit_needs_enough_requests() -> None:
    rollout = RolloutDefinition(error_rate=0.05, min_requests=20)
    assert reason_to_roll_back(tally(19, errors=1), tally(0), rollout) == ""
    assert "more than 5.0%" in reason_to_roll_back(tally(20, errors=2), tally(0), rollout)


def test_latency_is_judged_against_twice_the_old_one_and_against_the_limit() -> None:
    assert "twice" in reason_to_roll_back(tally(100, latency_ms=15), tally(900), BOTH)
    assert reason_to_roll_back(tally(100, latency_ms=9), tally(900), BOTH) == ""
    assert reason_to_roll_back(tally(1000, slow=12), tally(9000), BOTH) == ""
    limited = BOTH.model_copy(update={"latency_p99_ms": 4.0})
    assert "the limit" in reason_to_roll_back(tally(100), tally(900), limited)


def test_a_signal_that_is_not_asked_for_is_not_looked_at() -> None:
    only_latency = RolloutDefinition(rollback_on=(RollbackSignal.latency,))
    assert reason_to_roll_back(tally(100, errors=100), tally(900), only_latency) == ""


@given(
    bad=st.integers(0, 12),
    good=st.integers(0, 12),
    other_bad=st.integers(0, 12),
    other_good=st.integers(0, 12),
)
def test_fisher_is_the_hypergeometric_tail(
    bad: int, good: int, other_bad: int, other_good: int
) -> None:
    total, all_bad, everything = bad + good, bad + other_bad, bad + good + other_bad + other_good
    ways = sum(
        comb(all_bad, k) * comb(everything - all_bad, total - k)
        for k in range(bad, min(total, all_bad) + 1)
    )
    expected = ways / comb(everything, total)
    assert fisher_more(bad, total, other_bad, other_bad + other_good) == pytest.approx(expected)


@given(hits=st.integers(0, 30), more=st.integers(0, 30), chance=st.floats(0.001, 0.999))
def test_binomial_tail(hits: int, more: int, chance: float) -> None:
    trials = hits + more
    expected = sum(
        comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(hits, trials + 1)
    )
    assert binomial_at_least(hits, trials, chance) == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.floats(0.1, 60_000), min_size=1, max_size=200), st.floats(0.01, 0.99))
def test_a_quantile_is_known_to_five_percent(latencies: list[float], share: float) -> None:
    counted = Tally()
    for latency in latencies:
        counted.add(200, latency)
    found = counted.quantile_ms(share)
    assert found is not None
    below = sum(latency <= found * 1.0001 for latency in latencies)
    assert below >= share * len(latencies) - 1e-9
    assert min(latencies) / 1.06 <= found <= max(latencies) * 1.06


def test_the_window_forgets() -> None:
    window = TrafficWindow(10)
    window.add(0.0, 500, 1.0)
    window.add(8.0, 200, 1.0)
    assert (window.total(9.0).requests, window.total(9.0).errors) == (2, 1)
    assert (window.total(12.0).requests, window.total(12.0).errors) == (1, 0)
    assert window.total(100.0).quantile_ms(0.5) is None


def test_shares_by_strategy() -> None:
    steps = {"steps": (20, 60, 100)}
    assert shares(RolloutDefinition(strategy=Strategy.all_at_once, **steps), 3) == (100,)
    assert shares(RolloutDefinition(strategy=Strategy.canary, **steps), 3) == (20, 60, 100)
    assert shares(RolloutDefinition(strategy=Strategy.linear, **steps), 3) == (20, 60, 100)
    assert shares(RolloutDefinition(strategy=Strategy.rolling, **steps), 3) == (33, 66, 100)


def test_a_definition_carries_every_field_of_the_spec_that_a_gateway_needs() -> None:
    spec = EndpointSpec(
        port=5000,
        replicas=Replicas(min=0, max=3, target_concurrency=2, scale_in_cool_down_seconds=7),
        rollout=Rollout(
            strategy="canary", steps=(5, 100), bake_minutes=2, rollback_on=("latency",)
        ),
    )
    rules = AlertRules(error_rate=0.2, latency_p99_ms=9, min_requests=3)
    made = EndpointDefinition.of("e", "memory:///", spec, rules)
    assert (made.port, made.replicas_min, made.replicas_max) == (5000, 0, 3)
    assert (made.target_concurrency, made.scale_in_cool_down_seconds) == (2, 7)
    assert made.rollout == RolloutDefinition(
        strategy=Strategy.canary,
        steps=(5, 100),
        bake_seconds=120,
        rollback_on=(RollbackSignal.latency,),
        error_rate=0.2,
        latency_p99_ms=9,
        min_requests=3,
    )
