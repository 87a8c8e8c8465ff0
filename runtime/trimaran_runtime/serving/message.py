"""What goes over the wire, without a web framework: responses, and the refusal of a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

JSON = "application/json"
_SHOWN = 80
"""Characters of a given value that an error repeats."""


class Headers(Protocol):
    """Request headers by lower-case name."""

    def get(self, key: str, default: Any = None) -> Any:
        """Value of a header."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, document: Any, **headers: str) -> "Response":
        """An answer with a JSON body."""
        content = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
        return cls(status, content, headers=headers)


class Refusal(Exception):
    """The request is answered with an error: what is wrong, in which field, what is allowed.

    Args:
        status: HTTP status, 4xx or 5xx.
        error: one sentence.
        where: the column, row or header it is about; empty: the request.
        given: the offending value.
        allowed: what would have been right.
        headers: headers of the answer.
    """

    def __init__(
        self,
        status: int,
        error: str,
        *,
        where: str = "",
        given: Any = None,
        allowed: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status, self.error, self.where = status, error, where
        # At once: the value may be large, and then this is not the event loop's thread.
        self.given = None if given is None else shown(given)
        self.allowed, self.headers = allowed, headers or {}

    def response(self) -> Response:
        """The answer: JSON with `error` and, where known, `field`, `given`, `allowed`."""
        document = {"error": self.error}
        if self.where:
            document["field"] = self.where
        if self.given is not None:
            document["given"] = self.given
        if self.allowed:
            document["allowed"] = self.allowed
        return Response.json(self.status, document, **self.headers)


def shown(value: Any) -> str:
    """A value as an error repeats it: short, and as JSON spells it where it can be."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
