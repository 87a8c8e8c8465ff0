"""Lines of JSON in files that somebody may still be writing."""

from collections.abc import Iterator
from typing import Any

import orjson

from trimaran_runtime.monitoring.capture import Counts


def json_lines(content: bytes, counts: Counts) -> Iterator[Any]:
    """The JSON values of a file's lines; what is none is counted, as torn or as unreadable."""
    lines = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError:
            # Only what no line feed ends can be cut off.
            if number == len(lines):
                counts.torn += 1
            else:
                counts.unreadable += 1
