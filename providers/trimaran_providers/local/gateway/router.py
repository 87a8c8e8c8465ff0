"""Which release answers a request: weights over pools of servers, and what each answered."""

import time
from dataclasses import dataclass, field

from trimaran_providers.local.gateway.pool import ReplicaPool
from trimaran_providers.local.gateway.traffic import Tally, TrafficWindow

WINDOW_SECONDS = 300.0


@dataclass(slots=True, eq=False)
class Share:
    """A pool's part of the traffic."""

    pool: ReplicaPool
    weight: int
    """Percent."""
    credit: float = 0.0
    tally: Tally = field(default_factory=Tally)
    """What it answered since the weights began to move."""


class Router:
    """Splits traffic over pools by weight, exactly rather than at random."""

    def __init__(self) -> None:
        self._shares: list[Share] = []
        self._window = TrafficWindow(WINDOW_SECONDS)
        self.last_request_at: float | None = None
        """Time of the newest prediction request, seconds since the epoch."""

    @property
    def shares(self) -> tuple[Share, ...]:
        """Pools with their weights."""
        return tuple(self._shares)

    def pools(self) -> list[ReplicaPool]:
        """Pools that get traffic."""
        return [share.pool for share in self._shares if share.weight]

    def set_weights(self, *weights: tuple[ReplicaPool, int]) -> None:
        """Split traffic anew, percent; pools that stay keep their tallies."""
        known = {id(share.pool): share for share in self._shares}
        shares = []
        for pool, weight in weights:
            share = known.get(id(pool)) or Share(pool, weight)
            share.weight = weight
            shares.append(share)
        self._shares = shares

    def reset_tallies(self) -> None:
        """Count anew what each pool answers."""
        for share in self._shares:
            share.tally = Tally()

    def tally_of(self, pool: ReplicaPool) -> Tally:
        """What a pool answered since the tallies were reset."""
        return next((s.tally for s in self._shares if s.pool is pool), Tally())

    def choose(self, avoid: ReplicaPool | None = None) -> Share | None:
        """The pool for the next request; None: there is none.

        Smooth weighted round robin: of any hundred requests in a row, each pool gets its weight.

        Args:
            avoid: a pool that just failed the request; taken only when there is no other.
        """
        candidates = [s for s in self._shares if s.weight and s.pool is not avoid]
        candidates = candidates or [s for s in self._shares if s.weight]
        if not candidates:
            return None
        for share in candidates:
            share.credit += share.weight
        best = max(candidates, key=lambda share: share.credit)
        best.credit -= sum(share.weight for share in candidates)
        return best

    def record(self, share: Share | None, code: int, latency_ms: float) -> None:
        """Count an answer to a prediction request; `share` None: no pool was there to answer."""
        self.last_request_at = time.time()
        self._window.add(time.monotonic(), code, latency_ms)
        if share is not None:
            share.tally.add(code, latency_ms)

    def window(self) -> Tally:
        """Everything answered in the last five minutes."""
        return self._window.total(time.monotonic())
