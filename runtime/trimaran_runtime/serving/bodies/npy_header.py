"""The header of a NumPy array file: read strictly, before anything is allocated for the array.

Format: numpy.lib.format, "Format Version 1.0" to "3.0" (read 2026-11): a magic text, two bytes of
version, the header's length (2 bytes, little endian; 4 from version 2 on), then a Python dictionary
with `descr`, `fortran_order` and `shape`. A dictionary that is not exactly that is refused; it is
never evaluated.
"""

import re
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from trimaran_runtime.serving.message import Refusal

MAGIC = b"\x93NUMPY"
_MOST_HEADER = 4096
"""Longest header, bytes; NumPy writes 118."""
_KINDS = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8)}
_ALLOWED = "a matrix of booleans, integers or floats as numpy.save writes it"
_ENTRY = re.compile(
    r"\s*(?:'descr'\s*:\s*'([<>|])([biuf])(\d)'"
    r"|'fortran_order'\s*:\s*(True|False)"
    r"|'shape'\s*:\s*\(([0-9, ]*)\))\s*(,|$)"
)
_SHAPE = re.compile(r"(?: *\d{1,12} *,)* *(?:\d{1,12} *)?")


@dataclass(frozen=True, slots=True)
class NpyHeader:
    """What a NumPy array file says about itself.

    Attributes:
        dtype: type of the values.
        shape: the array's shape.
        is_fortran: whether columns, not rows, lie together.
        start: where the values begin, bytes.
    """

    dtype: "np.dtype[Any]"
    shape: tuple[int, ...]
    is_fortran: bool
    start: int

    @property
    def size_bytes(self) -> int:
        """Size of the values."""
        return prod(self.shape) * self.dtype.itemsize

    @classmethod
    def parse(cls, body: bytes) -> "NpyHeader":
        """Read the header of a file; raises Refusal (400)."""
        text, start = _text(body)
        if not (text.startswith("{") and text.endswith("}")):
            raise _refusal("the header is no dictionary")
        byte_order, kind, width, order, shape = _entries(text[1:-1])
        if int(width) not in _KINDS[kind]:
            raise _refusal("unsupported type of values", f"{kind}{width}")
        return cls(
            dtype=np.dtype(f"{byte_order}{kind}{width}"),
            shape=tuple(int(part) for part in shape.split(",") if part.strip()),
            is_fortran=order == "True",
            start=start,
        )


def _text(body: bytes) -> tuple[str, int]:
    """The dictionary, and where the values begin."""
    if body[: len(MAGIC)] != MAGIC:
        raise _refusal("the body is no NumPy array")
    version = bytes(body[6:8])
    if version not in {b"\x01\x00", b"\x02\x00", b"\x03\x00"}:
        raise _refusal("unknown version of the format", list(version))
    start = 10 if version[0] == 1 else 12
    size = int.from_bytes(body[8:start], "little")
    if size > _MOST_HEADER or len(body) < start + size:
        raise _refusal("the header is truncated or too long", size)
    try:
        return body[start : start + size].decode("ascii").strip(), start + size
    except UnicodeDecodeError:
        raise _refusal("unsupported type of values") from None


def _entries(text: str) -> list[str]:
    """Byte order, kind and width of a value, Fortran order and shape."""
    found: dict[int, str] = {}
    place = 0
    text = text.rstrip()
    while place < len(text):
        entry = _ENTRY.match(text, place)
        if entry is None or any(
            entry[group] is not None and group in found for group in range(1, 6)
        ):
            raise _refusal("unsupported type of values, or a header that is none", text)
        found |= {group: entry[group] for group in range(1, 6) if entry[group] is not None}
        place = entry.end()
    if len(found) != 5 or _SHAPE.fullmatch(found[5]) is None:  # all groups
        raise _refusal("the header is incomplete", text)
    return [found[group] for group in range(1, 6)]


def _refusal(problem: str, given: Any = None) -> Refusal:
    return Refusal(
        400, f"not a usable NumPy array: {problem}", where="body", given=given, allowed=_ALLOWED
    )
