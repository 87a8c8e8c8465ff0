"""gRPC's own health protocol, as Kubernetes and load balancers ask it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from grpc import StatusCode
from grpc.aio import ServicerContext

from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.rpc.messages import NOT_SERVING, SERVICE, SERVING, UNKNOWN, health

_LOOK_SECONDS = 0.5


class Health:
    """Methods of `grpc.health.v1.Health`; the server and its service are in one state.

    Args:
        application: what answers.
    """

    def __init__(self, application: Application) -> None:
        self._application, self._answer = application, health()["HealthCheckResponse"]

    async def check(self, request: Any, context: "ServicerContext[Any, Any]") -> Any:
        """`Check`."""
        if not _is_known(request):
            await context.abort(StatusCode.NOT_FOUND, "no such service")
        return self._answer(status=self._status(request))

    async def watch(self, request: Any, context: "ServicerContext[Any, Any]") -> AsyncIterator[Any]:
        """`Watch`: the state, and each change of it; ends when the server drains."""
        told = None
        while not self._application.is_draining:
            now = self._status(request)
            if now != told:
                yield self._answer(status=now)
                told = now
            await asyncio.sleep(_LOOK_SECONDS)
        yield self._answer(status=self._status(request))

    def _status(self, request: Any) -> int:
        if not _is_known(request):
            return UNKNOWN
        return SERVING if self._application.is_serving else NOT_SERVING


def _is_known(request: Any) -> bool:
    return request.service in {"", SERVICE}
