"""A prediction request of any protocol: the model is asked, the answer is counted and recorded."""

import time
from typing import Any

from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.capture import Captured
from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.rows import Rows
from trimaran_runtime.serving.service import Service

LIVE_TEST = "x-trimaran-live-test"
"""Header of a request that tests the server: answered as any other, never recorded as traffic."""


class ModelFailed(Exception):
    """The model raised on a request's rows; the cause is chained."""


async def predictions(service: Service, rows: Rows, call: Call) -> list[Any]:
    """One prediction per row, as `trimaran_runtime.serving.predictor.Predictor.predict` gives it.

    Raises:
        Refusal: 429, too many rows wait; 503, the deadline of the call passed.
        ModelFailed: the model raised.
    """
    try:
        # The loop's clock is time.monotonic.
        with call.limits.until(call.deadline):
            return await service.batcher.submit(rows.values, rows.count)
    except TimeoutError:
        raise call.late() from None
    except Refusal:
        raise
    except Exception as exc:
        service.metrics.failed()
        raise ModelFailed from exc


def record(service: Service, call: Call, rows: Rows, answers: list[Any], size_bytes: int) -> None:
    """Count an answered request, and offer it to the capture.

    Args:
        service: what answered.
        call: the request.
        rows: its rows.
        answers: predictions as `/invocations` spells them, whatever the protocol: that is what
            the monitor reads.
        size_bytes: size of the request's body.
    """
    seconds = time.monotonic() - call.started
    service.metrics.predicted(seconds, rows.count)
    if service.capture is not None and call.headers.get(LIVE_TEST) is None:
        service.capture.offer(
            Captured(call.arrived, call.request_id, rows.raw, answers, seconds * 1e3, size_bytes)
        )
