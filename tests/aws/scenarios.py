"""What users of the AWS cloud ask for: whole specs, rendered and brought up by the tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-central-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/models@sha256:{'a' * 64}"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"

BASE: dict[str, Any] = {
    "name": "toy",
    "cloud": "aws",
    "data": {"source": "toy:load", "target": "bought", "time": "at", "segments": ["shop"]},
    "pipeline": {"train": "toy:fit", "parameters": {"quality": "good"}},
    "gate": {"metric": "roc_auc", "floor": 0.6},
}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A spec, and how it is changed afterwards.

    Attributes:
        set: values by dotted path, laid over the base.
        change: values whose change is made in place.
        replace: values whose change makes a resource anew.
    """

    set: Mapping[str, Any] = field(default_factory=dict)
    change: Mapping[str, Any]
    replace: Mapping[str, Any] = field(default_factory=lambda: {"identity.path": "/teams/two/"})


_CHANGED = {"alerts.rules.error_rate": 0.02}
_PRIVATE = {
    "network": {
        "private": True,
        "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "security_groups": ["sg-0123456789abcdef0"],
    },
    "encryption": {"key": KEY},
}
_CANARY = {
    "endpoint.replicas": {"min": 2, "max": 6, "target_concurrency": 4},
    "endpoint.rollout": {
        "strategy": "canary",
        "steps": [10, 100],
        "bake_minutes": 5,
        "rollback_on": ["errors", "latency"],
    },
    "alerts.rules.latency_p99_ms": 200,
}

SCENARIOS: dict[str, Scenario] = {
    "minimal": Scenario(change=_CHANGED),
    "cpu canary, autoscaled": Scenario(
        set={
            **_CANARY,
            "endpoint.replicas.schedules": [
                {"cron": "0 8 * * 1-5", "timezone": "Europe/Berlin", "min": 4, "max": 8}
            ],
        },
        change={"endpoint.replicas.max": 8},
    ),
    "gpu": Scenario(
        set={
            "pipeline.cache_days": 7,
            "pipeline.compute": {"cpu": 4, "memory_gib": 16, "gpu": {"kind": "t4"}, "spot": True},
            "endpoint.compute": {"cpu": 4, "memory_gib": 16, "gpu": {"kind": "a10"}},
        },
        change={"pipeline.compute.gpu.kind": "l4"},
    ),
    "serverless": Scenario(
        set={
            "endpoint.kind": "serverless",
            "endpoint.compute": {"cpu": 1, "memory_gib": 2},
            "endpoint.replicas": {"min": 0, "max": 20},
            "endpoint.capture": None,
            "monitor.schedule": "off",
        },
        change={"endpoint.replicas.max": 40},
    ),
    "async": Scenario(
        set={
            "endpoint.kind": "async",
            "endpoint.replicas": {"min": 0, "max": 3, "target_concurrency": 2},
            "endpoint.capture": None,
            "monitor.schedule": "off",
        },
        change={"endpoint.replicas.max": 5},
    ),
    "scale to zero": Scenario(
        set={"endpoint.replicas": {"min": 0, "max": 2, "target_concurrency": 2}},
        change={"endpoint.replicas.max": 3},
    ),
    "private network with a key of one's own": Scenario(set=_PRIVATE, change=_CHANGED),
    "existing bucket and image": Scenario(
        set={"store.existing": "s3://team-bucket/models/toy", "image.uri": IMAGE},
        change=_CHANGED,
    ),
    "manual approval": Scenario(
        set={"registry.approval": "manual", "registry.model_card": True},
        change={"registry.approval": "automatic"},
    ),
    "cross-account": Scenario(
        set={
            "store.share_with": ["210987654321"],
            "identity": {"path": "/teams/one/", "permissions_boundary": BOUNDARY},
        },
        change={"store.share_with": ["210987654321", "310987654321"]},
    ),
    "retrain on drift and on new data": Scenario(
        set={
            "data.source": "s3://team-data/toy/rows.parquet",
            "pipeline.on_new_data": True,
            "pipeline.schedule": "0 3 * * *",
            "pipeline.timezone": "America/New_York",
            "monitor": {"schedule": "hourly", "on_drift": "retrain"},
        },
        change={"monitor.schedule": "daily"},
    ),
    "batch": Scenario(
        set={
            "endpoint.kind": "batch",
            "endpoint.batch": {"source": "s3://team-data/toy/new/", "schedule": "0 5 * * *"},
            "endpoint.capture": None,
            "monitor.schedule": "off",
        },
        change={"endpoint.batch.schedule": "0 6 * * *"},
    ),
    "shadow": Scenario(
        set={"endpoint.shadow": {"channel": "candidate", "fraction": 0.5}},
        change={"endpoint.shadow.fraction": 0.25},
    ),
    "everything on": Scenario(
        set={
            **_CANARY,
            **_PRIVATE,
            "pipeline.schedule": "0 3 * * *",
            "pipeline.retries": 2,
            "pipeline.compute": {"cpu": 4, "memory_gib": 16, "gpu": {"kind": "t4"}, "spot": True},
            "pipeline.tune": {
                "trials": 8,
                "parallel": 2,
                "metric": "roc_auc",
                "space": {"C": {"low": 0.01, "high": 10.0, "log": True}},
            },
            "registry": {"approval": "manual", "model_card": True},
            "store": {"retention_days": 90, "share_with": ["210987654321"]},
            "monitor": {"schedule": "hourly", "on_drift": "retrain"},
            "alerts.channels": [
                {"kind": "email", "to": "oncall@example.com"},
                {"kind": "webhook", "url": "https://example.com/hook"},
            ],
            "alerts.rules.no_data_hours": 6,
            "secrets": {"WAREHOUSE": {"config": "warehouse"}},
            "identity": {"path": "/teams/one/", "permissions_boundary": BOUNDARY},
            "logs.retention_days": 30,
            "tags": {"team": "one"},
            "budget": {"monthly_usd": 400},
        },
        change={"tags": {"team": "two"}},
    ),
}
