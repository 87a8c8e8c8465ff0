"""The HTTP side of a gateway: forwards requests to servers, and answers for itself."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from aiohttp import web

from trimaran_providers.local.gateway import server_key
from trimaran_providers.local.gateway.definition import EndpointDefinition
from trimaran_providers.local.gateway.guard import Guard
from trimaran_providers.local.gateway.metrics import CONTENT_TYPE, GatewayMetrics
from trimaran_providers.local.gateway.pool import PoolClosed
from trimaran_providers.local.gateway.replica import Replica
from trimaran_providers.local.gateway.router import Router, Share
from trimaran_providers.local.gateway.status import GatewayStatus, Phase
from trimaran_runtime.registry.release import SHORT

LOG = logging.getLogger(__name__)
_OURS = "x-trimaran-"
"""Headers between gateway and server; a caller cannot set them."""
RELEASE = f"{_OURS}release"
_HEALTH = frozenset({"/", "/ping"})
"""What is answered to everyone."""
PREDICT = frozenset({"/invocations", "/score"})
_BODY_SECONDS = 10.0
_KEEP_SECONDS = 3.0
"""Idle time after which a connection to a server is dropped: less than the five seconds after
which the server drops it, or the two would collide."""
_HOP = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that belong to one connection (RFC 9110, 7.6.1), or are set anew."""
_GONE = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)
_ATTEMPTS = 2
"""Servers that may end while they answer one request, before the request is held to be why."""
_AGAIN_SECONDS = 0.05
_DYING_SECONDS = 2.0
"""A killed server takes connections until the kernel has closed its socket: what goes wrong with
the same server so soon after the first time is the same death."""
_WAITING = "no approved release yet"


class Proxy:
    """Answers every request to the endpoint.

    Args:
        router: which server answers.
        metrics: counters.
        definition: the endpoint's definition now.
        status: the gateway's status now.
    """

    def __init__(
        self,
        router: Router,
        metrics: GatewayMetrics,
        definition: Callable[[], EndpointDefinition],
        status: Callable[[], GatewayStatus],
    ) -> None:
        self._router, self._metrics = router, metrics
        self._definition, self._status = definition, status
        self._guard = Guard(definition)
        self._session: aiohttp.ClientSession | None = None
        self._second_session: aiohttp.ClientSession | None = None
        self.in_flight = 0
        self.is_draining = False

    async def open(self) -> None:
        """Open the connections to the servers."""
        self._session = _session(keepalive_timeout=_KEEP_SECONDS)
        # A second attempt takes no idle connection, which may lead to the same dead server.
        self._second_session = _session(force_close=True)

    async def close(self) -> None:
        """Close the connections to the servers."""
        for session in (self._session, self._second_session):
            if session is not None:
                await session.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        self.in_flight += 1
        try:
            response = await self._answer(request)
        finally:
            self.in_flight -= 1
        if self.is_draining:
            response.force_close()
        return response

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.path not in _HEALTH and (refusal := self._guard.refusal(request)):
            return refusal
        match request.path:
            case "/":
                return web.json_response({"status": "alive", "endpoint": self._definition().name})
            case "/ping":
                return self._ping()
            case "/metrics":
                content = self._metrics.render(self._status(), self.in_flight - 1)
                return web.Response(body=content, headers={"content-type": CONTENT_TYPE})
            case path if path in PREDICT and request.method == "POST":
                return await self._predict(request)
            case _:
                return await self._pass_on(request)

    def _ping(self) -> web.Response:
        status = self._status()
        body: dict[str, Any] = {"status": status.phase, "releases": status.weights}
        if status.phase is Phase.waiting:
            body["error"] = _WAITING
        elif status.error:
            body["error"] = status.error
        serves = bool(status.weights) and not self.is_draining
        return web.json_response(body, status=200 if serves else 503)

    async def _predict(self, request: web.BaseRequest) -> web.Response:
        started = time.perf_counter()
        share, response = await self._forward(request)
        seconds = time.perf_counter() - started
        # While nothing was ever approved there is no service that could fail.
        if share is not None or self._status().phase is not Phase.waiting:
            self._router.record(share, response.status, seconds * 1e3)
        self._metrics.answered(share.pool.release if share else "", response.status, seconds)
        return response

    async def _pass_on(self, request: web.BaseRequest) -> web.Response:
        return (await self._forward(request))[1]

    async def _forward(self, request: web.BaseRequest) -> tuple[Share | None, web.Response]:
        limits = self._definition().limits
        share = self._router.choose()
        if share is None:
            return None, self._unavailable()
        try:
            body = await _body(request, int(limits.max_body_mib * (1 << 20)))
        except web.HTTPException as exc:
            return share, _error(exc.status, exc.text or exc.reason)
        try:
            async with asyncio.timeout(limits.timeout_seconds):
                return await self._send(request, body, share)
        except TimeoutError:
            return share, _error(504, f"no answer within {limits.timeout_seconds:g} s")

    async def _send(
        self, request: web.BaseRequest, body: bytes, share: Share
    ) -> tuple[Share, web.Response]:
        deaths = Deaths()
        while True:
            try:
                replica = await share.pool.acquire()
            except PoolClosed:
                share = await self._another(share)
                continue
            session = self._second_session if deaths.count else self._session
            try:
                return share, await self._attempt(session, request, body, replica, share)
            except aiohttp.ClientConnectorError:
                LOG.debug("a server ended before the request was sent")
            except _GONE as exc:
                if deaths.note(replica):
                    # A prediction changes nothing, so asking twice does no harm.
                    LOG.info("a server went away during a request, which is sent again: %r", exc)
                    self._metrics.retried()
                if deaths.count == _ATTEMPTS:
                    error = f"{_ATTEMPTS} servers went away while they answered this request"
                    return share, _error(502, error)
            finally:
                share.pool.give_back(replica)
            share = await self._another(share)

    async def _another(self, share: Share) -> Share:
        """Who is asked next; a server that ended is started again meanwhile."""
        await asyncio.sleep(_AGAIN_SECONDS)
        return self._router.choose(avoid=share.pool) or share

    async def _attempt(
        self,
        session: aiohttp.ClientSession | None,
        request: web.BaseRequest,
        body: bytes,
        replica: Replica,
        share: Share,
    ) -> web.Response:
        if session is None:
            raise RuntimeError("the proxy is not open")
        given = _passed(request.headers)
        async with session.request(
            request.method,
            f"http://127.0.0.1:{replica.port}{request.path_qs}",
            data=body,
            headers={**_without_ours(given), **server_key.HEADERS},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(),
        ) as answer:
            content = await answer.read()
        headers = _passed(answer.headers)
        headers[RELEASE] = share.pool.release[:SHORT]
        return web.Response(status=answer.status, body=content, headers=headers)

    def _unavailable(self) -> web.Response:
        status = self._status()
        error = _WAITING if status.phase is Phase.waiting else status.error or "starting"
        return _error(503, error, status=status.phase)


class Deaths:
    """Servers that went away while they answered one request.

    Attributes:
        count: how many did.
    """

    def __init__(self) -> None:
        self.count = 0
        self._seen_at: dict[Replica, float] = {}

    def note(self, replica: Replica) -> bool:
        """Note that a server went away; whether that is more than the end of a death noted."""
        now = time.monotonic()
        is_new = now - self._seen_at.get(replica, float("-inf")) > _DYING_SECONDS
        if is_new:
            self._seen_at[replica] = now
            self.count += 1
        return is_new


def _without_ours(headers: Mapping[str, str]) -> dict[str, str]:
    """A caller's headers without those that are between gateway and server."""
    return {
        name: value
        for name, value in headers.items()
        if not name.lower().startswith(_OURS) and name.lower() not in server_key.REPLACED
    }


def _session(**connector: Any) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, **connector),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def _body(request: web.BaseRequest, limit: int) -> bytes:
    """The body, counted while it arrives."""
    if (request.content_length or 0) > limit:
        raise _too_large(request.content_length or 0, limit)
    received = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.content.iter_any():
                received += chunk
                if len(received) > limit:
                    raise _too_large(len(received), limit)
    except TimeoutError:
        text = f"the body did not arrive within {_BODY_SECONDS:g} s"
        raise web.HTTPRequestTimeout(text=text) from None
    return bytes(received)


def _too_large(size: int, limit: int) -> web.HTTPRequestEntityTooLarge:
    text = f"the body is too large: {size} bytes, at most {limit}"
    return web.HTTPRequestEntityTooLarge(limit, size, text=text)


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP}


def _error(code: int, error: str, **more: str) -> web.Response:
    headers = {"retry-after": "1"} if code == 503 else {}
    response = web.json_response({"error": error, **more}, status=code, headers=headers)
    if code in {408, 413}:
        response.force_close()  # the rest of the body is not read
    return response
