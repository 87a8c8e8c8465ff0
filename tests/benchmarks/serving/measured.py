"""What a load saw of a server, and what it cost."""

from dataclasses import dataclass
from math import ceil
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Some seconds of load; such seconds add up.

    Attributes:
        seconds: how long.
        cpu_seconds: processor time of all the server's processes.
        latencies: seconds of each request.
        reconnected: how often the server had closed a connection.
    """

    seconds: float
    cpu_seconds: float
    latencies: tuple[float, ...]
    reconnected: int = 0

    def __add__(self, other: Self) -> Self:
        """Both, as if in one go."""
        return type(self)(
            seconds=self.seconds + other.seconds,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            latencies=self.latencies + other.latencies,
            reconnected=self.reconnected + other.reconnected,
        )

    @property
    def per_second(self) -> float:
        """Requests answered a second."""
        return len(self.latencies) / self.seconds

    @property
    def cpu_us(self) -> float:
        """Processor time of a request, microseconds."""
        return self.cpu_seconds / len(self.latencies) * 1e6

    def percentile_ms(self, percent: float) -> float:
        """Latency that so many percent of the requests did not exceed, ms."""
        ordered = sorted(self.latencies)
        return ordered[ceil(len(ordered) * percent / 100) - 1] * 1e3
