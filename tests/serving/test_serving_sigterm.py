"""SIGTERM under load: no request is lost, and every answer is recorded."""

import os
import signal
import time

import pytest

from tests.serving.conftest import Start
from tests.serving.releases import MISBEHAVING, publish, publish_misbehaving
from tests.serving.test_serving_capture import drops, lines
from tests.serving.traffic import Hammer
from trimaran_runtime.serving.config import CaptureConfig
from trimaran_runtime.storage.store import Store

FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
TIMES = 20 if FULL else 2


@pytest.fixture(scope="module")
def lowered(store: Store) -> str:
    return publish(store, 1, lowered=True)


@pytest.mark.sweep
@pytest.mark.parametrize("number", range(TIMES))
def test_what_was_asked_is_answered_and_recorded(
    start: Start, store: Store, lowered: str, number: int
) -> None:
    endpoint = f"sigterm-{number:02}"
    server = start(lowered, endpoint=endpoint, capture=CaptureConfig(), rotate_seconds=60)
    # Half of the connections are new for every request, half are kept alive.
    with Hammer(server.url(), connections=8, pause=0, fresh=4) as hammer:
        hammer.wait_for(100 + 37 * number)
        server.process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        assert server.process.wait(20) == 0
        took = time.monotonic() - asked
    assert hammer.statuses == {200}, hammer.broken
    dropped = sum(count for told in drops(store, endpoint) for count in told["dropped"].values())
    assert len(lines(store, endpoint)) + dropped == hammer.answers.total()
    assert took < 5
    assert "Traceback" not in server.log


def test_a_request_that_is_being_answered_is_waited_for(start: Start, store: Store) -> None:
    release = publish_misbehaving(store, "sleep", always=True)
    server = start(release, code=MISBEHAVING, endpoint="slow", drain_seconds=0)
    # Each takes 0.3 s, four wait for one model: the last is answered long after the end began.
    with Hammer(server.url(), connections=4) as hammer:
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
    assert hammer.answers.total() >= 4
    assert hammer.statuses == {200}, hammer.broken
