"""Lets callers in, as the endpoint's definition says at the moment."""

from collections.abc import Callable
from typing import cast

from aiohttp import web

from trimaran_providers.local.gateway.definition import EndpointDefinition
from trimaran_runtime.serving.access import Access, AccessConfig
from trimaran_runtime.serving.message import Headers, Refusal


class Guard:
    """The part of a gateway that asks callers who they are.

    Args:
        definition: the endpoint's definition now.
    """

    def __init__(self, definition: Callable[[], EndpointDefinition]) -> None:
        self._definition = definition
        self._access: Access | None = None
        self._config: AccessConfig | None = None

    def refusal(self, request: web.BaseRequest) -> web.Response | None:
        """The answer to a caller that is not let in; None: it is."""
        config = self._definition().access
        if config != self._config:
            self._access = Access(config) if config is not None else None
            self._config = config
        if self._access is None:
            return None
        try:
            self._access.check(cast("Headers", request.headers))
        except Refusal as refusal:
            told = refusal.response()
            headers = {**told.headers, "content-type": told.content_type}
            return web.Response(status=told.status, body=told.body, headers=headers)
        return None
