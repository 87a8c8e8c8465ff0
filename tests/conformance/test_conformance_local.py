"""The local cloud passes what every cloud has to."""

from trimaran_providers.testing.conformance import MINIMAL, CloudConformance


class TestLocal(CloudConformance):
    cloud_name = "local"
    scenarios = {
        "minimal": MINIMAL,
        "by the clock": {
            **MINIMAL,
            "pipeline": {"train": "toy:fit", "schedule": "0 3 * * *"},
            "monitor": {"schedule": "daily", "on_drift": "retrain"},
        },
        "alerts with a secret": {
            **MINIMAL,
            "secrets": {"HOOK": {"config": "hook"}},
            "alerts": {"channels": [{"kind": "webhook", "secret": "HOOK"}]},
        },
    }
