"""The conformance suite: what a cloud must pass, for a third party to run against its own.

A module of tests holds one subclass, and pytest finds its tests::

    class TestHarbor(CloudConformance):
        cloud_name = "harbor"
        config = {"harbor:region": "north"}
        scenarios = {"minimal": MINIMAL, "monitored": {**MINIMAL, "monitor": {"schedule": "daily"}}}

The tests need pytest, and neither the Pulumi engine nor an account.
"""
