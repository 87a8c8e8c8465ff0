"""Files of lowered models: data only, the same bytes for the same model.

The layout is that of safetensors (https://github.com/huggingface/safetensors, "Format", read
2026-11): the length of a header in 8 bytes, the header in JSON with type, shape and place of each
array, then the arrays, little-endian. What the arrays are for is JSON under `model` in
`__metadata__`. Reading allocates no more than the file is long, and builds nothing but the classes
below.
"""

import json
import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.lowering.answer import Linear, Trees
from trimaran_runtime.lowering.forest import Forest
from trimaran_runtime.lowering.graph import Graph
from trimaran_runtime.lowering.lowered import Lowered, Part
from trimaran_runtime.lowering.matrix import (
    Divide,
    Fill,
    Finite,
    InfiniteIsMissing,
    Recode,
    Shift,
    Single,
    Spread,
)
from trimaran_runtime.lowering.ranks import Rank
from trimaran_runtime.lowering.reader import Calendar, Levels, Numbers, OneHot, Ordinal

VERSION = "1"
"""Of the layout of `model`; a reader refuses any other."""
_CLASSES: Mapping[str, type[Any]] = {
    each.__name__: each
    for each in (
        Calendar,
        Divide,
        Fill,
        Finite,
        Forest,
        Graph,
        InfiniteIsMissing,
        Levels,
        Linear,
        Lowered,
        Numbers,
        OneHot,
        Ordinal,
        Part,
        Rank,
        Recode,
        Shift,
        Single,
        Spread,
        Trees,
    )
}
_TYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "I32": np.dtype("<i4"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}
_CLASS, _ARRAY, _FLOAT = "class", "array", "float"
_LENGTH_BYTES = 8
_ODD = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def dump(lowered: Lowered) -> bytes:
    """The bytes of a lowered model."""
    arrays: list[np.ndarray[Any, Any]] = []
    model = _plain(lowered, arrays)
    header: dict[str, Any] = {"__metadata__": {"version": VERSION, "model": _json(model)}}
    start = 0
    for number, array in enumerate(arrays):
        end = start + array.nbytes
        header[str(number)] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
        start = end
    head = _json(header).encode()
    # So that arrays of floats begin at a multiple of their size.
    head += b" " * (-len(head) % _LENGTH_BYTES)
    return b"".join(
        [len(head).to_bytes(_LENGTH_BYTES, "little"), head, *(each.tobytes() for each in arrays)]
    )


def load(content: bytes) -> Lowered:
    """A lowered model from its bytes.

    Raises:
        Corrupted: it is no such file, or its parts do not fit together.
    """
    try:
        length = int.from_bytes(content[:_LENGTH_BYTES], "little")
        body = _LENGTH_BYTES + length
        if body > len(content):
            raise ValueError("it is cut short")
        header = json.loads(content[_LENGTH_BYTES:body])
        metadata = header.pop("__metadata__")
        if metadata["version"] != VERSION:
            raise ValueError(f"it is of version {metadata['version']}, not {VERSION}")
        data = memoryview(content)[body:]
        arrays = {name: _array(data, **entry) for name, entry in header.items()}
        return _checked(_built(json.loads(metadata["model"]), arrays))
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as exc:
        raise Corrupted(
            f"the lowered model cannot be read: {exc}",
            where="model",
            next_step="serve the original (`lowered: false`), or run the pipeline again",
        ) from exc


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _plain(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, np.ndarray):
        arrays.append(np.ascontiguousarray(value))
        return {_ARRAY: str(len(arrays) - 1)}
    if is_dataclass(value):
        plain = {field.name: _plain(getattr(value, field.name), arrays) for field in fields(value)}
        return {_CLASS: type(value).__name__, **plain}
    if isinstance(value, tuple):
        return [_plain(each, arrays) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: repr(value)}
    return value


def _built(plain: Any, arrays: Mapping[str, Any]) -> Any:
    if isinstance(plain, list):
        return tuple(_built(each, arrays) for each in plain)
    if not isinstance(plain, dict):
        return plain
    if _ARRAY in plain:
        return arrays[plain[_ARRAY]]
    if _FLOAT in plain:
        return _ODD[plain[_FLOAT]]
    cls = _CLASSES[plain[_CLASS]]
    given = {name: _built(each, arrays) for name, each in plain.items() if name != _CLASS}
    hints = get_type_hints(cls)
    for name, value in given.items():
        if not _fits(value, hints[name]):
            raise ValueError(f"{cls.__name__} has a {name} of {type(value).__name__}")
    return cls(**given)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a field's type; protocols take any of the known classes."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is types.UnionType:
        return any(_fits(value, each) for each in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(each, inner[0]) for each in value)
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and value.dtype == get_args(inner[1])[0]
    if hint is float:
        return type(value) in {int, float}
    if getattr(hint, "_is_protocol", False):
        return is_dataclass(value) and isinstance(value, hint)
    return value in inner if inner else type(value) is hint


def _array(data: memoryview, dtype: str, shape: list[int], data_offsets: list[int]) -> Any:
    kind, (start, end) = _TYPES[dtype], data_offsets
    count = math.prod(shape)
    if min(shape, default=0) < 0 or not 0 <= start <= end <= len(data):
        raise ValueError("an array lies outside of it")
    if count * kind.itemsize != end - start:
        raise ValueError("an array is not as long as its shape says")
    if kind == np.bool_:
        read = np.frombuffer(data[start:end], dtype=np.uint8)
        return (read != 0).reshape(shape)
    return np.frombuffer(data[start:end], dtype=kind).reshape(shape)


def _checked(lowered: Any) -> Lowered:
    if not isinstance(lowered, Lowered):
        raise ValueError("it holds no model")
    return lowered
