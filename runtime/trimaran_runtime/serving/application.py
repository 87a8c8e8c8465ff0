"""The server without its socket: a request in, a response out."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import orjson

from trimaran_runtime.serving.access import Access
from trimaran_runtime.serving.capture import Captured
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.message import Headers, Refusal, Response
from trimaran_runtime.serving.metrics import CONTENT_TYPE, ServerMetrics
from trimaran_runtime.serving.service import Service
from trimaran_runtime.serving.traffic import Traffic, Variant

LOG = logging.getLogger(__name__)
REQUEST_ID = "x-request-id"
_REQUEST_IDS = (REQUEST_ID, "x-amzn-sagemaker-inference-id", "x-ms-client-request-id")
"""Headers that may carry the caller's own id of a request, the first that is there counts."""
LIVE_TEST = "x-trimaran-live-test"
"""Header of a request that tests the server: answered as any other, never recorded as traffic."""
RELEASE = "x-trimaran-release"
"""Header of answers: the digits of the release's id that people see."""
_MAX_ID = 128
_Handler = Callable[[Headers, bytes, str], Awaitable[Response]]


class Application:
    """Answers requests; holds no socket and reads no clock of the transport.

    Args:
        config: the server's configuration.
        environ: environment variables; Vertex AI names further routes in them. None: of the
            process.
    """

    def __init__(self, config: ServerConfig, environ: dict[str, str] | None = None) -> None:
        environ = dict(os.environ) if environ is None else environ
        self._limits = config.limits
        self._max_body = int(config.limits.max_body_mib * (1 << 20))
        self._access = Access(config.access) if config.access else None
        self._traffic: Traffic | None = None
        self._shadows: set[asyncio.Task[None]] = set()
        self.metrics = ServerMetrics()
        self.is_draining = False
        self.in_flight = 0
        self._routes: dict[str, tuple[str, _Handler]] = {
            "/": ("GET", self._live),
            "/ping": ("GET", self._ping),
            "/metrics": ("GET", self._metrics),
            "/openapi.json": ("GET", self._openapi),
            "/invocations": ("POST", self._invocations),
            "/score": ("POST", self._invocations),
        }
        self._open = {"/", "/ping", environ.get("AIP_HEALTH_ROUTE")}
        """Health, which platforms ask about without credentials."""
        if route := environ.get("AIP_HEALTH_ROUTE"):
            self._routes[route] = ("GET", self._ping)
        if route := environ.get("AIP_PREDICT_ROUTE"):
            self._routes[route] = ("POST", self._invocations)

    @property
    def max_body(self) -> int:
        """Largest request body, bytes."""
        return self._max_body

    @property
    def timeout_seconds(self) -> float:
        """Longest time one request may take, body included."""
        return self._limits.timeout_seconds

    def serve(self, traffic: Traffic) -> None:
        """Answer predictions from now on; requests that are being answered go on as they are."""
        self._traffic = traffic

    def refuse(self, method: str, path: str, headers: Headers) -> Response | None:
        """The answer to a request that is not worth reading the body of; None: it is."""
        length = headers.get("content-length")
        try:
            if path not in self._routes:
                routes = ", ".join(sorted(self._routes))
                raise Refusal(404, "no such route", where="path", given=path, allowed=routes)
            allowed = self._routes[path][0]
            if method != allowed and (method, allowed) != ("HEAD", "GET"):
                raise Refusal(
                    405,
                    "this route does not take that method",
                    where="method",
                    given=method,
                    allowed=allowed,
                    headers={"allow": allowed},
                )
            if self._access is not None and path not in self._open:
                self._access.check(headers)
            if length is not None and length.isdecimal() and int(length) > self._max_body:
                raise self.too_large(int(length))
        except Refusal as refusal:
            return self.refused(refusal, path, request_id(headers))
        return None

    def refused(self, refusal: Refusal, path: str, identifier: str) -> Response:
        """The answer to a request that was refused before it was handled."""
        self._count(path, refusal.status)
        return self._closed(refusal.response(), identifier)

    def too_large(self, size: int) -> Refusal:
        """The refusal of a body of at least that size, bytes."""
        return Refusal(
            413,
            "the body is too large",
            where="body",
            given=size,
            allowed=f"at most {self._max_body} bytes",
        )

    async def handle(self, method: str, path: str, headers: Headers, body: bytes) -> Response:
        """Answer a request; raises nothing."""
        return self.refuse(method, path, headers) or await self.answer(path, headers, body)

    async def answer(self, path: str, headers: Headers, body: bytes) -> Response:
        """Answer a request that `refuse` let pass; raises nothing."""
        identifier = request_id(headers)
        self.in_flight += 1
        try:
            response = await self._routes[path][1](headers, body, identifier)
        except Refusal as refusal:
            response = refusal.response()
        except Exception:  # noqa: BLE001 - logged under an error id
            response = failure("the request failed")
        finally:
            self.in_flight -= 1
        self._count(path, response.status)
        return self._closed(response, identifier)

    async def _invocations(self, headers: Headers, body: bytes, identifier: str) -> Response:
        traffic = self._ready()
        with traffic.choose(headers, identifier).answering() as service:
            response = await self._predicted(service, headers, body, identifier)
        shadow = traffic.shadowing(identifier)
        if shadow is not None and headers.get(LIVE_TEST) is None:
            self._mirror(shadow, headers, body, identifier)
        return response

    async def _predicted(
        self, service: Service, headers: Headers, body: bytes, identifier: str
    ) -> Response:
        started, arrived = time.perf_counter(), time.time()
        rows = service.reader.read(headers.get("content-type"), body)
        try:
            async with asyncio.timeout(self.timeout_seconds):
                predictions = await service.batcher.submit(rows.values, rows.count)
        except TimeoutError:
            raise Refusal(
                503,
                f"no prediction within {self.timeout_seconds:g} s",
                headers={"retry-after": "1"},
            ) from None
        except Refusal:
            raise
        except Exception:  # noqa: BLE001 - logged under an error id
            service.metrics.failed()
            return failure("the model failed on this request")
        answers = service.predictor.rendered(predictions, every_class=rows.every_class)
        content = orjson.dumps({"predictions": answers, "release": service.short_id})
        seconds = time.perf_counter() - started
        service.metrics.predicted(seconds, rows.count)
        if service.capture is not None and headers.get(LIVE_TEST) is None:
            service.capture.offer(
                Captured(arrived, identifier, rows.raw, answers, seconds * 1e3, len(body))
            )
        return Response(200, content, headers={RELEASE: service.short_id})

    def _mirror(self, shadow: Variant, headers: Headers, body: bytes, identifier: str) -> None:
        """Ask the shadow too, when this request has been answered."""
        # Of the headers only the type of the body counts; the transport may reuse the others.
        kept = {"content-type": headers.get("content-type")}
        task = asyncio.get_running_loop().create_task(
            self._shadowed(shadow, kept, body, identifier)
        )
        self._shadows.add(task)
        task.add_done_callback(self._shadows.discard)

    async def _shadowed(
        self, shadow: Variant, headers: Headers, body: bytes, identifier: str
    ) -> None:
        with shadow.answering() as service:
            try:
                await self._predicted(service, headers, body, identifier)
            except Refusal:
                # Its signature may be another, or it is too slow: nobody waits for its answer.
                service.metrics.failed()

    async def _ping(self, headers: Headers, body: bytes, identifier: str) -> Response:
        if self.is_draining:
            raise Refusal(503, "draining")
        traffic = self._ready()
        told: dict[str, Any] = {"status": "serving", "release": traffic.main.service.short_id}
        if len(traffic.loaded) > 1:
            told["variants"] = {each.name: each.service.short_id for each in traffic.loaded}
        return Response.json(200, told)

    async def _live(self, headers: Headers, body: bytes, identifier: str) -> Response:
        return Response.json(200, {"status": "alive"})

    async def _metrics(self, headers: Headers, body: bytes, identifier: str) -> Response:
        return Response(200, self.metrics.render(self.in_flight - 1), CONTENT_TYPE)

    async def _openapi(self, headers: Headers, body: bytes, identifier: str) -> Response:
        return Response(200, self._ready().main.service.openapi)

    def _ready(self) -> Traffic:
        if self._traffic is None:
            raise Refusal(503, "the release is being loaded", headers={"retry-after": "1"})
        return self._traffic

    def _count(self, path: str, code: int) -> None:
        # Unknown paths share a label: a scanner must not make a time series each.
        self.metrics.answered(path if path in self._routes else "other", code)

    def _closed(self, response: Response, identifier: str) -> Response:
        headers = {**response.headers, REQUEST_ID: identifier}
        if self.is_draining:
            # Kept-alive connections would hold up the end, and lose the request after it.
            headers["connection"] = "close"
        return Response(response.status, response.body, response.content_type, headers)


def request_id(headers: Headers) -> str:
    """The caller's id of a request, or a new one when it gave none that can be passed on."""
    for name in _REQUEST_IDS:
        given: Any = headers.get(name)
        usable = isinstance(given, str) and given.isprintable() and given.isascii()
        if usable and 0 < len(given) <= _MAX_ID:
            return str(given)
    return uuid4().hex


def failure(error: str) -> Response:
    """A 500 with an id under which the log has the exception being handled; nothing else."""
    error_id = uuid4().hex[:12]
    LOG.exception("error %s: %s", error_id, error)
    return Response.json(500, {"error": error, "error_id": error_id})
