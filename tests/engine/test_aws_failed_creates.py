"""Any one creation of `everything on` fails: the next `up` completes, or `destroy` leaves nothing.

The tests of this file share one stack and one account, which each of them leaves empty.
"""

import os

import pytest

from tests.engine.aws_project import SharedAws

pytestmark = [pytest.mark.engine, pytest.mark.sweep]
CREATES = 73
"""Creations by provider `aws` that the first `up` takes; checked below."""
SAMPLE = (51,)
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"


@pytest.mark.parametrize("nth", range(1, CREATES + 1) if FULL else SAMPLE)
def test_after_a_failed_create(shared_aws: SharedAws, nth: int) -> None:
    stack = shared_aws.stack
    before = stack.done("create")
    stack.referee.mishap("fail", "create", nth)
    failed = stack.up()
    assert failed.failed
    assert "ServiceFailure" in failed.errors
    stack.referee.peace()
    # Every other one is taken down as it is.
    if nth % 2:
        healed = stack.up()
        assert not healed.failed, healed.errors
        assert stack.done("create") - before == CREATES + 1
        assert stack.preview().changed == {}
    gone = stack.destroy()
    assert not gone.failed, gone.errors
    assert shared_aws.left() == ([], {})
