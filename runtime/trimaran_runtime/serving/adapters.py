"""The application as RSGI (for granian) and as ASGI (for tests and other servers)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.message import Headers, Refusal, Response

BODY_SECONDS = 10.0
"""Longest time a caller may take to send the body."""
_Message = MutableMapping[str, Any]


class Rsgi:
    """The RSGI callable of an application."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        response = await _answer(
            self._application, scope.method, scope.path, scope.headers, protocol
        )
        headers = [("content-type", response.content_type), *response.headers.items()]
        protocol.response_bytes(response.status, headers, response.body)


class Asgi:
    """The ASGI callable of an application."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Answer one request; knows no lifespan and no websocket."""
        if scope["type"] != "http":
            return
        given = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        response = await _answer(
            self._application, scope["method"], scope["path"], given, _chunks(receive)
        )
        named = {"content-type": response.content_type, **response.headers}
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in named.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})


async def _answer(
    application: Application, method: str, path: str, headers: Headers, chunks: Any
) -> Response:
    call = application.begin(method, path, headers)
    if isinstance(call, Response):
        return call
    try:
        body = await _body(application, call, chunks) if call.route.method == "POST" else b""
        return await application.finish(call, body)
    except Refusal as refusal:
        return application.refused(refusal, call)
    finally:
        if call.held_bytes:
            application.bodies.release(call)


async def _body(application: Application, call: Call, chunks: Any) -> bytes:
    """The body, counted while it arrives: a length may be missing, or a lie."""
    received = bytearray()
    watched = application.bodies.watched
    limit = min(BODY_SECONDS, call.deadline - call.started)
    try:
        async with asyncio.timeout_at(call.started + limit):
            async for chunk in chunks:
                received += chunk
                if len(received) > watched:
                    application.bodies.hold(call, len(received))
    except TimeoutError:
        raise Refusal(408, f"the body did not arrive within {limit:g} s") from None
    return bytes(received)


async def _chunks(receive: Callable[[], Awaitable[_Message]]) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return  # the caller went away
        yield message.get("body", b"")
        more = message.get("more_body", False)
