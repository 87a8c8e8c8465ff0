"""The handlers that the plugin serves, by type token."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points

from trimaran_providers.contract.errors import TrimaranError
from trimaran_providers.contract.handler import AnyHandler

GROUP = "trimaran.handlers"
"""Entry points of further clouds: `name = "module:HANDLERS"`."""
_BUILT_IN = ("trimaran_providers.local.handlers", "trimaran_providers.aws.handlers")


class UnknownResourceError(TrimaranError):
    """No handler serves this type."""


class Handlers:
    """Handlers by type token."""

    def __init__(self, handlers: Iterable[AnyHandler]) -> None:
        self._by_token: Mapping[str, AnyHandler] = {item.token: item for item in handlers}

    def __iter__(self) -> Iterator[AnyHandler]:
        return iter(self._by_token.values())

    def of(self, urn: str) -> AnyHandler:
        """Handler of a resource.

        Raises:
            UnknownResourceError: there is none for its type.
        """
        token = token_of(urn)
        if token in self._by_token:
            return self._by_token[token]
        known = sorted(self._by_token)
        close = difflib.get_close_matches(token, known, n=1)
        raise UnknownResourceError(
            f"there is no resource type {token!r}",
            allowed=", ".join(known),
            next_step=f"did you mean {close[0]}?" if close else "",
        )


def token_of(urn: str) -> str:
    """Type token in a URN: the last part of `urn:pulumi:stack::project::parent$type::name`."""
    return urn.split("::", 3)[2].rpartition("$")[2]


def installed() -> Handlers:
    """The handlers of our clouds and of every installed one."""
    found: list[AnyHandler] = []
    for module in _BUILT_IN:
        found += import_module(module).HANDLERS
    for point in entry_points(group=GROUP):
        found += point.load()
    return Handlers(found)
