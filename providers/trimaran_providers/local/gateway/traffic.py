"""Counts and latencies of answered requests, over a sliding window or since a moment."""

import math
from collections import Counter, deque
from dataclasses import dataclass, field

_SMALLEST_MS = 0.1
_WIDTH = math.log(1.05)
"""Latencies are counted in classes 5 % wide: a quantile is known to that."""


@dataclass(slots=True)
class Tally:
    """Answered requests."""

    requests: int = 0
    errors: int = 0
    """Answers with status 5xx."""
    classes: Counter[int] = field(default_factory=Counter)
    """Requests by class of latency."""

    def add(self, code: int, latency_ms: float) -> None:
        """Count one answer."""
        self.requests += 1
        self.errors += code >= 500
        self.classes[_class_of(latency_ms)] += 1

    def merge(self, other: "Tally") -> None:
        """Count another tally's answers too."""
        self.requests += other.requests
        self.errors += other.errors
        self.classes.update(other.classes)

    def quantile_ms(self, share: float) -> float | None:
        """Latency that `share` (0 to 1) of the requests stay below, ms; None without requests."""
        if not self.requests:
            return None
        rank, seen = share * self.requests, 0
        for index in sorted(self.classes):
            seen += self.classes[index]
            if seen >= rank:
                break
        return _SMALLEST_MS * math.exp((index + 1) * _WIDTH)

    def slower_than(self, limit_ms: float) -> int:
        """Requests that took surely longer than a limit, ms."""
        first = _class_of(limit_ms) + 1
        return sum(count for index, count in self.classes.items() if index >= first)


class TrafficWindow:
    """Answered requests of the last seconds.

    Args:
        seconds: length of the window.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._slots: deque[tuple[int, Tally]] = deque()

    def add(self, now: float, code: int, latency_ms: float) -> None:
        """Count one answer at a time (seconds of any clock that does not go back)."""
        second = int(now)
        if not self._slots or self._slots[-1][0] != second:
            self._forget(now)
            self._slots.append((second, Tally()))
        self._slots[-1][1].add(code, latency_ms)

    def total(self, now: float) -> Tally:
        """Everything in the window."""
        self._forget(now)
        total = Tally()
        for _, tally in self._slots:
            total.merge(tally)
        return total

    def _forget(self, now: float) -> None:
        while self._slots and self._slots[0][0] < now - self._seconds:
            self._slots.popleft()


def _class_of(latency_ms: float) -> int:
    return max(0, int(math.log(max(latency_ms, _SMALLEST_MS) / _SMALLEST_MS) / _WIDTH))
