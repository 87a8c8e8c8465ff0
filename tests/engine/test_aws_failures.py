"""Any one call of `everything on` fails: the next `up` completes, or `destroy` leaves nothing."""

import os

import pytest

from tests.aws.scenarios import SCENARIOS
from tests.engine.aws_project import AwsProject, aws_account, left_in

pytestmark = [pytest.mark.engine, pytest.mark.sweep]
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
EVERYTHING = SCENARIOS["everything on"]
CREATES, UPDATES = 72, 30
"""Calls of provider `aws` that the first `up` and that of the change take; checked below."""
SAMPLE = (51,)


@pytest.mark.parametrize("nth", range(1, CREATES + 1) if FULL else SAMPLE)
def test_after_a_failed_create(aws_stack: AwsProject, nth: int) -> None:
    aws_stack.overrides |= EVERYTHING.set
    with aws_account() as aws:
        aws_stack.referee.mishap("fail", "create", nth)
        failed = aws_stack.up()
        assert failed.failed
        assert "ServiceFailure" in failed.errors
        # Every other one is taken down as it is.
        if nth % 2:
            healed = aws_stack.up()
            assert not healed.failed, healed.errors
            assert _done(aws_stack, "create") == CREATES
            assert aws_stack.up().changed == {}
        gone = aws_stack.destroy()
        assert not gone.failed, gone.errors
        assert (aws_stack.left(), left_in(aws)) == ([], {})


@pytest.mark.skipif(not FULL, reason="in the full sweep (TRIMARAN_SWEEP=full)")
@pytest.mark.parametrize("nth", range(1, UPDATES + 1))
def test_after_a_failed_update(aws_stack: AwsProject, nth: int) -> None:
    aws_stack.overrides |= EVERYTHING.set
    with aws_account() as aws:
        made = aws_stack.up()
        assert not made.failed, made.errors
        aws_stack.referee.mishap("fail", "update", nth)
        failed = aws_stack.up(EVERYTHING.change)
        assert failed.failed
        assert "ServiceFailure" in failed.errors
        if nth % 2:
            healed = aws_stack.up()
            assert not healed.failed, healed.errors
            assert _done(aws_stack, "update") == UPDATES
            assert aws_stack.up().changed == {}
        gone = aws_stack.destroy()
        assert not gone.failed, gone.errors
        assert (aws_stack.left(), left_in(aws)) == ([], {})


def _done(project: AwsProject, operation: str) -> int:
    """How many calls were answered, all but the one that failed."""
    return sum(call.operation == operation for call in project.referee.calls()) - 1
