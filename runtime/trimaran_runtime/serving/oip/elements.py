"""Elements of a tensor, from JSON or from bytes: values as JSON would give them, None if missing.

Both ways give the same values: a number of an FP32 tensor is rounded to FP32 in JSON too.
"""

import math
import struct
from itertools import chain
from typing import Any

import numpy as np

from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.oip.datatype import FP64, Datatype

_LENGTH = struct.Struct("<I")


def from_json(data: Any, datatype: Datatype, shape: tuple[int, ...], where: str) -> list[Any]:
    """Elements in row-major order.

    Args:
        data: flat, or nested as the shape is.
        datatype: what the elements are.
        shape: `(n,)` or `(n, d)`.
        where: the tensor, for errors.

    Raises:
        Refusal: 400, the data do not fit the shape or the datatype.
    """
    values = _flat(data, shape, where)
    found = set(map(type, values))
    found.discard(type(None))
    if not found <= datatype.json:
        row = next(
            i for i, v in enumerate(values) if v is not None and type(v) not in datatype.json
        )
        raise _bad_element(values[row], row, datatype, where)
    if datatype.limits is not None:
        _check_range(values, datatype, datatype.limits, where)
        return values
    if datatype.is_float and datatype is not FP64:
        return _rounded(values, datatype, where)
    return values


def from_bytes(
    content: memoryview, datatype: Datatype, shape: tuple[int, ...], where: str
) -> list[Any]:
    """Elements in row-major order.

    Args:
        content: exactly the tensor's bytes.
        datatype: what the elements are.
        shape: `(n,)` or `(n, d)`.
        where: the tensor, for errors.

    Raises:
        Refusal: 400, the bytes do not fit the shape or the datatype.
    """
    count = math.prod(shape)
    if datatype.dtype is None:
        return _texts(content, count, where)
    expected = count * datatype.dtype.itemsize
    if len(content) != expected:
        raise Refusal(
            400,
            f"the binary data of {where} do not fit its shape",
            where=where,
            given=len(content),
            allowed=f"{expected} bytes: {count} elements of {datatype.name}",
        )
    array = np.frombuffer(content, dtype=datatype.dtype)
    if datatype.is_float:
        return _numbers(array.astype(np.float64), datatype, where)
    if datatype.limits is not None:
        return list(array.tolist())
    if (array > 1).any():
        row = int((array > 1).argmax())
        raise _bad_element(int(array[row]), row, datatype, where)
    return list(array.astype(np.bool_).tolist())


def to_bytes(values: list[Any], datatype: Datatype) -> bytes:
    """Elements of an output as bytes."""
    if datatype.dtype is not None:
        return np.array(values, dtype=datatype.dtype).tobytes()
    texts = [value.encode() for value in values]
    return b"".join(chain.from_iterable((_LENGTH.pack(len(text)), text) for text in texts))


def _flat(data: Any, shape: tuple[int, ...], where: str) -> list[Any]:
    count = math.prod(shape)
    if not isinstance(data, list):
        raise Refusal(400, f"the data of {where} are missing", where=where, allowed="a list")
    if len(shape) == 2 and data and type(data[0]) is list:
        wide = [row for row in data if type(row) is not list or len(row) != shape[1]]
        if len(data) != shape[0] or wide:
            raise Refusal(
                400,
                f"the data of {where} do not fit its shape",
                where=where,
                given=len(data),
                allowed=f"{shape[0]} lists of {shape[1]}",
            )
        return list(chain.from_iterable(data))
    if len(data) != count:
        raise Refusal(
            400,
            f"the data of {where} do not fit its shape",
            where=where,
            given=len(data),
            allowed=f"{count} elements",
        )
    return data


def _check_range(
    values: list[Any], datatype: Datatype, limits: tuple[int, int], where: str
) -> None:
    low, high = limits
    for row, value in enumerate(values):
        if value is not None and not low <= value <= high:
            raise _bad_element(value, row, datatype, where)


def _rounded(values: list[Any], datatype: Datatype, where: str) -> list[Any]:
    wide = np.array(values, dtype=np.float64)
    with np.errstate(over="ignore"):
        narrow = wide.astype(datatype.dtype).astype(np.float64)
    beyond = np.isinf(narrow) & np.isfinite(wide)
    if beyond.any():
        row = int(beyond.argmax())
        raise _bad_element(values[row], row, datatype, where)
    return _numbers(narrow, datatype, where)


def _numbers(array: "np.ndarray[Any, Any]", datatype: Datatype, where: str) -> list[Any]:
    """Finite numbers as they are, NaN as None."""
    values: list[Any] = array.tolist()
    finite = np.isfinite(array)
    if finite.all():
        return values
    infinite = np.isinf(array)
    if infinite.any():
        row = int(infinite.argmax())
        raise _bad_element(str(values[row]), row, datatype, where)
    for row in np.flatnonzero(~finite).tolist():
        values[row] = None
    return values


def _texts(content: memoryview, count: int, where: str) -> list[Any]:
    texts: list[Any] = []
    at, end = 0, len(content)
    while at < end and len(texts) < count:
        start = at + _LENGTH.size
        size = _LENGTH.unpack_from(content, at)[0] if start <= end else end
        if size > end - start:
            break
        try:
            texts.append(str(content[start : start + size], "utf-8"))
        except UnicodeDecodeError:
            raise Refusal(
                400, f"element {len(texts)} of {where} is not UTF-8", where=where, allowed="UTF-8"
            ) from None
        at = start + size
    if at != end or len(texts) != count:
        raise Refusal(
            400,
            f"the binary data of {where} do not fit its shape",
            where=where,
            given=end,
            allowed=f"{count} elements, each 4 bytes of length and that many bytes of text",
        )
    return texts


def _bad_element(value: Any, row: int, datatype: Datatype, where: str) -> Refusal:
    return Refusal(
        400,
        f"element {row} of {where} is no {datatype.name}",
        where=where,
        given=value,
        allowed=f"{datatype.allowed}, or null",
    )
