"""Profiles as bytes: a magic number, then zlib over a JSON header and the arrays it names.

Reading trusts nothing: sizes are bounded before anything is allocated, and every number is
checked against the others.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from trimaran_runtime.drift.key import Counts
from trimaran_runtime.drift.summary import (
    BUCKETS,
    EmptySummary,
    LevelSummary,
    NumberSummary,
    Summary,
)
from trimaran_runtime.errors import Corrupted

MAGIC = b"TRMPROF\x01"
"""The last byte is the version of the format."""
MAX_BYTES = 64 << 20
MAX_PLAIN_BYTES = 256 << 20
_HEADER = struct.Struct("<I")
_MAX_ROWS = 2**53


def encode(rows: int, columns: Mapping[str, Summary]) -> bytes:
    """Bytes of a profile; equal profiles give equal bytes."""
    arrays: list[bytes] = []
    described = {name: _describe(columns[name], arrays) for name in sorted(columns)}
    header = orjson.dumps({"columns": described, "rows": rows}, option=orjson.OPT_SORT_KEYS)
    plain = b"".join([_HEADER.pack(len(header)), header, *arrays])
    return MAGIC + zlib.compress(plain, 6)


def decode(content: bytes) -> tuple[int, dict[str, Summary]]:
    """Rows and columns of a profile; raises Corrupted on anything that `encode` cannot write."""
    if content[:7] != MAGIC[:7]:
        raise _corrupted("it does not start like one")
    if content[7:8] != MAGIC[7:]:
        raise _corrupted(f"its format is {content[7:8]!r}, this version reads 1")
    if len(content) > MAX_BYTES:
        raise _corrupted(f"it is larger than {MAX_BYTES >> 20} MiB")
    try:
        reader = _Reader(_inflate(content[len(MAGIC) :]))
        header = orjson.loads(reader.take(_HEADER.unpack(reader.take(_HEADER.size))[0]))
        rows = _count(header["rows"])
        columns = {
            name: _restore(header["columns"][name], reader) for name in sorted(header["columns"])
        }
    except (ValueError, KeyError, TypeError, AttributeError, struct.error, zlib.error) as exc:
        raise _corrupted(f"{type(exc).__name__}: {exc}"[:200]) from exc
    if reader.left:
        raise _corrupted("bytes follow its end")
    for name, summary in columns.items():
        wrong = "" if isinstance(summary, EmptySummary) else summary.check()
        if wrong or summary.rows != rows:
            raise _corrupted(f"column {name[:80]!r}: {wrong or 'not as many rows as the table'}")
    return rows, columns


def _describe(summary: Summary, arrays: list[bytes]) -> dict[str, Any]:
    if isinstance(summary, EmptySummary):
        return {"kind": "empty", "missing": summary.missing}
    if isinstance(summary, LevelSummary):
        levels = dict(sorted(summary.levels.items()))
        if summary.buckets is not None:
            arrays.append(summary.buckets.astype("<i8").tobytes())
        pooled = summary.buckets is not None
        return {"kind": "level", "levels": levels, "missing": summary.missing, "pooled": pooled}
    arrays.append(summary.keys.astype("<u2").tobytes())
    arrays.append(summary.counts.astype("<i8").tobytes())
    return {
        "above": summary.above,
        "below": summary.below,
        "centre": summary.centre,
        "keys": len(summary.keys),
        "kind": summary.kind,
        "maximum": summary.maximum,
        "minimum": summary.minimum,
        "missing": summary.missing,
        "zeros": summary.zeros,
    }


def _restore(described: dict[str, Any], reader: "_Reader") -> Summary:
    kind, missing = described["kind"], _count(described["missing"])
    if kind == "empty":
        return EmptySummary(missing=missing)
    if kind == "level":
        levels = {name: _count(rows) for name, rows in described["levels"].items()}
        buckets = reader.integers(BUCKETS) if described["pooled"] is True else None
        return LevelSummary(missing=missing, levels=levels, buckets=buckets)
    if kind not in {"number", "timestamp"}:
        raise ValueError(f"kind {kind!r}")
    size = _count(described["keys"])
    keys = np.frombuffer(reader.take(2 * size), "<u2").astype(np.uint16)
    return NumberSummary(
        kind=kind,
        centre=float(described["centre"]),
        missing=missing,
        above=_count(described["above"]),
        below=_count(described["below"]),
        zeros=_count(described["zeros"]),
        minimum=_number(described["minimum"]),
        maximum=_number(described["maximum"]),
        keys=keys,
        counts=reader.integers(size),
    )


class _Reader:
    """Takes bytes off a buffer, never more than it holds."""

    def __init__(self, plain: bytes) -> None:
        self._plain, self._at = plain, 0

    @property
    def left(self) -> int:
        return len(self._plain) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise ValueError("it ends too early")
        self._at += size
        return self._plain[self._at - size : self._at]

    def integers(self, size: int) -> Counts:
        numbers = np.frombuffer(self.take(8 * size), "<i8").astype(np.int64)
        if len(numbers) and not 0 <= int(numbers.min()) <= int(numbers.max()) < _MAX_ROWS:
            raise ValueError("a count out of range")
        return numbers


def _inflate(compressed: bytes) -> bytes:
    machine = zlib.decompressobj()
    plain = machine.decompress(compressed, MAX_PLAIN_BYTES)
    if not machine.eof or machine.unused_data:
        raise ValueError("its compressed part is cut off, too long, or followed by more")
    return plain


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < _MAX_ROWS:
        raise ValueError(f"count {value!r}")
    return value


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in {int, float}:
        raise ValueError(f"number {value!r}")
    return float(value)


def _corrupted(why: str) -> Corrupted:
    return Corrupted(
        f"the profile cannot be read: {why}",
        where="drift",
        next_step="restore the object, or run the pipeline again",
    )
