"""Follows the production channel: what it points at is rolled out, or rolled back and let be."""

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import obstore
import obstore.exceptions

from trimaran_providers.contract.errors import TrimaranError
from trimaran_providers.local.gateway import server_key
from trimaran_providers.local.gateway.definition import EndpointDefinition
from trimaran_providers.local.gateway.nursery import Nursery
from trimaran_providers.local.gateway.pool import ReplicaPool
from trimaran_providers.local.gateway.process import LOG as LOG_FILE
from trimaran_providers.local.gateway.replica import ServerCommand, Variant
from trimaran_providers.local.gateway.rollout import Rollout
from trimaran_providers.local.gateway.router import Router
from trimaran_providers.local.gateway.status import GatewayStatus, Outcome, Phase, RolloutRecord
from trimaran_providers.project.code import unpack_code
from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.registry.channels import Channel, Pointer, current
from trimaran_runtime.registry.release import SHORT, Release, read_release
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.storage.store import Store

LOG = logging.getLogger(__name__)
_KEPT_ROLLOUTS = 50


@dataclass(frozen=True, slots=True)
class Target:
    """What shall serve: a release, and how its servers are configured."""

    number: int
    """Number of the channel's record; a new record is a new chance for a refused release."""
    variant: Variant


class Controller:
    """Brings the servers to what the production channel and the definition say.

    Args:
        directory: the endpoint's folder.
        definition: the endpoint's definition.
        router: whose weights it sets.
        before: status that an earlier gateway left; None: there is none.
        on_change: called when anything of its state has changed.
    """

    def __init__(
        self,
        directory: Path,
        definition: EndpointDefinition,
        router: Router,
        before: GatewayStatus | None,
        on_change: Callable[[], None],
    ) -> None:
        self._directory, self._router, self._on_change = directory, router, on_change
        self.definition = definition
        self._serving: ReplicaPool | None = None
        self._coming: Target | None = None
        self._settled: Target | None = None
        self._rollout: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self.rollouts: tuple[RolloutRecord, ...] = before.rollouts if before else ()
        self.production: Pointer | None = None
        self.phase, self.error = Phase.waiting, ""
        self.store_error = ""
        self._stepping = asyncio.Lock()
        self._survivor = _survivor(before)
        for folder in ("servers", "code"):
            shutil.rmtree(directory / folder, ignore_errors=True)
            (directory / folder).mkdir()
        self._nursery = Nursery(directory / LOG_FILE)

    @property
    def pools(self) -> list[ReplicaPool]:
        """Pools that get traffic."""
        return self._router.pools()

    async def open(self) -> None:
        """Get ready to start servers."""
        await self._nursery.open()

    def follow(self, definition: EndpointDefinition) -> None:
        """Take over another definition; also a new chance for a refused release."""
        self.definition = definition
        self._settled = None
        self._survivor = None
        for pool in self.pools:
            pool.follow(definition)

    async def step(self) -> None:
        """Look at the channel once, and begin what is to be done; returns soon."""
        async with self._stepping:
            await self._step()

    async def _step(self) -> None:
        try:
            pointer = await asyncio.to_thread(_production, self.definition.store_uri)
        except (RuntimeFault, obstore.exceptions.BaseError, OSError) as exc:
            # What serves goes on serving.
            self._tell_store_error(f"the store cannot be read: {exc}")
            return
        self._tell_store_error("")
        self.production = pointer
        if pointer is None:
            return
        target = Target(pointer.number, self._variant(pointer.release))
        if target in (self._coming, self._settled):
            return
        await self._abandon()
        if self._serving is not None and self._serving.variant == target.variant:
            self._settled = target
            self._say(Phase.serving, "")
            return
        self._coming = target
        self._rollout = asyncio.create_task(self._roll_out(target))

    def scale(self) -> None:
        """Start or stop servers as the load asks for."""
        for pool in self.pools:
            pool.scale()

    async def close(self) -> None:
        """End every server; requests in flight are answered first."""
        await self._abandon()
        if self._serving is not None:
            self._retire(self._serving)
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._nursery.close()

    async def _abandon(self) -> None:
        """Give up the rollout that is under way, if any."""
        task, self._rollout = self._rollout, None
        if task is not None and not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._coming = None

    async def _roll_out(self, target: Target) -> None:
        if self._serving is None and await self._restored(target):
            return
        self._say(Phase.rolling_out if self._serving else Phase.starting, "")
        started, pool, requests = datetime.now(UTC), None, 0
        try:
            release = await asyncio.to_thread(self._read, target.variant.release)
            pool = await self._pool(target.variant, release)
            requests = await self._rollout_of(pool, release).run()
        except Exception as exc:
            # Whatever a release does wrong before it serves, the one before goes on serving.
            LOG.exception("release %s cannot be rolled out", target.variant.release[:SHORT])
            known = isinstance(exc, RuntimeFault | TrimaranError)
            reason = str(exc) if known else f"{type(exc).__name__}: {exc}"
            outcome = Outcome.rolled_back if self._serving else Outcome.failed
            self._fail(target, pool, started, outcome, reason)
        except asyncio.CancelledError:
            self._record(target, started, Outcome.superseded, "the endpoint was changed meanwhile")
            if pool is not None:
                self._retire(pool)
            raise
        else:
            self._succeed(target, pool, started, requests)

    def _succeed(self, target: Target, pool: ReplicaPool, started: datetime, requests: int) -> None:
        self._record(target, started, Outcome.succeeded, "", requests)
        old, self._serving = self._serving, pool
        self._settled, self._coming = target, None
        if old is not None:
            self._retire(old)
        self._say(Phase.serving, "")

    def _fail(
        self,
        target: Target,
        pool: ReplicaPool | None,
        started: datetime,
        outcome: Outcome,
        reason: str,
    ) -> None:
        requests = self._router.tally_of(pool).requests if pool else 0
        self._record(target, started, outcome, reason, requests)
        if pool is not None:
            self._retire(pool)
        self._settled, self._coming = target, None
        rolled_back = outcome is Outcome.rolled_back
        self._say(Phase.rolled_back if rolled_back else Phase.failed, reason)

    async def _restored(self, target: Target) -> bool:
        """After a restart: serve again what an earlier gateway had gone back to."""
        survivor, self._survivor = self._survivor, None
        if survivor is None or (survivor.release, survivor.number) != (
            target.variant.release,
            target.number,
        ):
            return False
        self._say(Phase.starting, survivor.reason)
        pool = None
        try:
            release = await asyncio.to_thread(self._read, survivor.previous or "")
            pool = await self._pool(self._variant(release.id), release)
            await self._rollout_of(pool, release).run()
        except Exception:
            LOG.exception("the release before cannot be served again")
            if pool is not None:
                self._retire(pool)
            return False
        self._serving = pool
        self._settled, self._coming = target, None
        self._say(Phase.rolled_back, survivor.reason)
        return True

    def _rollout_of(self, pool: ReplicaPool, release: Release) -> Rollout:
        return Rollout(
            router=self._router,
            old=self._serving,
            new=pool,
            release=release,
            definition=self.definition,
            on_change=self._on_change,
        )

    def _record(
        self, target: Target, started: datetime, outcome: Outcome, reason: str, requests: int = 0
    ) -> None:
        record = RolloutRecord(
            release=target.variant.release,
            number=target.number,
            previous=self._serving.release if self._serving else None,
            started=started,
            finished=datetime.now(UTC),
            outcome=outcome,
            reason=reason,
            requests=requests,
        )
        self.rollouts = (*self.rollouts, record)[-_KEPT_ROLLOUTS:]
        LOG.info("release %s: %s %s", target.variant.release[:SHORT], outcome, reason)

    def _say(self, phase: Phase, error: str) -> None:
        if (phase, error) != (self.phase, self.error):
            self.phase, self.error = phase, error
            self._on_change()

    def _tell_store_error(self, error: str) -> None:
        if error != self.store_error:
            self.store_error = error
            LOG.warning("%s", error or "the store can be read again")
            self._on_change()

    def _retire(self, pool: ReplicaPool) -> None:
        """Drain and end a pool's servers in the background."""
        task = asyncio.create_task(pool.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _variant(self, release_id: str) -> Variant:
        config = ServerConfig(
            endpoint=self.definition.name,
            capture=self.definition.capture,
            limits=self.definition.limits,
            lowered=self.definition.lowered,
            device=self.definition.device,
            explanations=self.definition.explanations,
            # Callers are let in by the gateway, and servers let in the gateway alone.
            access=server_key.ACCESS if self.definition.access else None,
            signing=self.definition.signing,
            # Nobody is routed to a server that is told to end: it need not wait for routers.
            drain_seconds=0,
        )
        return Variant(release=release_id, config=config.model_dump_json().encode())

    def _read(self, release_id: str) -> Release:
        return read_release(Store(self.definition.store_uri), release_id)

    async def _pool(self, variant: Variant, release: Release) -> ReplicaPool:
        code = None
        if self.definition.with_code:
            code = await asyncio.to_thread(self._unpacked, release.lineage.code)
        command = ServerCommand(
            store_uri=self.definition.store_uri,
            variant=variant,
            folder=self._directory / "servers",
            code=code,
            nursery=self._nursery,
        )
        pool = ReplicaPool(command, self.definition)
        pool.on_change = self._on_change
        return pool

    def _unpacked(self, digest: str) -> Path:
        """Folder of a code bundle; unpacked beside and renamed, so that it is whole or absent."""
        folder = self._directory / "code" / digest.rpartition(":")[2][:SHORT]
        if not folder.is_dir():
            content = Store(self.definition.store_uri).read_blob(digest)
            part = folder.with_name(f".{folder.name}-{os.getpid()}")
            unpack_code(content, part)
            part.rename(folder)
        return folder


def _production(store_uri: str) -> Pointer | None:
    return current(Store(store_uri), Channel.production)


def _survivor(before: GatewayStatus | None) -> RolloutRecord | None:
    """The rollout that an earlier gateway had gone back from; None: it had not."""
    finished = [r for r in before.rollouts if r.outcome != Outcome.superseded] if before else []
    if not finished or finished[-1].outcome is not Outcome.rolled_back:
        return None
    return finished[-1] if finished[-1].previous else None
