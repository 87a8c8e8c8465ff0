"""A release comes to be, is followed by another, and one is taken back: the endpoint on AWS."""

import boto3
import pytest

from tests.aws.scenarios import SCENARIOS
from tests.engine.aws_project import AwsProject, aws_account, left_in, published
from trimaran_runtime.storage.store import Store

pytestmark = [pytest.mark.engine, pytest.mark.sweep]
ENDPOINT = "toy-endpoint"


def test_the_endpoint_follows_the_releases(aws_stack: AwsProject) -> None:
    aws_stack.overrides |= SCENARIOS["cpu canary, autoscaled"].set
    with aws_account() as aws:
        waiting = aws_stack.up()
        assert not waiting.failed, waiting.errors
        store = Store(waiting.outputs["store"], session=boto3.Session())

        first = published(store, b"one")
        served = aws_stack.up()
        assert not served.failed, served.errors
        assert (served.outputs["release"], served.changed[ENDPOINT]) == (first, "update")
        assert served.outputs["url"].endswith("/endpoints/toy-test")
        before = aws.left()
        assert before["endpoints"] == ["toy-test"]
        assert aws_stack.up().changed == {}

        second = published(store, b"two")
        followed = aws_stack.up()
        assert not followed.failed, followed.errors
        assert followed.outputs["release"] == second
        assert followed.outputs["url"] == served.outputs["url"]
        calls = [operation for operation, _ in aws.requests]
        assert calls.count("CreateEndpoint") == calls.count("UpdateEndpoint") == 1
        # The old configuration goes when the new one serves, and not before.
        assert calls.index("DeleteEndpointConfig") > calls.index("UpdateEndpoint")
        after = aws.left()
        assert len(after["configs"]) == len(after["models"]) == 1
        assert set(after["configs"]).isdisjoint(before["configs"])

        aws.plan("UpdateEndpoint", "rolls_back", reason="an alarm")
        third = published(store, b"three")
        taken_back = aws_stack.up()
        assert taken_back.failed
        assert "was rolled back" in taken_back.errors
        assert f"Serving: {second[:12]}" in taken_back.errors
        assert third != second

        tried = [operation for operation, _ in aws.requests].count("UpdateEndpoint")
        again = aws_stack.up()
        assert again.failed
        assert [operation for operation, _ in aws.requests].count("UpdateEndpoint") == tried
        assert aws.left()["endpoints"] == ["toy-test"]

        gone = aws_stack.destroy()
        assert not gone.failed, gone.errors
        assert (aws_stack.left(), left_in(aws)) == ([], {})
