"""Large bodies: read in a thread, so that others are answered meanwhile, and not too many at once.

Six MiB of JSON take a quarter of a second to read, of CSV half a second. A small body is read on
the event loop: a change of threads would cost more than the reading.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.message import Refusal

LARGE_BYTES = 100 << 10
"""A body above this size is large: it takes about 5 ms to read, as long as a call of the model may
hold up the event loop."""
LARGE_ROWS = 2_000
"""More rows make a large answer: to spell them takes about 5 ms as well."""
_MOST_BYTES = 256 << 20
"""Bytes of large bodies that are received or answered at a time, unless a single one may be larger:
a thousand connections could bring six gigabytes otherwise."""

T = TypeVar("T")


class LargeBodies:
    """The large bodies that a server holds.

    Args:
        max_body: largest body of one request, bytes.

    Attributes:
        max_body: largest body of one request, bytes.
        watched: size from which a body is counted while it arrives, bytes.
    """

    def __init__(self, max_body: int) -> None:
        self.max_body = max_body
        self._most = max(_MOST_BYTES, max_body)
        self._held = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bodies")
        self.watched = min(LARGE_BYTES, max_body)

    def hold(self, call: Call, size: int) -> None:
        """So many bytes of a call's body are there now.

        Raises:
            Refusal: 413, the body is too large; 429, there are too many of its kind.
        """
        if size > self.max_body:
            raise self.too_large(size)
        more = size - call.held_bytes
        if self._held + more > self._most:
            raise Refusal(
                429,
                "too many large bodies are being answered",
                given=f"{self._held} bytes",
                allowed=f"at most {self._most} bytes of bodies above {LARGE_BYTES}; try again",
                headers={"retry-after": "1"},
            )
        self._held += more
        call.held_bytes = size

    def release(self, call: Call) -> None:
        """The call is answered."""
        self._held -= call.held_bytes
        call.held_bytes = 0

    def too_large(self, size: int) -> Refusal:
        """The refusal of a body of at least that size, bytes."""
        return Refusal(
            413,
            "the body is too large",
            where="body",
            given=size,
            allowed=f"at most {self.max_body} bytes",
        )

    async def apart(self, is_large: bool, call: Call, work: Callable[..., T], *given: Any) -> T:
        """The result of the work: done at once, or in the thread for large bodies.

        Args:
            is_large: whether in the thread.
            call: the request; no work is begun for it after its deadline.
            work: what to do; must not touch what belongs to the event loop.
            given: its arguments.

        Raises:
            Refusal: 503, the deadline of the call passed first.
            Exception: whatever the work raises.
        """
        if not is_large:
            return work(*given)
        loop = asyncio.get_running_loop()
        try:
            # The loop's clock is time.monotonic.
            async with asyncio.timeout_at(call.deadline):
                return await loop.run_in_executor(self._thread, work, *given)
        except TimeoutError:
            raise call.late() from None
