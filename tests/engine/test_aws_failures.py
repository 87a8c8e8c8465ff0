"""Any one call of `everything on` fails: the next `up` completes, or `destroy` leaves nothing."""

import os

import pytest

from tests.aws.scenarios import SCENARIOS
from tests.engine.aws_project import AwsProject, aws_account, left_in

pytestmark = [pytest.mark.engine, pytest.mark.sweep]
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
EVERYTHING = SCENARIOS["everything on"]
CREATES = 110
"""How many creates of provider `aws` an `up` of `everything on` takes."""
UPDATES = 60
SAMPLE = (20, 75)


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
            assert aws_stack.up().changed == {}
        gone = aws_stack.destroy()
        assert not gone.failed, gone.errors
        assert (aws_stack.left(), left_in(aws)) == ([], {})
