"""The Open Inference Protocol over gRPC: every call goes through the application, as HTTP does.

So keys and tokens, limits, deadlines, overload, metrics and capture are the same.
"""

import time
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson
from grpc import StatusCode
from grpc.aio import ServicerContext

from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.message import Headers, Refusal, Response
from trimaran_runtime.serving.rpc.messages import inference
from trimaran_runtime.serving.rpc.translation import as_http, from_http

_CODES: Mapping[int, StatusCode] = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    404: StatusCode.NOT_FOUND,
    408: StatusCode.DEADLINE_EXCEEDED,
    413: StatusCode.RESOURCE_EXHAUSTED,
    415: StatusCode.INVALID_ARGUMENT,
    429: StatusCode.RESOURCE_EXHAUSTED,
    503: StatusCode.UNAVAILABLE,
}
"""Code by status of the answer over HTTP; any other is INTERNAL."""
_OF_HTTP = frozenset({"connection", "content-type", "inference-header-content-length"})
_UNAVAILABLE = 503
_OK = 200
_NOT_READY = 400


class Inference:
    """Methods of `inference.GRPCInferenceService`.

    Args:
        application: answers.
    """

    def __init__(self, application: Application) -> None:
        self._application, self._kinds = application, inference()

    async def server_live(self, request: Any, context: "ServicerContext[Any, Any]") -> Any:
        """`ServerLive`."""
        return self._kinds["ServerLiveResponse"](live=True)

    async def server_ready(self, request: Any, context: "ServicerContext[Any, Any]") -> Any:
        """`ServerReady`."""
        response = await self._got("/v2/health/ready", context)
        return self._kinds["ServerReadyResponse"](ready=response.status == _OK)

    async def model_ready(self, request: Any, context: "ServicerContext[Any, Any]") -> Any:
        """`ModelReady`."""
        path = await self._path(request.name, request.version, context)
        response = await self._got(f"{path}/ready", context)
        if response.status not in {_OK, _NOT_READY}:
            await self._refuse(response, context)
        return self._kinds["ModelReadyResponse"](ready=response.status == _OK)

    async def server_metadata(self, request: Any, context: "ServicerContext[Any, Any]") -> Any:
        """`ServerMetadata`."""
        return self._kinds["ServerMetadataResponse"](**await self._document("/v2", context))

    async def model_metadata(self, request: Any, context: "ServicerContext[Any, Any]") -> Any:
        """`ModelMetadata`."""
        path = await self._path(request.name, request.version, context)
        document = await self._document(path, context)
        # The message has no place for them.
        document.pop("parameters", None)
        return self._kinds["ModelMetadataResponse"](**document)

    async def model_infer(self, request: Any, context: "ServicerContext[Any, Any]") -> Any:
        """`ModelInfer`."""
        path = await self._path(request.model_name, request.model_version, context)
        try:
            headers, body = as_http(request)
        except Refusal as refusal:
            await self._refuse(refusal.response(), context)
        given = {**_metadata(context), **headers, "content-length": str(len(body))}
        response = await self._answered("POST", f"{path}/infer", given, body, context)
        if response.status != _OK:
            await self._refuse(response, context)
        await context.send_initial_metadata(_told(response))
        return from_http(response)

    async def _document(self, path: str, context: "ServicerContext[Any, Any]") -> dict[str, Any]:
        response = await self._got(path, context)
        if response.status != _OK:
            await self._refuse(response, context)
        document: dict[str, Any] = orjson.loads(response.body)
        return document

    async def _got(self, path: str, context: "ServicerContext[Any, Any]") -> Response:
        return await self._answered("GET", path, _metadata(context), b"", context)

    async def _answered(
        self,
        method: str,
        path: str,
        headers: Headers,
        body: bytes,
        context: "ServicerContext[Any, Any]",
    ) -> Response:
        call = self._application.begin(method, path, headers)
        if isinstance(call, Response):
            return call
        remaining = context.time_remaining()
        if remaining is not None:
            call.shorten(max(remaining, 0.0))
        response = await self._finished(call, body)
        if response.status == _UNAVAILABLE and time.monotonic() >= call.deadline:
            await self._refuse(response, context, StatusCode.DEADLINE_EXCEEDED)
        return response

    async def _finished(self, call: Call, body: bytes) -> Response:
        bodies = self._application.bodies
        try:
            if len(body) > bodies.watched:
                bodies.hold(call, len(body))
            return await self._application.finish(call, body)
        except Refusal as refusal:
            return self._application.refused(refusal, call)
        finally:
            bodies.release(call)

    async def _path(self, name: str, version: str, context: "ServicerContext[Any, Any]") -> str:
        """The path of a model; a name that would be another path names no model."""
        if not name or "/" in name or "/" in version:
            await context.abort(StatusCode.NOT_FOUND, f"there is no model {name[:80]!r}")
        return f"/v2/models/{name}" + (f"/versions/{version}" if version else "")

    async def _refuse(
        self,
        response: Response,
        context: "ServicerContext[Any, Any]",
        code: StatusCode | None = None,
    ) -> NoReturn:
        """End the call with the error that the answer holds; does not return."""
        document = orjson.loads(response.body)
        told = [document.pop("error", "the request failed")]
        told += [f"{name}: {value}" for name, value in document.items()]
        await context.abort(
            code or _CODES.get(response.status, StatusCode.INTERNAL),
            "; ".join(map(str, told)),
            _told(response),
        )


def _metadata(context: "ServicerContext[Any, Any]") -> dict[str, str]:
    """The caller's metadata as headers; what is no text is left out."""
    given = context.invocation_metadata() or ()
    return {key: value for key, value in given if isinstance(value, str)}


def _told(response: Response) -> tuple[tuple[str, str], ...]:
    """Headers of an answer as metadata."""
    named = response.headers.items()
    return tuple((name.lower(), value) for name, value in named if name.lower() not in _OF_HTTP)
