"""A request whose path was found, before its body is read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from trimaran_runtime.serving.message import Headers, Refusal, Response
from trimaran_runtime.serving.time_limit import TimeLimits


@dataclass(slots=True, kw_only=True)
class Call:
    """One request: everything about it but its body."""

    route: "Route"
    """What answers it."""
    headers: Headers
    """Headers by lower-case name."""
    request_id: str
    """The caller's id of the request, or a new one."""
    is_named: bool
    """Whether the id is the caller's."""
    arrived: float
    """When it came, seconds since the epoch."""
    started: float
    """When it came, seconds of `time.monotonic`."""
    deadline: float
    """When the caller, or the server, stops waiting; seconds of `time.monotonic`."""
    model: str = ""
    """Model that the path names, where the route has one."""
    version: str | None = None
    """Version that the path names; None: it names none."""
    limits: TimeLimits = field(default_factory=TimeLimits)
    """What watches its deadlines."""
    held_bytes: int = 0
    """Bytes of its body that count as a large one's (`trimaran_runtime.serving.large_body`)."""

    def late(self) -> Refusal:
        """The refusal when the deadline has passed."""
        return Refusal(
            503,
            f"no prediction within {self.deadline - self.started:g} s",
            headers={"retry-after": "1"},
        )

    def shorten(self, seconds: float) -> None:
        """Answer within that time of the arrival; never later than was allowed before."""
        self.deadline = min(self.deadline, self.started + seconds)


Handler = Callable[[Call, bytes], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """One handler.

    Attributes:
        label: the path or its pattern, as metrics name it: a path that holds what a caller wrote
            would make a time series each.
        method: HTTP method.
        handler: answers a call and the body.
        predicts: whether the model is asked; only then is a call refused under overload.
    """

    label: str
    method: str
    handler: Handler
    predicts: bool = False
