"""One column of an Arrow record batch, as JSON would give it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.serving.message import Refusal

if TYPE_CHECKING:
    import pyarrow as pa

_VIEW_BYTES = 16
"""Size of one string view; its first four bytes are the length (Arrow columnar format)."""

_LONGEST = 2**32
"""Length above which a text is too long for anybody, bytes; a sum of such does not overflow."""


def check_type(field: "pa.Field") -> None:
    """Refuse (400) a column of a type that no feature has."""
    if not _is_taken(field.type):
        raise Refusal(
            400,
            f"column {field.name!r} is of an Arrow type that is not taken",
            where=field.name,
            given=str(field.type),
            allowed="integer, floating point, bool, string, dictionary of string, timestamp, date",
        )


def text_bytes(array: "pa.Array") -> int:
    """Size of a column's text once every row has its own, bytes; 0 for what is no text.

    Rows may share text, by a dictionary or by views, so that a body's size is no bound for it.
    Neither offsets nor codes need to be validated, only that the buffers are long enough; where
    they are wrong the size is, too, but never less than nothing.
    """
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        codes = array.indices.drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
        lengths = _lengths(array.dictionary)
        return max(int(lengths.sum()), int(lengths[codes].sum()))
    return int(_lengths(array).sum()) if _is_text(kind) else 0


def json_values(array: "pa.Array") -> list[Any]:
    """Values of a validated column; null and NaN are None, times ISO 8601 text."""
    import pyarrow as pa

    kind = array.type
    values: list[Any]
    if pa.types.is_dictionary(kind):
        values = array.dictionary_decode().to_pylist()
    elif pa.types.is_timestamp(kind):
        # Without the zone: Arrow's ticks are UTC then, and no name of a zone is looked up.
        zone = "" if kind.tz is None else "+00:00"
        times = array.cast(pa.timestamp(kind.unit)).cast(pa.timestamp("us"), safe=kind.unit != "ns")
        values = [None if t is None else t.isoformat() + zone for t in times.to_pylist()]
    elif pa.types.is_date(kind):
        values = [None if day is None else day.isoformat() for day in array.to_pylist()]
    elif pa.types.is_floating(kind):
        values = [None if v is None or v != v else v for v in array.to_pylist()]  # NaN
    else:
        values = array.to_pylist()
    return values


def _is_taken(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return _is_text(kind) or any(
        check(kind)
        for check in (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_boolean,
            pa.types.is_timestamp,
            pa.types.is_date,
            pa.types.is_null,
        )
    )


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or _is_view(kind))


def _is_view(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string_view(kind))


def _lengths(array: "pa.Array") -> NDArray[np.int64]:
    """Length that every text of an array claims, bytes; 0 where it is null or a lie."""
    import pyarrow as pa

    first, stop = array.offset, array.offset + len(array)
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(len(array), dtype=np.int64)
    if _is_view(array.type):
        words = np.frombuffer(buffer, np.int32, stop * _VIEW_BYTES // 4)
        lengths = words.reshape(-1, _VIEW_BYTES // 4)[first:, 0]
        missing = array.is_null().to_numpy(zero_copy_only=False)
        return np.clip(np.where(missing, 0, lengths), 0, None).astype(np.int64)
    width = np.int32 if pa.types.is_string(array.type) else np.int64
    offsets = np.frombuffer(buffer, width, stop + 1)[first:]
    return np.clip(np.diff(offsets), 0, _LONGEST).astype(np.int64)
