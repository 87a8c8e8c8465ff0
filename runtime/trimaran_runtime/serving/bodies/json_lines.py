"""`application/jsonlines`: a row a line, as a SageMaker transform job sends them."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from trimaran_runtime.serving.bodies.decoder import Decoded, Decoder
from trimaran_runtime.serving.bodies.expected import Expected
from trimaran_runtime.serving.bodies.records import may_hold_booleans, records
from trimaran_runtime.serving.message import Refusal

MEDIA_TYPES = ("application/jsonlines", "application/x-ndjson", "application/x-jsonlines")
_LINE = re.compile(rb"\S[^\n]*")
"""A line from its first character on: one at a time, and empty ones cost nothing. It ends at a line
feed only: a carriage return may stand between two values of a row."""


def _decode(body: bytes, parameters: Mapping[str, str], expected: Expected) -> Decoded:  # noqa: ARG001  # as every decoder
    rows: list[Any] = []
    for line in _LINE.finditer(body):
        try:
            rows.append(orjson.loads(line[0]))
        except orjson.JSONDecodeError as exc:
            number = body.count(b"\n", 0, line.start()) + 1
            raise Refusal(
                400,
                f"line {number} is not JSON: {exc}",
                where="body",
                allowed="on every line an object {column: value, …} or a list of values",
            ) from None
        if len(rows) > expected.max_rows:
            expected.check_number(len(rows), "body")
    has_booleans = may_hold_booleans(body)
    return Decoded(records(rows, "body", expected, has_booleans=has_booleans))


DECODER = Decoder(
    media_types=MEDIA_TYPES,
    decode=_decode,
    description="On every line a row: an object by column, or a list of values in order.",
)
