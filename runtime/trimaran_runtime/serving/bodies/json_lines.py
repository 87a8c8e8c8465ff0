"""`application/jsonlines`: a row a line, as a SageMaker transform job sends them."""

from collections.abc import Mapping

import orjson

from trimaran_runtime.serving.bodies.decoder import Decoded, Decoder
from trimaran_runtime.serving.bodies.expected import Expected
from trimaran_runtime.serving.bodies.records import records
from trimaran_runtime.serving.message import Refusal

MEDIA_TYPES = ("application/jsonlines", "application/x-ndjson", "application/x-jsonlines")


def _decode(body: bytes, parameters: Mapping[str, str], expected: Expected) -> Decoded:  # noqa: ARG001  # as every decoder
    # Not splitlines: a carriage return may stand between two values of one row.
    lines = [(n, line) for n, line in enumerate(body.split(b"\n"), 1) if line and line.strip()]
    expected.check_number(len(lines), "body")
    rows = []
    for number, line in lines:
        try:
            rows.append(orjson.loads(line))
        except orjson.JSONDecodeError as exc:
            raise Refusal(
                400,
                f"line {number} is not JSON: {exc}",
                where="body",
                allowed="on every line an object {column: value, …} or a list of values",
            ) from None
    has_booleans = b"true" in body or b"false" in body
    return Decoded(records(rows, "body", expected, has_booleans=has_booleans))


DECODER = Decoder(
    media_types=MEDIA_TYPES,
    decode=_decode,
    description="On every line a row: an object by column, or a list of values in order.",
)
