"""Ids that follow a request through systems: read from its headers, given back in the answer's."""

import os
import re
from typing import Any

from trimaran_runtime.serving.message import Headers

REQUEST_ID = "x-request-id"
_AZURE_ID = "x-ms-client-request-id"
_REQUEST_IDS = (REQUEST_ID, "x-amzn-sagemaker-inference-id", _AZURE_ID)
"""Headers that may carry the caller's own id of a request, the first that is there counts."""
_MAX_ID = 128
_TRACE = "traceparent"
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-")
"""W3C Trace Context (https://www.w3.org/TR/trace-context/, cited from memory): version, trace and
the caller's span; version ff and ids of zeros are invalid, later versions may be longer."""
_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_MAX_ATTRIBUTES = 1024
"""CustomAttributes are returned to the caller only where the container sets them, at most 1,024
visible ASCII characters (https://docs.aws.amazon.com/sagemaker/latest/APIReference/
API_runtime_InvokeEndpoint.html, seen as an excerpt 2026-11-25)."""


def given_id(headers: Headers) -> str | None:
    """The caller's id of a request; None: it gave none that can be passed on.

    A trace holds many requests, so its id is joined with the caller's span.
    """
    for name in _REQUEST_IDS:
        given: Any = headers.get(name)
        if given and is_usable(given):
            return str(given)
    trace: Any = headers.get(_TRACE)
    found = _TRACEPARENT.match(trace) if isinstance(trace, str) else None
    return f"{found[1]}-{found[2]}" if found else None


def new_id() -> str:
    """An id for a request without one."""
    return os.urandom(16).hex()


def is_usable(given: Any, longest: int = _MAX_ID) -> bool:
    """Whether an id can be a header and a line of the log: 1 to 128 visible ASCII characters."""
    if not isinstance(given, str) or not 0 < len(given) <= longest:
        return False
    return given.isprintable() and given.isascii()


def passed_on(headers: Headers) -> dict[str, str]:
    """Headers of the answer that repeat what the caller sent, as its cloud expects it."""
    passed: dict[str, str] = {}
    attributes: Any = headers.get(_ATTRIBUTES)
    if attributes is not None and is_usable(attributes, _MAX_ATTRIBUTES):
        passed[_ATTRIBUTES] = attributes
    azure: Any = headers.get(_AZURE_ID)
    if azure is not None and is_usable(azure):
        passed[_AZURE_ID] = azure
    return passed
