"""`application/jsonlines`: a row a line, as a SageMaker transform job sends them."""

import io
from collections.abc import Mapping
from typing import Any

import orjson

from trimaran_runtime.serving.bodies.decoder import Decoded, Decoder
from trimaran_runtime.serving.bodies.expected import Expected
from trimaran_runtime.serving.bodies.records import records
from trimaran_runtime.serving.message import Refusal

MEDIA_TYPES = ("application/jsonlines", "application/x-ndjson", "application/x-jsonlines")


def _decode(body: bytes, parameters: Mapping[str, str], expected: Expected) -> Decoded:  # noqa: ARG001  # as every decoder
    rows: list[Any] = []
    # A stream makes one line at a time, and ends them at a line feed only: a carriage return may
    # stand between two values of a row.
    for number, line in enumerate(io.BytesIO(body), 1):
        if line.isspace():
            continue
        try:
            rows.append(orjson.loads(line))
        except orjson.JSONDecodeError as exc:
            raise Refusal(
                400,
                f"line {number} is not JSON: {exc}",
                where="body",
                allowed="on every line an object {column: value, …} or a list of values",
            ) from None
        if len(rows) > expected.max_rows:
            expected.check_number(len(rows), "body")
    has_booleans = b"true" in body or b"false" in body
    return Decoded(records(rows, "body", expected, has_booleans=has_booleans))


DECODER = Decoder(
    media_types=MEDIA_TYPES,
    decode=_decode,
    description="On every line a row: an object by column, or a list of values in order.",
)
