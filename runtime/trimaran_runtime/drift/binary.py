"""Numbers and texts as compressed bytes, and back; the reading side trusts nothing."""

import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.key import Counts

MAX_PLAIN_BYTES = 256 << 20
"""Most bytes that a profile unpacks to."""
MAX_TEXTS = 4_000_000
"""Most levels that the columns of one profile name together."""
MAX_COUNT = 2**53
"""No count is as large: every one is exact as a JSON number anywhere."""
_WIDTHS = (1, 2, 4, 8)
_SLICE = 64 << 10


class Writer:
    """Collects what a header describes: arrays of counts and of texts, in the order written."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def integers(self, values: npt.NDArray[np.integer]) -> None:
        """Whole numbers from 0 to 2^53, as narrow as the largest allows."""
        largest = int(values.max()) if len(values) else 0
        width = next(width for width in _WIDTHS if largest < 1 << 8 * width)
        self._pieces.append(bytes([width]) + values.astype(f"<u{width}").tobytes())

    def texts(self, values: Sequence[str]) -> None:
        """Texts, whose number the header tells."""
        encoded = [value.encode() for value in values]
        self.integers(np.array([len(text) for text in encoded], np.int64))
        self._pieces.append(b"".join(encoded))

    def raw(self, content: bytes) -> None:
        """Bytes as they are."""
        self._pieces.append(content)

    def plain(self) -> bytes:
        """Everything written."""
        return b"".join(self._pieces)


class Reader:
    """Unpacks what was written, never more than is asked for.

    Args:
        compressed: zlib stream.

    Every method raises ValueError or zlib.error on bytes that `Writer` cannot have written.
    """

    def __init__(self, compressed: bytes) -> None:
        self._compressed, self._at = memoryview(compressed), 0
        self._machine = zlib.decompressobj()
        self._waiting = b""
        self._plain_left, self._texts_left = MAX_PLAIN_BYTES, MAX_TEXTS

    def integers(self, size: int, most: int = MAX_COUNT) -> Counts:
        """That many whole numbers, shape `(size,)`, each from 0 to below `most`."""
        width = self.take(1)[0]
        if width not in _WIDTHS:
            raise ValueError(f"numbers of {width} bytes")
        values = np.frombuffer(self.take(width * size), f"<u{width}")
        if len(values) and int(values.max()) >= most:
            raise ValueError("a number out of range")
        return values.astype(np.int64)

    def texts(self, size: int) -> list[str]:
        """That many texts."""
        self._texts_left -= size
        if self._texts_left < 0:
            raise ValueError(f"more than {MAX_TEXTS} levels")
        lengths = self.integers(size)
        content = self.take(int(lengths.sum()))
        ends = [0, *np.cumsum(lengths).tolist()]
        return [content[start:end].decode() for start, end in pairwise(ends)]

    def take(self, size: int) -> bytes:
        """That many bytes."""
        self._plain_left -= size
        if self._plain_left < 0:
            raise ValueError(f"it unpacks to more than {MAX_PLAIN_BYTES >> 20} MiB")
        pieces = []
        while size:
            piece = self._more(size)
            if not piece:
                raise ValueError("it ends too early")
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def finish(self) -> None:
        """Nothing may follow."""
        rest = self._more(1) or not self._machine.eof or self._machine.unused_data
        if rest or self._at < len(self._compressed):
            raise ValueError("it is cut off, or bytes follow its end")

    def _more(self, most: int) -> bytes:
        # In slices: what is left of the input is copied at every call.
        while not self._machine.eof:
            if not self._waiting:
                self._waiting = bytes(self._compressed[self._at : self._at + _SLICE])
                self._at += len(self._waiting)
                if not self._waiting:
                    return b""
            piece = self._machine.decompress(self._waiting, most)
            self._waiting = self._machine.unconsumed_tail
            if piece:
                return piece
        return b""


def count(value: object, most: int = MAX_COUNT) -> int:
    """A count in a header; raises ValueError unless it is a whole number from 0 to below `most`."""
    if type(value) is not int or not 0 <= value < most:
        raise ValueError(f"count {value!r:.40}")
    return value


def number(value: object) -> float | None:
    """A number in a header, or none; raises ValueError on anything else."""
    if value is None:
        return None
    if type(value) is not int and type(value) is not float:
        raise ValueError(f"number {value!r:.40}")
    return value
