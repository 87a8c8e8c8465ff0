"""What AWS cannot do is said by name before the first resource; what it can, is not stopped."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.aws.mistakes import (
    ACCOUNT,
    ASYNC,
    BATCH,
    GROUP,
    KEY,
    MISTAKES,
    NETWORK,
    SERVERLESS,
    SUBNET,
    Layer,
    Mistake,
    findings,
    spec_with,
)
from trimaran_providers.aws.limits.identifiers import is_bucket
from trimaran_providers.aws.limits.schedule import schedule_problems
from trimaran_providers.aws.problems import problems_of
from trimaran_providers.contract.spec import (
    EncryptionSpec,
    EndpointSpec,
    IdentitySpec,
    ImageSpec,
    NetworkSpec,
    PlatformSpec,
)

EVERYTHING: Mapping[str, Any] = {
    "data": {"source": "s3://rows/flights/", "target": "late"},
    "pipeline": {
        "train": "flights:fit",
        "schedule": "0 3 * * MON-FRI",
        "timezone": "America/New_York",
        "on_new_data": True,
        "retries": 2,
        "cache_days": 7,
        "compute": {"cpu": 4, "memory_gib": 16, "gpu": {"kind": "l4"}, "spot": True},
        "tune": {
            "trials": 20,
            "minutes": 60,
            "space": {
                "rate": {"low": 0.001, "high": 0.1, "log": True},
                "kind": {"choices": ["gini", "entropy"]},
            },
        },
    },
    "registry": {"approval": "manual", "model_card": True},
    "endpoint": {
        "replicas": {
            "min": 2,
            "max": 8,
            "target_concurrency": 16,
            "schedules": [{"cron": "0 8 * * 1-5", "timezone": "Europe/Vienna", "min": 4, "max": 8}],
        },
        "rollout": {"strategy": "canary", "steps": [10, 100], "rollback_on": ["errors", "latency"]},
        "shadow": {"fraction": 0.5},
        "capture": {"fraction": 0.29},
        "limits": {"max_body_mib": 6, "timeout_seconds": 60},
    },
    "monitor": {"schedule": "15 */6 * * *", "on_drift": "retrain"},
    "alerts": {
        "channels": [
            {"kind": "email", "to": "ml-oncall@example.com"},
            {"kind": "webhook", "url": "https://example.com/hook"},
            {"kind": "webhook", "secret": "HOOK"},
        ],
        "rules": {"latency_p99_ms": 500, "no_data_hours": 48},
    },
    "store": {"retention_days": 400, "share_with": [ACCOUNT]},
    "image": {"uri": f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/ml/toy@sha256:{'0' * 64}"},
    "secrets": {"HOOK": {"config": "hook"}},
    "network": NETWORK,
    "encryption": {"key": KEY},
    "identity": {
        "path": "/ml/",
        "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/team/bound",
    },
    "tags": {"team": "ml", "cost centre": "4711/a", "größe": "L"},
    "budget": {"monthly_usd": 400},
}
GOOD: Mapping[str, Mapping[str, Any]] = {
    "minimal": {},
    "everything on": EVERYTHING,
    "serverless": SERVERLESS,
    "async with GPU, down to zero": {
        **ASYNC,
        "endpoint.compute.gpu": {"kind": "t4"},
        "endpoint.replicas": {"min": 0, "max": 2},
        "endpoint.limits": {"max_body_mib": 1024, "timeout_seconds": 3600},
        "network": NETWORK,
    },
    "async with canary": {
        **ASYNC,
        "endpoint.replicas": {"min": 2, "max": 2},
        "endpoint.rollout.strategy": "canary",
    },
    "batch every night": {
        **BATCH,
        "endpoint.batch": {"source": "s3://rows/tonight/", "schedule": "30 1 * * *"},
    },
    "linear": {
        "endpoint.replicas": {"min": 4, "max": 4},
        "endpoint.rollout": {"strategy": "linear", "steps": [30, 60, 90, 100]},
    },
    "linear by the default step": {
        "endpoint.replicas": {"min": 2, "max": 2},
        "endpoint.rollout.strategy": "linear",
    },
    "down to zero": {
        "endpoint.replicas": {"min": 0, "max": 4, "target_concurrency": 8},
        "endpoint.rollout.strategy": "rolling",
    },
    "rolling": {
        "endpoint.replicas": {"min": 2, "max": 2},
        "endpoint.rollout.strategy": "rolling",
    },
    "nothing recorded, nothing monitored": {"monitor.schedule": "off", "endpoint.capture": None},
    "subnets, with security groups of the stack's own": {
        "network": {"private": True, "subnets": [SUBNET]}
    },
    "subnets alone, in a network that is not private": {"network": {"subnets": [SUBNET]}},
    "existing prefix": {"store.existing": "s3://company-models/flights"},
    "existing bucket by name": {"store.existing": "company-models"},
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_a_mistake_is_caught_by_its_layer_at_its_path(mistake: Mistake) -> None:
    found = findings(mistake.changes)
    assert {f.layer for f in found} == {mistake.layer}, found
    assert [f for f in found if f.path == mistake.path and mistake.says in f.text], found


def test_the_mistakes_are_many_and_every_layer_catches_some() -> None:
    assert len({mistake.what for mistake in MISTAKES}) == len(MISTAKES) >= 60
    assert {mistake.layer for mistake in MISTAKES} == set(Layer)


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_what_is_right_has_no_problem(changes: Mapping[str, Any]) -> None:
    assert findings(changes) == []


def test_every_problem_is_listed_not_the_first_alone() -> None:
    changes = {**SERVERLESS, "network": NETWORK, "tags": {"aws:x": "y"}, "store.existing": "A"}
    assert [f.path for f in findings(changes)] == [
        "tags.aws:x",
        "network.private",
        "store.existing",
    ]


def test_a_component_alone_is_asked_about_its_section_and_the_place_it_is_in() -> None:
    platform = PlatformSpec(network=NetworkSpec(subnets=(SUBNET,), security_groups=(GROUP,)))
    section = EndpointSpec.model_validate(
        {"kind": "serverless", "compute": {"memory_gib": 4}, "capture": None}
    )
    assert [p.path for p in problems_of(section, platform)] == ["network.subnets"]
    assert list(problems_of(section, PlatformSpec())) == []


class Later:
    """What the spec takes for a Pulumi output."""

    def apply(self, func: Any) -> Any:
        raise AssertionError("nobody looks at it")

    is_known = True


def test_what_another_resource_supplies_is_not_looked_at() -> None:
    later: Any = Later()
    platform = PlatformSpec(
        image=ImageSpec(uri=later),
        network=NetworkSpec(private=True, subnets=(later,), security_groups=(later,)),
        encryption=EncryptionSpec(key=later),
        identity=IdentitySpec(permissions_boundary=later),
    )
    assert list(problems_of(platform, platform)) == []


@pytest.mark.parametrize("name", ["abc", "my.bucket", "a" * 63, "0-9"])
def test_names_that_s3_takes(name: str) -> None:
    assert is_bucket(name)


@pytest.mark.parametrize(
    "name", ["ab", "a" * 64, "-ab", "ab-", "a..b", "a_b", "xn--bucket", "a-s3alias", "10.0.0.1"]
)
def test_names_that_s3_refuses(name: str) -> None:
    assert not is_bucket(name)


@pytest.mark.parametrize(
    "cron",
    ["* * * * *", "*/15 0-6,18-23 * * *", "0 0 1,15 * *", "0 0 * jan-mar sun", "5 4 * * */2"],
)
def test_cron_that_eventbridge_can_say(cron: str) -> None:
    assert list(schedule_problems("pipeline", cron, "UTC")) == []


def test_the_default_of_a_limit_is_no_wish() -> None:
    assert spec_with(SERVERLESS).endpoint.limits.max_body_mib > 4
    assert findings(SERVERLESS) == []
