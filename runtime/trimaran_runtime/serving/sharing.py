"""Which release answers a prediction request, in any protocol, and the shadow that is asked too."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.exchange import LIVE_TEST, ModelFailed
from trimaran_runtime.serving.message import Refusal, Response
from trimaran_runtime.serving.service import Service
from trimaran_runtime.serving.traffic import Traffic, Variant

LOG = logging.getLogger(__name__)
Answer = Callable[[Service, Call, bytes], Awaitable[Response]]
"""Answers a call and its body with a release."""


class Sharing:
    """Shares requests among the releases that are served.

    Args:
        ready: what is served now, or a refusal while there is nothing.
    """

    def __init__(self, ready: Callable[[], Traffic]) -> None:
        self.ready = ready
        self._shadows: set[asyncio.Task[None]] = set()

    async def answered(
        self, call: Call, body: bytes, answer: Answer, variant: Variant | None = None
    ) -> Response:
        """The answer of the release that a request gets.

        Args:
            call: the request.
            body: its body.
            answer: how it is answered.
            variant: the one that the request names; None: the weights decide.
        """
        traffic = self.ready()
        chosen = variant or traffic.choose(call.headers, call.request_id)
        with chosen as service:
            response = await answer(service, call, body)
        shadow = traffic.shadowing(call.request_id)
        if shadow is not None and call.headers.get(LIVE_TEST) is None:
            self._mirror(shadow, call, body, answer)
        return response

    def _mirror(self, shadow: Variant, call: Call, body: bytes, answer: Answer) -> None:
        """Ask the shadow too, after this request has its answer."""
        now = time.monotonic()
        later = replace(call, started=now, deadline=now + (call.deadline - call.started))
        task = asyncio.get_running_loop().create_task(_shadowed(shadow, later, body, answer))
        self._shadows.add(task)
        task.add_done_callback(self._shadows.discard)


async def _shadowed(shadow: Variant, call: Call, body: bytes, answer: Answer) -> None:
    with shadow as service:
        try:
            await answer(service, call, body)
        except Refusal:
            # Its signature may be another, or it is too slow: nobody waits for its answer.
            service.metrics.failed()
        except ModelFailed:
            LOG.warning("the shadow's model failed on a request", exc_info=True)
