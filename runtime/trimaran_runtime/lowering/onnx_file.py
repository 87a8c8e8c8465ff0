"""What an ONNX model may hold: looked at in its bytes, before anything is built of them.

A model that a server loads reads no file beside it and calls no library of somebody's own. The
`onnx` package is not there to ask: field numbers are those of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (read 2026-11-25), the encoding is
https://protobuf.dev/programming-guides/encoding/ (read 2026-11-25).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MOST_BYTES = 256 << 20
"""Largest model."""
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
"""Whose operators it may use: those of the standard."""
_MOST_DEPTH = 64
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_MOST_VARINT = 10


class RefusedModel(ValueError):
    """An ONNX model that is not loaded; the message says why."""


@dataclass(frozen=True, slots=True)
class _Message:
    """What is looked at in a kind of message.

    Attributes:
        inner: the messages in it, by field number.
        domains: fields that hold the domain of an operator.
        refused: fields that may not be there, and what they are.
    """

    inner: Mapping[int, str] = field(default_factory=dict)
    domains: frozenset[int] = frozenset()
    refused: Mapping[int, str] = field(default_factory=dict)


_MESSAGES: Mapping[str, _Message] = {
    "model": _Message({7: "graph", 25: "function"}, refused={20: "training"}),
    "graph": _Message({1: "node", 5: "tensor", 15: "sparse"}),
    "node": _Message({5: "attribute"}, domains=frozenset({7})),
    "attribute": _Message(
        {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"}
    ),
    "function": _Message({7: "node", 11: "attribute"}),
    "sparse": _Message({1: "tensor", 2: "tensor"}),
    "tensor": _Message(refused={13: "data outside of it"}),
}
_LOCATION = 14
"""Field of a tensor: 0, its data are in it; 1, they are in another file."""


def check_model(content: bytes) -> None:
    """Refuse an ONNX model that reaches outside of itself.

    Raises:
        RefusedModel: it is too large, no ONNX model, trained further, or it names data in other
            files or operators that are not the standard's.
    """
    if len(content) > MOST_BYTES:
        raise RefusedModel(f"it has {len(content):,} bytes, of at most {MOST_BYTES:,}")
    kinds = _walk(memoryview(content), "model", 0)
    if "graph" not in kinds:
        raise RefusedModel("it is no ONNX model: there is no graph")


def _walk(content: memoryview, kind: str, depth: int) -> set[str]:
    """The kinds of messages directly in one."""
    if depth > _MOST_DEPTH:
        raise RefusedModel(f"its graphs lie deeper than {_MOST_DEPTH} in each other")
    message, found = _MESSAGES[kind], set()
    for number, value in _fields(content):
        if number in message.refused:
            raise RefusedModel(f"it holds {message.refused[number]}")
        if kind == "tensor" and number == _LOCATION and value:
            raise RefusedModel("it holds data outside of it")
        if not isinstance(value, memoryview):
            continue
        if number in message.domains and (name := bytes(value).decode(errors="replace")):
            if name not in DOMAINS:
                raise RefusedModel(f"it uses an operator of {name!r}, not of the standard")
        elif number in message.inner:
            inner = message.inner[number]
            found.add(inner)
            _walk(value, inner, depth + 1)
    return found


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Number and value of each field of a message; fixed ones are told as 0."""
    at, end = 0, len(content)
    while at < end:
        tag, at = _varint(content, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(content, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(content, at)
        elif wire in {_FIXED_32, _FIXED_64}:
            size = 4 if wire == _FIXED_32 else 8
        else:
            raise RefusedModel("it is no ONNX model")
        if size > end - at:
            raise RefusedModel("it is no ONNX model, or cut short")
        yield number, content[at : at + size] if wire == _BYTES else 0
        at += size


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_MOST_VARINT):
        if at + place >= len(content):
            break
        byte = content[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise RefusedModel("it is no ONNX model, or cut short")
