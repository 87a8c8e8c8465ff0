"""Reading `.gz` as a stream, within bounds."""

import gzip
import io
import zlib
from typing import Any

from trimaran_runtime.errors import DataError

MOST_RATIO = 200
"""Most bytes that one stored byte may stand for, above `FREE_BYTES`; tables in text stay below
50, and deflate itself ends at 1032."""
FREE_BYTES = 64 << 20
"""A file that inflates to less is never refused, bytes."""


class Inflated(io.RawIOBase):
    """The content of a gzip file; never more in memory than is asked for.

    Args:
        stream: the compressed bytes.
        name: the file, for errors.
        stored: size of the file, bytes.
    """

    def __init__(self, stream: Any, name: str, stored: int) -> None:
        self._raw, self._name = stream, name
        self._stream = gzip.GzipFile(fileobj=stream, mode="rb")
        self._bound = max(FREE_BYTES, MOST_RATIO * stored)
        self._read = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            DataError: the file is cut, damaged, or inflates beyond the bound.
        """
        wanted = self._bound + 1 if size < 0 else size
        try:
            content = self._stream.read(wanted)
        except EOFError as exc:
            raise DataError(
                f"is cut off: the compressed data end after {self._read:,} bytes of text",
                where=self._name,
                next_step="copy or write the file again",
            ) from exc
        except (gzip.BadGzipFile, zlib.error) as exc:
            raise DataError(
                f"is no gzip file, or damaged: {exc}",
                where=self._name,
                next_step="copy or write the file again",
            ) from exc
        self._read += len(content)
        if self._read > self._bound:
            raise DataError(
                f"inflates to more than {self._bound:,} bytes",
                where=self._name,
                allowed=f"{MOST_RATIO} bytes per stored byte, or {FREE_BYTES >> 20} MiB",
                next_step="unpack it yourself if it is what you expect",
            )
        return content

    def close(self) -> None:
        """Close the file below, too."""
        if not self.closed:
            self._stream.close()
            self._raw.close()
        super().close()
