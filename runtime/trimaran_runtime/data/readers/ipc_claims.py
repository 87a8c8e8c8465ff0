"""How large the buffers of an Arrow file say they are, before any of them is inflated.

A compressed buffer starts with its inflated size, a signed 64-bit number (Arrow columnar format,
"Compression", read 2026-11-24; -1: stored as it is). Where the buffers lie stands in the message's
flatbuffer (`Message.fbs`: `RecordBatch.buffers`, pairs of offset and length).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trimaran_runtime.data.files import File
from trimaran_runtime.errors import DataError

MOST_RATIO = 1000
"""Most bytes that one stored byte may stand for, above `FREE_BYTES`."""
FREE_BYTES = 256 << 20
"""A record batch that inflates to less is never refused, bytes."""
_PREFIX = 8
_HEADER, _HEADER_TYPE = 2, 1
_DICTIONARY, _BATCH = 2, 3
_BUFFERS, _DATA, _COMPRESSION = 2, 1, 3


@dataclass(frozen=True, slots=True)
class Claim:
    """How large one message is, and says to be.

    Attributes:
        is_batch: whether it is a record batch, else it is a dictionary.
        inflated: size of its buffers once inflated, bytes; 0 where they are not compressed.
        stored: size as it is stored, bytes.
    """

    is_batch: bool
    inflated: int
    stored: int


def claims(stream: Any) -> Iterator[Claim]:
    """Claims of the record batches and dictionaries of a stream, in order.

    Raises:
        pyarrow.ArrowException, OSError, struct.error: the stream is truncated, or is none.
    """
    import pyarrow as pa

    for message in pa.ipc.MessageReader.open_stream(stream):
        if message.type in {"record batch", "dictionary"} and message.body is not None:
            inflated = _claimed(message.metadata.to_pybytes(), memoryview(message.body))
            yield Claim(message.type == "record batch", inflated, message.body.size)


def refuse_swollen(stream: Any, file: File) -> None:
    """Raise DataError when a record batch claims to inflate absurdly."""
    # An IPC file is a stream between two magic words.
    stream.seek(_PREFIX if stream.read(6) == b"ARROW1" else 0)
    number = 0
    for claim in claims(stream):
        number += claim.is_batch
        if claim.inflated > FREE_BYTES and claim.inflated > MOST_RATIO * max(claim.stored, 1):
            raise DataError(
                f"record batch {number} claims {claim.inflated:,} bytes, stored in "
                f"{claim.stored:,}",
                where=file.name,
                allowed=f"{MOST_RATIO:,} bytes per stored byte",
                next_step="write the table again; a file like this is made to fill memory",
            )


def _claimed(metadata: bytes, body: memoryview) -> int:
    """Inflated size of a message's buffers; 0 where they are not compressed."""
    message = _Table(metadata, _u32(metadata, 0))
    kind = message.byte(_HEADER_TYPE)
    header = message.table(_HEADER)
    if header is not None and kind == _DICTIONARY:
        header = header.table(_DATA)
    if header is None or kind not in {_DICTIONARY, _BATCH} or header.place(_COMPRESSION) is None:
        return 0
    total = 0
    for offset, length in header.pairs(_BUFFERS):
        if length >= _PREFIX:
            total += max(struct.unpack_from("<q", body, offset)[0], length - _PREFIX)
    return total


class _Table:
    """A table of a flatbuffer: fields by number, through its virtual table."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._vtable = at - struct.unpack_from("<i", data, at)[0]
        self._size = struct.unpack_from("<H", data, self._vtable)[0]

    def place(self, field: int) -> int | None:
        """Where a field lies; None: it is absent."""
        entry = 4 + 2 * field
        if entry >= self._size:
            return None
        offset: int = struct.unpack_from("<H", self._data, self._vtable + entry)[0]
        return self._at + offset if offset else None

    def byte(self, field: int) -> int:
        place = self.place(field)
        return 0 if place is None else self._data[place]

    def table(self, field: int) -> "_Table | None":
        place = self.place(field)
        return None if place is None else _Table(self._data, place + _u32(self._data, place))

    def pairs(self, field: int) -> list[tuple[int, int]]:
        """A vector of pairs of 64-bit numbers."""
        place = self.place(field)
        if place is None:
            return []
        start = place + _u32(self._data, place)
        count = _u32(self._data, start)
        return [
            struct.unpack_from("<qq", self._data, start + 4 + 16 * index) for index in range(count)
        ]


def _u32(data: bytes, at: int) -> int:
    value: int = struct.unpack_from("<I", data, at)[0]
    return value
