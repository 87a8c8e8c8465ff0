"""The releases that a server answers with, and which of them answers a request."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate

from trimaran_runtime.serving.message import Headers
from trimaran_runtime.serving.service import Service

_TURN_SECONDS = 0.01


@dataclass(slots=True, eq=False)
class Variant:
    """A loaded release under the name of a variant.

    `with variant as service:` is for its service, which is not closed before the block ends.
    """

    name: str
    service: Service
    in_flight: int = 0
    """Requests that it is answering."""

    def __enter__(self) -> Service:
        self.in_flight += 1
        return self.service

    def __exit__(self, *_: object) -> None:
        self.in_flight -= 1

    async def close(self, seconds: float) -> None:
        """Wait for what it is answering, at most so long; then record the last of it."""
        deadline = time.monotonic() + seconds
        while self.in_flight and time.monotonic() < deadline:
            await asyncio.sleep(_TURN_SECONDS)
        await asyncio.to_thread(self.service.close)


@dataclass(frozen=True)
class Traffic:
    """How requests are shared; replaced as a whole when it changes.

    Attributes:
        variants: those that answer.
        weights: of each of them; not all are 0.
        shadow: one that is asked too; None: none.
        shadow_fraction: share of the requests that it is asked too.
        sticky_header: header whose value decides; None: each request is decided on its own.
    """

    variants: tuple[Variant, ...]
    weights: tuple[float, ...]
    shadow: Variant | None = None
    shadow_fraction: float = 1.0
    sticky_header: str | None = None
    _bounds: Sequence[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        *sums, total = accumulate(self.weights)
        bounds = [part / total for part in sums]
        object.__setattr__(self, "_bounds", bounds)

    @classmethod
    def of(cls, service: Service) -> "Traffic":
        """All of it to one release."""
        return cls((Variant(service.variant, service),), (1.0,))

    @property
    def main(self) -> Variant:
        """The one with the largest weight, the first of several such."""
        return max(zip(self.variants, self.weights, strict=True), key=lambda pair: pair[1])[0]

    @property
    def loaded(self) -> tuple[Variant, ...]:
        """All variants, the shadow among them."""
        return self.variants if self.shadow is None else (*self.variants, self.shadow)

    def choose(self, headers: Headers, request_id: str) -> Variant:
        """The variant that answers a request."""
        if len(self.variants) == 1:
            return self.variants[0]
        key = headers.get(self.sticky_header) if self.sticky_header else None
        return self.variants[bisect_right(self._bounds, _place(str(key or request_id), "variant"))]

    def shadowing(self, request_id: str) -> Variant | None:
        """The shadow where a request is for it too."""
        if self.shadow is not None and _place(request_id, "shadow") < self.shadow_fraction:
            return self.shadow
        return None


def _place(text: str, purpose: str) -> float:
    """A number in [0, 1) that a text always gets; of its own for each purpose.

    Otherwise the requests of one variant would be those that are recorded, or shadowed.
    """
    content = text.encode(errors="surrogatepass")
    digest = blake2b(content, digest_size=8, person=purpose.encode()).digest()
    return (int.from_bytes(digest) >> 11) * 2.0**-53
