"""The body of an inference request: a JSON object, and after it the bytes of tensors.

Source: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/
extension_binary_data.html (read 2026-11-25).
"""

from typing import Any

import orjson

from trimaran_runtime.serving.message import JSON, Headers, Refusal

HEADER_LENGTH = "inference-header-content-length"
BINARY = "application/octet-stream"
_BODY = '{"inputs": [{"name": …, "shape": […], "datatype": …, "data": […]}, …]}'
_DIGITS = 12


def opened(headers: Headers, body: bytes) -> tuple[dict[str, Any], memoryview]:
    """The JSON object and the bytes after it.

    Raises:
        Refusal: 400, they are not what the headers say; 415, the body is of another kind.
    """
    kind = (headers.get("content-type") or JSON).partition(";")[0].strip().lower()
    if kind not in {JSON, BINARY}:
        raise Refusal(
            415,
            "unsupported content type",
            where="content-type",
            given=kind,
            allowed=f"{JSON}, {BINARY}",
        )
    size = _header_size(headers.get(HEADER_LENGTH), len(body))
    try:
        document = orjson.loads(memoryview(body)[:size])
    except orjson.JSONDecodeError as exc:
        raise Refusal(400, f"the body is not JSON: {exc}", where="body", allowed=_BODY) from None
    if not isinstance(document, dict):
        raise Refusal(400, "the body must be an object", where="body", allowed=_BODY)
    return document, memoryview(body)[size:]


def _header_size(given: Any, size: int) -> int:
    if given is None:
        return size
    usable = isinstance(given, str) and given.isascii() and given.isdigit()
    if not usable or len(given) > _DIGITS or int(given) > size:
        raise Refusal(
            400,
            "the length of the JSON object is wrong",
            where=HEADER_LENGTH,
            given=given,
            allowed=f"0 to {size}, the length of the body",
        )
    return int(given)
