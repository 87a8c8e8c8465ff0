"""How requests are shared among the releases of a server."""

from collections import Counter
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trimaran_runtime.serving.capture import is_sampled
from trimaran_runtime.serving.service import Service
from trimaran_runtime.serving.traffic import Traffic, Variant
from trimaran_runtime.serving.traffic_config import TrafficConfig

REQUESTS = [f"request-{number}" for number in range(20_000)]
A, B, C = "a" * 64, "b" * 64, "c" * 64
NOTHING = cast("Service", None)
"""How requests are shared does not depend on what answers them."""


def traffic(*weights: float, **more: Any) -> Traffic:
    return Traffic(tuple(Variant(f"v{i}", NOTHING) for i in range(len(weights))), weights, **more)


def shares(shared: Traffic) -> dict[str, float]:
    found = Counter(shared.choose({}, request).name for request in REQUESTS)
    return {name: count / len(REQUESTS) for name, count in found.items()}


def test_each_variant_gets_its_weight_of_the_sum() -> None:
    found = shares(traffic(6, 0, 3, 1))
    assert found == {
        "v0": pytest.approx(0.6, abs=0.02),
        "v2": pytest.approx(0.3, abs=0.02),
        "v3": pytest.approx(0.1, abs=0.02),
    }


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6).filter(any), st.text(max_size=20))
def test_nothing_goes_to_a_variant_without_weight(weights: list[float], request: str) -> None:
    shared = traffic(*weights)
    assert shared.weights[shared.variants.index(shared.choose({}, request))] > 0


def test_who_got_the_newer_variant_keeps_it_while_it_grows() -> None:
    before: set[str] = set()
    for percent in (0, 5, 20, 50, 100):
        shared = traffic(100 - percent, percent)
        now = {r for r in REQUESTS if shared.choose({}, r).name == "v1"}
        assert before <= now
        assert len(now) / len(REQUESTS) == pytest.approx(percent / 100, abs=0.02)
        before = now


def test_the_same_customer_gets_the_same_variant() -> None:
    shared = traffic(1, 1, sticky_header="x-customer")
    for customer in ("anna", "bert", "carl", "dora"):
        asked = {shared.choose({"x-customer": customer}, r).name for r in REQUESTS[:50]}
        assert len(asked) == 1
    everyone = {shared.choose({"x-customer": c}, "r").name for c in REQUESTS[:50]}
    without = {shared.choose({}, r).name for r in REQUESTS[:50]}
    assert everyone == without == {"v0", "v1"}


def test_the_shadow_watches_its_fraction_of_every_variant() -> None:
    shared = traffic(1, 1, shadow=Variant("shadow", NOTHING), shadow_fraction=0.25)
    watched = [r for r in REQUESTS if shared.shadowing(r) is not None]
    assert len(watched) / len(REQUESTS) == pytest.approx(0.25, abs=0.02)
    of_first = sum(shared.choose({}, r).name == "v0" for r in watched)
    assert of_first / len(watched) == pytest.approx(0.5, abs=0.03)
    assert traffic(1).shadowing("r") is None


def test_what_is_recorded_is_of_every_variant_alike() -> None:
    shared = traffic(1, 1)
    recorded = [r for r in REQUESTS if is_sampled(r, 0.1)]
    of_first = sum(shared.choose({}, r).name == "v0" for r in recorded)
    assert of_first / len(recorded) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    "document",
    [
        {"variants": []},
        {"variants": [{"name": "a", "release": A, "weight": 0}]},
        {"variants": [{"name": "a", "release": A}, {"name": "a", "release": B}]},
        {"variants": [{"name": "a", "release": A}], "shadow": {"name": "a", "release": C}},
        {"variants": [{"name": "a", "release": A, "weight": -1}]},
        {"variants": [{"name": "a", "release": "abc"}]},
        {"variants": [{"name": "../a", "release": A}]},
        {"variants": [{"name": "a", "release": A}], "shadow": {"release": C, "fraction": 0}},
    ],
)
def test_what_could_not_be_served_is_no_configuration(document: Any) -> None:
    with pytest.raises(ValidationError):
        TrafficConfig.model_validate(document)
