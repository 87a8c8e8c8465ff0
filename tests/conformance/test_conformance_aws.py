"""AWS passes what every cloud has to."""

import importlib
import inspect
from pathlib import Path

from trimaran_providers.project.lock import runtime_needs
from trimaran_providers.testing.conformance import MINIMAL, CloudConformance
from trimaran_providers.testing.recording import Registered

_HASH = f"--hash=sha256:{'0' * 64}"
# An object takes 10 tags where everything else takes 50 (S3 User Guide, "Categorizing your objects
# using tags"): its bucket has them.
_UNTAGGED = {"aws:s3/bucketObjectv2:BucketObjectv2"}
_SUBNETS = {"private": True, "subnets": ["subnet-0a1b2c3d4e5f67890"]}
_KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-1234-5678-9abc-0123456789ab"


class TestAws(CloudConformance):
    cloud_name = "aws"
    config = {"aws:region": "eu-central-1"}
    scenarios = {
        "minimal": MINIMAL,
        "by the clock, on drift and on new data": {
            **MINIMAL,
            "data": {"source": "s3://rows/toy/", "target": "bought"},
            "pipeline": {"train": "toy:fit", "schedule": "0 3 * * *", "on_new_data": True},
            "monitor": {"schedule": "daily", "on_drift": "retrain"},
        },
        "canary with alarms": {
            **MINIMAL,
            "endpoint": {
                "replicas": {"min": 2, "max": 8, "target_concurrency": 16},
                "rollout": {"strategy": "canary", "rollback_on": ["errors", "latency"]},
            },
            "alerts": {
                "channels": [{"kind": "email", "to": "ml@example.com"}],
                "rules": {"latency_p99_ms": 500, "no_data_hours": 48},
            },
            "budget": {"monthly_usd": 400},
        },
        "private, with a key and secrets": {
            **MINIMAL,
            "network": _SUBNETS,
            "encryption": {"key": _KEY},
            "secrets": {"HOOK": {"config": "hook"}},
            "alerts": {"channels": [{"kind": "webhook", "secret": "HOOK"}]},
        },
        "serverless": {
            **MINIMAL,
            "endpoint": {"kind": "serverless", "compute": {"memory_gib": 4}, "capture": None},
            "monitor": {"schedule": "off"},
        },
        "async, down to zero": {
            **MINIMAL,
            "endpoint": {"kind": "async", "replicas": {"min": 0, "max": 2}, "capture": None},
            "monitor": {"schedule": "off"},
        },
        "batch every night": {
            **MINIMAL,
            "endpoint": {
                "kind": "batch",
                "capture": None,
                "batch": {"source": "s3://rows/tonight/", "schedule": "30 1 * * *"},
            },
            "monitor": {"schedule": "off"},
        },
    }

    def write_project(self, folder: Path) -> None:
        super().write_project(folder)
        lines = (f"{name}==1.0 {_HASH}\n" for name in sorted(runtime_needs("aws")))
        (folder / "requirements.lock").write_text("".join(lines))

    def takes_tags(self, resource: Registered) -> bool:
        """Whether the provider's class of that resource has an argument for them."""
        package, _, kind = resource.type.partition(":")
        if package != "aws" or resource.type in _UNTAGGED:
            return False
        module, _, name = kind.partition("/")
        made = getattr(importlib.import_module(f"pulumi_aws.{module}"), name.partition(":")[2])
        return "tags" in inspect.signature(made._internal_init).parameters
