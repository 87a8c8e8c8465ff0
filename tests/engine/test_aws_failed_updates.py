"""Any one update of `everything on` fails: the next `up` completes, and `destroy` leaves nothing.

The tests of this file share one stack, whose every resource is changed by each of them.
"""

import os

import pytest

from tests.engine.aws_project import SharedAws

pytestmark = [pytest.mark.engine, pytest.mark.sweep]
UPDATES = 36
"""Updates by provider `aws` that new tags take; checked below."""
SAMPLE = (20,)
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"


@pytest.mark.parametrize("nth", range(1, UPDATES + 1) if FULL else SAMPLE)
def test_after_a_failed_update(shared_aws: SharedAws, nth: int) -> None:
    stack = shared_aws.stack
    if not stack.left():
        made = stack.up()
        assert not made.failed, made.errors
    before = stack.done("update")
    stack.referee.mishap("fail", "update", nth)
    failed = stack.up({"tags": {"team": f"number-{nth}"}})
    assert failed.failed
    assert "ServiceFailure" in failed.errors
    stack.referee.peace()
    # The last, and now and then one of the others, is taken down as it is.
    if nth == UPDATES or nth % 9 == 0:
        gone = stack.destroy()
        assert not gone.failed, gone.errors
        assert shared_aws.left() == ([], {})
        return
    healed = stack.up()
    assert not healed.failed, healed.errors
    assert stack.done("update") - before == UPDATES + 1
    assert stack.preview().changed == {}
