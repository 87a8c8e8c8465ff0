"""Profiles as bytes: a magic number, then zlib over a JSON header and the arrays it names.

Reading trusts nothing: sizes are bounded before anything is allocated, and every number is
checked against the others.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from trimaran_runtime.drift import encoding_v1
from trimaran_runtime.drift.binary import MAX_PLAIN_BYTES, Reader, Writer, count
from trimaran_runtime.drift.part import restore_part
from trimaran_runtime.drift.segments import MAX_SEGMENTS
from trimaran_runtime.drift.summary import Summary, restore
from trimaran_runtime.errors import Corrupted, DataError

if TYPE_CHECKING:
    from trimaran_runtime.drift.profile import Profile

MAGIC = b"TRMPROF\x02"
"""The last byte is the version of the format."""
MAX_BYTES = 64 << 20
MAX_HEADER_BYTES = 16 << 20
_HEADER = struct.Struct("<I")
_PARTS = ("correlation", "sample", "scores")


def encode(profile: "Profile") -> bytes:
    """Bytes of a profile; equal profiles give equal bytes; raises DataError when too large."""
    writer = Writer()
    described: dict[str, Any] = {"rows": profile.rows, **_columns(profile, writer)}
    parts = {name: getattr(profile, name) for name in _PARTS}
    described["parts"] = {n: p.describe(writer) for n, p in parts.items() if p is not None}
    described["segments"] = {
        name: {
            level: {"rows": levels[level].rows, **_columns(levels[level], writer)}
            for level in sorted(levels)
        }
        for name, levels in sorted(profile.segments.items())
    }
    header = orjson.dumps(described, option=orjson.OPT_SORT_KEYS)
    plain = b"".join([_HEADER.pack(len(header)), header, writer.plain()])
    content = MAGIC + zlib.compress(plain, 6)
    too_large = len(plain) > MAX_PLAIN_BYTES or len(content) > MAX_BYTES
    if too_large or len(header) > MAX_HEADER_BYTES:
        raise DataError(
            f"the profile is too large: {len(plain) >> 20} MiB",
            where="drift",
            allowed=f"{MAX_PLAIN_BYTES >> 20} MiB, {MAX_BYTES >> 20} MiB compressed",
            next_step="profile fewer columns or segments",
        )
    return content


def decode(content: bytes, kind: "type[Profile]") -> dict[str, Any]:
    """The fields of a profile; raises Corrupted on anything that `encode` cannot write."""
    if content[:7] != MAGIC[:7]:
        raise _corrupted("it does not start like one")
    if len(content) > MAX_BYTES:
        raise _corrupted(f"it is larger than {MAX_BYTES >> 20} MiB")
    version = content[7:8]
    if version not in {MAGIC[7:], encoding_v1.VERSION}:
        raise _corrupted(f"its format is {version!r}, this version reads 1 and 2")
    try:
        reader = Reader(content[len(MAGIC) :])
        header = orjson.loads(
            reader.take(count(_HEADER.unpack(reader.take(4))[0], MAX_HEADER_BYTES))
        )
        if version == encoding_v1.VERSION:
            fields = encoding_v1.restore(header, reader)
            _check(fields["rows"], fields["columns"])
        else:
            fields = _fields(header, reader, kind)
        reader.finish()
    # What a decoder of hostile numbers may meet; never more than a profile can hold.
    except (
        ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError,
        RecursionError, struct.error, zlib.error, DataError,
    ) as exc:  # fmt: skip
        raise _corrupted(f"{type(exc).__name__}: {exc}"[:200]) from exc
    return fields


def _columns(profile: "Profile", writer: Writer) -> dict[str, Any]:
    columns = profile.columns
    return {"columns": {name: columns[name].describe(writer) for name in sorted(columns)}}


def _fields(header: Mapping[str, Any], reader: Reader, kind: "type[Profile]") -> dict[str, Any]:
    rows, columns = _restored(header, reader)
    parts = header["parts"]
    if unknown := set(parts) - set(_PARTS):
        raise ValueError(f"part {min(unknown)!r:.40} is not known to this version")
    restored = {name: restore_part(name, parts[name], reader) for name in _PARTS if name in parts}
    segments: dict[str, dict[str, Profile]] = {}
    for name, levels in sorted(header["segments"].items()):
        if len(levels) > MAX_SEGMENTS + 1:
            raise ValueError(f"more than {MAX_SEGMENTS} segments")
        segments[name] = {}
        for level, described in sorted(levels.items()):
            own_rows, own_columns = _restored(described, reader)
            segments[name][level] = kind(rows=own_rows, columns=own_columns)
        if sum(profile.rows for profile in segments[name].values()) != rows:
            raise ValueError(f"the segments by {name!r:.40} have not as many rows as the table")
    return {"rows": rows, "columns": columns, "segments": segments, **restored}


def _restored(described: Mapping[str, Any], reader: Reader) -> tuple[int, dict[str, Summary]]:
    rows = count(described["rows"])
    columns = {name: restore(one, reader) for name, one in sorted(described["columns"].items())}
    _check(rows, columns)
    return rows, columns


def _check(rows: int, columns: Mapping[str, Summary]) -> None:
    for name, summary in columns.items():
        wrong = summary.check()
        if wrong or summary.rows != rows:
            raise ValueError(f"column {name!r:.80}: {wrong or 'not as many rows as the table'}")


def _corrupted(why: str) -> Corrupted:
    return Corrupted(
        f"the profile cannot be read: {why}",
        where="drift",
        next_step="restore the object, or run the pipeline again",
    )
