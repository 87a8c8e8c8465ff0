"""Arrow IPC, as a stream or as a file (Feather version 2): columns by name.

A file is read as the stream that it holds, and its footer is not believed: a footer may point at
messages that lie outside of the stream, where nothing looked at what they claim.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from trimaran_runtime.serving.bodies.arrow_rows import ArrowRows
from trimaran_runtime.serving.bodies.decoder import Decoded, Decoder
from trimaran_runtime.serving.bodies.expected import Expected
from trimaran_runtime.serving.message import Refusal

if TYPE_CHECKING:
    import pyarrow as pa

STREAM = "application/vnd.apache.arrow.stream"
FILE = "application/vnd.apache.arrow.file"
_MAGIC = b"ARROW1"
_FILE_START = 8
_MOST_MESSAGES = 64
"""Record batches and dictionaries of one request: each is validated with all that it refers to."""
_MOST_BYTES = 32 << 20
"""Size of text, and of compressed columns once inflated; a larger body may be as large as it is."""
_MOST_CELLS = 8 << 20
"""Values of one request; columns may share their bytes, so the body's size is no bound."""
_ALLOWED = "an Arrow IPC stream or file of numbers, booleans, text and times"


def _decode(body: bytes, parameters: Mapping[str, str], expected: Expected) -> Decoded:  # noqa: ARG001  # as every decoder
    return Decoded(_guarded(lambda: _read(_stream(body), expected)))


def _read(stream: "pa.Buffer", expected: Expected) -> ArrowRows:
    import pyarrow as pa

    most_bytes = max(_MOST_BYTES, stream.size)
    _check_claims(stream, most_bytes)
    with pa.ipc.open_stream(pa.BufferReader(stream)) as reader:
        expected.check_names(reader.schema.names, "the Arrow schema")
        rows = ArrowRows(reader.schema, expected.names, is_numeric=expected.is_numeric)
        for batch in _counted(reader, expected):
            # The sizes of the buffers first, so that they can be looked into; then how much text
            # there is, because the full check reads what rows share as often as they share it.
            batch.validate()
            rows.text_bytes += rows.measured(batch)
            _check_size("the text", rows.text_bytes, most_bytes)
            batch.validate(full=True)
            rows.append(batch)
    expected.check_number(rows.count, "body")
    return rows


def _counted(reader: Any, expected: Expected) -> "Iterator[pa.RecordBatch]":
    """Batches, as long as there are not too many rows and values."""
    count = 0
    for batch in reader:
        count += batch.num_rows
        if count:
            expected.check_number(count, "body")
        _check_size("the columns", count * len(expected.names), _MOST_CELLS, "values")
        yield batch


def _stream(body: bytes) -> "pa.Buffer":
    """The stream, also of a file."""
    import pyarrow as pa

    if not body.startswith(_MAGIC):
        return pa.py_buffer(body)
    tail = len(body) - len(_MAGIC) - 4
    footer = struct.unpack_from("<i", body, tail)[0] if tail > _FILE_START else -1
    end = tail - footer
    if not body.endswith(_MAGIC) or footer < 0 or end <= _FILE_START:
        raise Refusal(400, "the Arrow file is truncated", where="body", allowed=_ALLOWED)
    return pa.py_buffer(body)[_FILE_START:end]


def _check_claims(stream: "pa.Buffer", most_bytes: int) -> None:
    import pyarrow as pa

    from trimaran_runtime.data.readers.ipc_claims import claims

    inflated = 0
    for number, claim in enumerate(claims(pa.BufferReader(stream)), 1):
        inflated += claim.inflated
        _check_size("the compressed columns", inflated, most_bytes)
        _check_size("the stream", number, _MOST_MESSAGES, "record batches and dictionaries")


def _check_size(what: str, size: int, most: int, unit: str = "bytes") -> None:
    if size > most:
        raise Refusal(
            413,
            f"{what} of one request would be too much",
            where="body",
            given=f"{size} {unit}",
            allowed=f"at most {most} {unit}; send fewer rows, in fewer record batches",
        )


def _guarded(read: Callable[[], ArrowRows]) -> ArrowRows:
    """What a reading gives; whatever Arrow raises on hostile bytes is a refusal."""
    import pyarrow as pa

    try:
        return read()
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        MemoryError,
        struct.error,
    ) as exc:
        problem = str(exc).partition("\n")[0]
        raise Refusal(400, f"not usable Arrow: {problem}", where="body", allowed=_ALLOWED) from None


DECODER = Decoder(
    media_types=(STREAM, FILE),
    decode=_decode,
    description=(
        "An Arrow IPC stream or file whose columns have the names of the signature's, in any "
        "order: numbers, booleans, text (also as a dictionary) and times; null is a missing value."
    ),
    is_text=False,
    needs="pyarrow",
)
