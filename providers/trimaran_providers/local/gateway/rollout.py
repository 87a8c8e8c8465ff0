"""One rollout: a new release is started, tested, given traffic step by step, and watched."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.contract.spec.endpoint import Strategy
from trimaran_providers.local.gateway import server_key
from trimaran_providers.local.gateway.definition import EndpointDefinition, RolloutDefinition
from trimaran_providers.local.gateway.judgement import reason_to_roll_back
from trimaran_providers.local.gateway.pool import ReplicaPool
from trimaran_providers.local.gateway.router import Router
from trimaran_runtime.registry.release import Release
from trimaran_runtime.serving.exchange import LIVE_TEST
from trimaran_runtime.serving.openapi import example_row

_LOOK_SECONDS = 0.25
_TEST_SECONDS = 30.0


class RolledBack(ResourceError):
    """The new release was found wanting; traffic is where it was before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """Moves traffic from one pool to another.

    Attributes:
        router: whose weights move.
        old: what serves now; None: nothing.
        new: not started yet; closed again when it is found wanting.
        release: the new release.
        definition: the endpoint's definition.
        on_change: called when weights have moved.
    """

    router: Router
    old: ReplicaPool | None
    new: ReplicaPool
    release: Release
    definition: EndpointDefinition
    on_change: Callable[[], None]

    async def run(self) -> int:
        """Carry it through; returns how many requests the new release was judged on.

        Raises:
            RolledBack: the new release does not start, fails the live test, crashes, or answers
                worse than the old one.
        """
        try:
            await self._start()
            await self._shift()
        except BaseException:
            # Also when it is superseded: the old release must have all traffic again.
            self._weights(0)
            raise
        return self.router.tally_of(self.new).requests

    async def _start(self) -> None:
        count = max(self.definition.replicas_min, self.old.ready if self.old else 0, 1)
        try:
            await self.new.start(min(count, self.definition.replicas_max))
            await self._live_test()
        except (ResourceError, aiohttp.ClientError, TimeoutError) as exc:
            raise RolledBack(str(exc) or type(exc).__name__) from exc

    async def _live_test(self) -> None:
        """One real prediction, of the signature's own example, before any traffic."""
        replica = await self.new.acquire()
        body = {"instances": [example_row(self.release)]}
        timeout = aiohttp.ClientTimeout(_TEST_SECONDS)
        headers = {LIVE_TEST: "1", **server_key.HEADERS}
        try:
            async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
                url = f"http://127.0.0.1:{replica.port}/invocations"
                async with session.post(url, json=body) as answer:
                    text = await answer.text()
        finally:
            self.new.give_back(replica)
        if answer.status != 200:
            raise RolledBack(f"the live test was answered {answer.status}: {text[:200]}")

    async def _shift(self) -> None:
        rollout = self.definition.rollout
        # The same release with another configuration is no new release to be watched.
        is_new = self.old is not None and self.old.release != self.new.release
        steps = shares(rollout, self.new.ready) if is_new else (100,)
        self.router.reset_tallies()
        for share in steps:
            self._weights(share)
            if share < 100:
                await self._bake(rollout)

    async def _bake(self, rollout: RolloutDefinition) -> None:
        end = time.monotonic() + rollout.bake_seconds
        while True:
            if self.new.crashes:
                raise RolledBack(self.new.error or "its server crashed")
            if self.old is not None and (reason := self._reason(self.old)):
                raise RolledBack(reason)
            left = end - time.monotonic()
            if left <= 0:
                return
            await asyncio.sleep(min(_LOOK_SECONDS, left))

    def _reason(self, old: ReplicaPool) -> str:
        tallies = self.router.tally_of(self.new), self.router.tally_of(old)
        return reason_to_roll_back(*tallies, self.definition.rollout)

    def _weights(self, share: int) -> None:
        if self.old is None:
            self.router.set_weights(*([(self.new, share)] if share else []))
        elif share == 100:
            self.router.set_weights((self.new, 100))
        elif share == 0:
            self.router.set_weights((self.old, 100))
        else:
            self.router.set_weights((self.old, 100 - share), (self.new, share))
        self.on_change()


def shares(rollout: RolloutDefinition, replicas: int) -> tuple[int, ...]:
    """Shares of traffic on the new release, percent, one after the other."""
    match rollout.strategy:
        case Strategy.all_at_once:
            return (100,)
        case Strategy.rolling:
            # One server's worth at a time.
            return tuple(max(1, 100 * done // replicas) for done in range(1, replicas + 1))
        case _:
            return rollout.steps
