"""The server without its socket: a request in, a response out."""

import logging
import os
import time
from typing import Any
from uuid import uuid4

from trimaran_runtime.serving import correlation, exchange, openapi
from trimaran_runtime.serving.access import Access
from trimaran_runtime.serving.answers.answer import RELEASE_HEADER, Answer
from trimaran_runtime.serving.answers.encoder import Encoder
from trimaran_runtime.serving.answers.negotiation import DEFAULT_VARIABLE, Negotiation
from trimaran_runtime.serving.batch_transform import execution_parameters
from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.correlation import REQUEST_ID
from trimaran_runtime.serving.deadline import seconds_allowed
from trimaran_runtime.serving.docs_page import docs_page
from trimaran_runtime.serving.large_body import LARGE_BYTES, LARGE_ROWS, LargeBodies
from trimaran_runtime.serving.loop_lag import LoopLag
from trimaran_runtime.serving.message import Headers, Refusal, Response
from trimaran_runtime.serving.metrics import CONTENT_TYPE, ServerMetrics
from trimaran_runtime.serving.oip.protocol import InferenceProtocol
from trimaran_runtime.serving.routes import Routes
from trimaran_runtime.serving.rows import Rows
from trimaran_runtime.serving.service import Service
from trimaran_runtime.serving.sharing import Sharing
from trimaran_runtime.serving.time_limit import TimeLimits
from trimaran_runtime.serving.traffic import Traffic
from trimaran_runtime.serving.vertex import vertex_routes

LOG = logging.getLogger(__name__)
_CHUNKED = "transfer-encoding"
_HEALTH = ("/", "/ping", "/v2/health/live", "/v2/health/ready")
"""What platforms ask about without credentials."""


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
        self._max_lag = config.max_lag_seconds
        self.bodies = LargeBodies(int(config.limits.max_body_mib * (1 << 20)))
        self._negotiation = Negotiation(environ.get(DEFAULT_VARIABLE))
        self._access = Access(config.access) if config.access else None
        self._traffic: Traffic | None = None
        self._sharing = Sharing(self._ready)
        self._time_limits = TimeLimits()
        self.metrics = ServerMetrics()
        self._openapi = b""
        self.lag = LoopLag()
        self.is_draining = False
        self.in_flight = 0
        self._oip = InferenceProtocol(
            self._sharing, lambda: self.is_serving, config.limits, self.bodies
        )
        self._health, self._predict = vertex_routes(environ)
        self._open = {*_HEALTH, self._health}
        self._routes = self._table()

    def _table(self) -> Routes:
        routes = Routes()
        routes.add("GET", "/", self._live)
        routes.add("GET", "/ping", self._ping)
        routes.add("GET", "/metrics", self._metrics)
        routes.add("GET", "/openapi.json", self._openapi_json)
        routes.add("GET", "/swagger.json", self._openapi_json)
        routes.add("GET", "/docs", self._docs)
        routes.add("GET", "/execution-parameters", self._execution_parameters)
        routes.add("POST", "/invocations", self._invocations, predicts=True)
        routes.add("POST", "/score", self._invocations, predicts=True)
        self._oip.add_to(routes)
        if self._health is not None:
            routes.add("GET", self._health, self._ping)
        if self._predict is not None:
            routes.add("POST", self._predict, self._invocations, predicts=True)
        return routes

    def serve(self, traffic: Traffic) -> None:
        """Answer predictions from now on; requests that are being answered go on as they are."""
        aliases = [("/score", "/invocations"), ("/swagger.json", "/openapi.json")]
        aliases += [(self._health, "/ping")] if self._health is not None else []
        aliases += [(self._predict, "/invocations")] if self._predict is not None else []
        self._openapi = openapi.with_aliases(traffic.main.service.openapi, aliases)
        services = [variant.service for variant in traffic.loaded]
        self._oip.serve(services)
        self.metrics.serving(
            ((s.variant, s.release_id, s.release.model_name) for s in services),
            (s.told_execution for s in services),
        )
        self._traffic = traffic

    def begin(self, method: str, path: str, headers: Headers) -> Call | Response:
        """The call that a request makes, or the answer if its body is not worth reading."""
        arrived, started = time.time(), time.monotonic()
        given = correlation.given_id(headers)
        try:
            route, model, version = self._routes.find(method, path)
            call = Call(
                route=route,
                headers=headers,
                request_id=given or correlation.new_id(),
                is_named=given is not None,
                arrived=arrived,
                started=started,
                deadline=started + seconds_allowed(headers, self._limits.timeout_seconds),
                model=model,
                version=version,
                limits=self._time_limits,
            )
        except Refusal as refusal:
            self._count(self._routes.label(path), refusal.status)
            return self._closed(refusal.response(), given or correlation.new_id(), headers)
        try:
            if self._access is not None and route.label not in self._open:
                self._access.check(headers)
            length = headers.get("content-length")
            if length is not None and length.isdecimal() and int(length) > self.bodies.max_body:
                raise self.bodies.too_large(int(length))
            if route.predicts and self.lag.seconds > self._max_lag:
                raise self._late()
        except Refusal as refusal:
            return self.refused(refusal, call)
        return call

    def refused(self, refusal: Refusal, call: Call) -> Response:
        """The answer to a call that was refused before it was handled."""
        self._count(call.route.label, refusal.status)
        return self._closed(refusal.response(), call.request_id, call.headers)

    async def handle(self, method: str, path: str, headers: Headers, body: bytes) -> Response:
        """Answer a request; raises nothing."""
        call = self.begin(method, path, headers)
        return call if isinstance(call, Response) else await self.finish(call, body)

    async def finish(self, call: Call, body: bytes) -> Response:
        """Answer a call whose body is there; raises nothing."""
        self.in_flight += 1
        try:
            response = await call.route.handler(call, body)
        except Refusal as refusal:
            response = refusal.response()
        except exchange.ModelFailed:
            response = failure("the model failed on this request")
        except Exception:  # noqa: BLE001 - logged under an error id
            response = failure("the request failed")
        finally:
            self.in_flight -= 1
        self._count(call.route.label, response.status)
        return self._closed(response, call.request_id, call.headers)

    async def _invocations(self, call: Call, body: bytes) -> Response:
        return await self._sharing.answered(call, body, self._predicted)

    async def _predicted(self, service: Service, call: Call, body: bytes) -> Response:
        # Before the model is asked: what cannot be answered costs no prediction.
        encoder = self._negotiation.encoder(call.headers.get("accept"))
        kind, apart = call.headers.get("content-type"), self.bodies.apart
        rows = await apart(len(body) > LARGE_BYTES, call, service.reader.read, kind, body)
        reasons = service.explaining.asked(call, rows, encoder)
        predictions = await exchange.predictions(service, rows, call)
        why = None
        if reasons:
            why = await service.explaining.explained(call, rows, predictions, reasons)
        answers, content = await apart(
            rows.count > LARGE_ROWS, call, _spelled, service, predictions, rows, encoder, why
        )
        exchange.record(service, call, rows, answers, len(body))
        named = {RELEASE_HEADER: service.short_id}
        return Response(200, content, encoder.content_type, named)

    async def _ping(self, call: Call, body: bytes) -> Response:
        if self.is_draining:
            raise Refusal(503, "draining")
        traffic = self._ready()
        told: dict[str, Any] = {"status": "serving", "release": traffic.main.service.short_id}
        if len(traffic.loaded) > 1:
            told["variants"] = {each.name: each.service.short_id for each in traffic.loaded}
        return Response.json(200, told)

    async def _live(self, call: Call, body: bytes) -> Response:
        return Response.json(200, {"status": "alive"})

    async def _metrics(self, call: Call, body: bytes) -> Response:
        return Response(200, self.metrics.render(self.in_flight - 1), CONTENT_TYPE)

    async def _openapi_json(self, call: Call, body: bytes) -> Response:
        self._ready()
        return Response(200, self._openapi)

    async def _docs(self, call: Call, body: bytes) -> Response:
        return docs_page()

    async def _execution_parameters(self, call: Call, body: bytes) -> Response:
        return Response.json(200, execution_parameters(self._limits.max_body_mib))

    def _ready(self) -> Traffic:
        if self._traffic is None:
            raise Refusal(503, "the release is being loaded", headers={"retry-after": "1"})
        return self._traffic

    @property
    def is_serving(self) -> bool:
        """Whether predictions are answered, and will be."""
        return self._traffic is not None and not self.is_draining

    def _late(self) -> Refusal:
        return Refusal(
            429,
            "the server is behind with its requests",
            given=f"{self.lag.seconds:.1f} s behind",
            allowed=f"at most {self._max_lag:g} s; try again",
            headers={"retry-after": "1"},
        )

    def _count(self, label: str, code: int) -> None:
        self.metrics.answered(label, code)

    def _closed(self, response: Response, request_id: str, headers: Headers) -> Response:
        named = {**correlation.passed_on(headers), **response.headers, REQUEST_ID: request_id}
        # While draining: kept-alive connections would hold up the end, and lose the request after
        # it. After chunks: where a length was told as well, another reader may see another request
        # in what follows, and it must not be answered (RFC 9112, 6.3). Whether one was told is not
        # known here any more: the HTTP library has dropped it.
        if self.is_draining or headers.get(_CHUNKED) is not None:
            named["connection"] = "close"
        return Response(response.status, response.body, response.content_type, named)


def _spelled(
    service: Service,
    predictions: list[Any],
    rows: Rows,
    encoder: Encoder,
    why: list[dict[str, Any]] | None,
) -> tuple[list[Any], bytes]:
    """Predictions as they are recorded, and as they are answered."""
    answers = service.predictor.rendered(predictions, every_class=rows.every_class)
    return answers, encoder.encode(Answer(predictions, answers, service.short_id, why))


def failure(error: str) -> Response:
    """A 500 with an id under which the log has the exception being handled; nothing else."""
    error_id = uuid4().hex[:12]
    LOG.exception("error %s: %s", error_id, error)
    return Response.json(500, {"error": error, "error_id": error_id})
