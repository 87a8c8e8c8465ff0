"""The application as RSGI (for granian) and as ASGI (for tests and other servers)."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Protocol, cast

from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.large_body import LargeBodies
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
            self._application, scope.method, scope.path, scope.headers, _RsgiBody(protocol)
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
            self._application, scope["method"], scope["path"], given, _AsgiBody(receive)
        )
        named = {"content-type": response.content_type, **response.headers}
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in named.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})


class _Torn(Exception):
    """The body ended before its end: the caller went away, or its chunks make no sense."""


class _Body(Protocol):
    """A body that is still to be received; of the two methods one is called, once."""

    async def whole(self) -> bytes:
        """All of a body whose length was told; raises _Torn."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives; raises _Torn."""


class _RsgiBody:
    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    async def whole(self) -> bytes:
        try:
            return cast(bytes, await self._protocol())
        except RuntimeError as exc:  # RSGIProtocolClosed
            raise _Torn from exc

    async def chunks(self) -> AsyncIterator[bytes]:
        ends = 0
        async for chunk in self._protocol:
            # granian gives an empty chunk for the end, one more for an error in the body, and one
            # for trailers, which nobody sends to a model (granian 2.8, src/rsgi/io.rs).
            ends += not chunk
            yield chunk
        if ends > 1:
            raise _Torn


class _AsgiBody:
    def __init__(self, receive: Callable[[], Awaitable[_Message]]) -> None:
        self._receive = receive

    async def whole(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])

    async def chunks(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise _Torn
            yield message.get("body", b"")
            more = message.get("more_body", False)


async def _answer(
    application: Application, method: str, path: str, headers: Headers, body: _Body
) -> Response:
    call = application.begin(method, path, headers)
    if isinstance(call, Response):
        return call
    try:
        content = await _received(application.bodies, call, body)
        return await application.finish(call, content)
    except Refusal as refusal:
        return application.refused(refusal, call)
    finally:
        if call.held_bytes:
            application.bodies.release(call)


async def _received(bodies: LargeBodies, call: Call, body: _Body) -> bytes:
    """The body of a POST, in time and whole."""
    if call.route.method != "POST":
        return b""
    told = call.headers.get("content-length")
    length = int(told) if told is not None and told.isdecimal() else None
    limit = min(BODY_SECONDS, call.deadline - call.started)
    try:
        with call.limits.until(call.started + limit):
            if length is not None and length <= bodies.watched:
                content = await body.whole()
            else:
                content = await _counted(bodies, call, body)
    except TimeoutError:
        raise Refusal(408, f"the body did not arrive within {limit:g} s") from None
    except _Torn:
        raise _torn() from None
    if length is not None and len(content) != length:
        raise _torn()
    return content


def _torn() -> Refusal:
    # Half of a table may be a table as well: it is neither answered nor recorded.
    return Refusal(400, "the body ended before its end", where="body")


async def _counted(bodies: LargeBodies, call: Call, body: _Body) -> bytes:
    """A body that is large, or may be: counted while it arrives."""
    received = bytearray()
    async for chunk in body.chunks():
        received += chunk
        if len(received) > bodies.watched:
            bodies.hold(call, len(received))
    return bytes(received)
