"""A call of our own plugin is refused once: the next `up` completes, `destroy` leaves nothing.

The tests of this file share one stack and one account, which each of them leaves empty.
"""

import os

import boto3
import pytest

from tests.engine.aws_project import SharedAws, published
from trimaran_runtime.storage.store import Store

pytestmark = [pytest.mark.engine, pytest.mark.sweep]
FIRST = ("StartBuild", "StartPipelineExecution")
"""Calls of the first `up`."""
DEPLOYING = (
    "CreateModelPackage",
    "CreateModel",
    "CreateEndpointConfig",
    "CreateEndpoint",
    "RegisterScalableTarget",
    "PutScalingPolicy",
)
"""Calls of the `up` that finds a first release."""
SAMPLE = ("CreateEndpoint",)
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"


def sampled(operations: tuple[str, ...]) -> list[object]:
    only = pytest.mark.skipif(not FULL, reason="in the full sweep (TRIMARAN_SWEEP=full)")
    return [pytest.param(name, marks=() if name in SAMPLE else only) for name in operations]


@pytest.mark.parametrize("operation", sampled(FIRST))
def test_after_a_call_of_the_first_up_was_refused(shared_aws: SharedAws, operation: str) -> None:
    refused(shared_aws, operation)
    healed = shared_aws.stack.up()
    assert not healed.failed, healed.errors
    assert shared_aws.stack.preview().changed == {}
    taken_down(shared_aws)


@pytest.mark.parametrize("operation", sampled(DEPLOYING))
def test_after_a_call_of_a_deployment_was_refused(shared_aws: SharedAws, operation: str) -> None:
    stack = shared_aws.stack
    waiting = stack.up()
    assert not waiting.failed, waiting.errors
    release = published(Store(waiting.outputs["store"], session=boto3.Session()), b"one")
    refused(shared_aws, operation)
    # Every other one is taken down as it is.
    if DEPLOYING.index(operation) % 2 == 0:
        healed = stack.up()
        assert not healed.failed, healed.errors
        assert healed.outputs["release"] == release
        assert shared_aws.aws.left()["endpoints"] == ["toy-test"]
        assert stack.preview().changed == {}
    taken_down(shared_aws)


def refused(shared: SharedAws, operation: str) -> None:
    """An `up` in which an operation is refused, and which says so."""
    shared.aws.plan(operation, "refuses", reason="the account is being looked after")
    failed = shared.stack.up()
    assert failed.failed
    assert "the account is being looked after" in failed.errors


def taken_down(shared: SharedAws) -> None:
    gone = shared.stack.destroy()
    assert not gone.failed, gone.errors
    assert shared.left() == ([], {})
