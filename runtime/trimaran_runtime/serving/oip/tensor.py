"""Input tensors of a request."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.oip import elements
from trimaran_runtime.serving.oip.datatype import DATATYPES, Datatype
from trimaran_runtime.serving.oip.envelope import HEADER_LENGTH
from trimaran_runtime.serving.oip.parameters import Parameters

_SIZE = "binary_data_size"
_SHAPES = "[rows], [rows, 1], or [rows, columns]"


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input.

    Attributes:
        name: name of the tensor.
        shape: `(n,)` or `(n, d)`, n and d at least 1.
        values: elements in row-major order, None where missing.
    """

    name: str
    shape: tuple[int, ...]
    values: list[Any]


def tensors(inputs: Any, rest: memoryview, max_rows: int) -> list[Tensor]:
    """The inputs of a request.

    Args:
        inputs: `inputs` of the JSON object.
        rest: the bytes after it.
        max_rows: most rows.

    Raises:
        Refusal: 400 or 413, with the reason.
    """
    if not isinstance(inputs, list) or not inputs:
        raise Refusal(
            400,
            "there are no inputs",
            where="inputs",
            allowed='[{"name": …, "shape": […], "datatype": …, "data": […]}, …]',
        )
    found = list(_read(inputs, rest, max_rows))
    names = [tensor.name for tensor in found]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Refusal(400, "an input is given twice", where="inputs", given=twice)
    return found


def _read(inputs: list[Any], rest: memoryview, max_rows: int) -> Iterator[Tensor]:
    at = 0
    for number, given in enumerate(inputs):
        where = f"inputs[{number}]"
        if not isinstance(given, dict):
            raise Refusal(400, f"{where} is no object", where=where, allowed="a tensor")
        name = given.get("name")
        if not isinstance(name, str):
            raise Refusal(400, f"{where} has no name", where=f"{where}.name", allowed="text")
        datatype = _datatype(given.get("datatype"), where)
        shape = _shape(given.get("shape"), where, max_rows)
        size = Parameters(given, where).whole(_SIZE) if "parameters" in given else None
        if size is None:
            values = elements.from_json(given.get("data"), datatype, shape, where)
        else:
            if "data" in given:
                raise Refusal(400, f"{where} has both data and binary data", where=where)
            if size > len(rest) - at:
                raise _not_there(size, len(rest) - at, where)
            values = elements.from_bytes(rest[at : at + size], datatype, shape, where)
            at += size
        yield Tensor(name, shape, values)
    if at != len(rest):
        raise Refusal(
            400,
            "the body is longer than its tensors",
            where="body",
            given=len(rest),
            allowed=f"{at} bytes after the JSON object, the sum of {_SIZE}",
        )


def _datatype(given: Any, where: str) -> Datatype:
    if not isinstance(given, str) or given not in DATATYPES:
        raise Refusal(
            400,
            "unknown datatype",
            where=f"{where}.datatype",
            given=given,
            allowed=", ".join(DATATYPES),
        )
    return DATATYPES[given]


def _shape(given: Any, where: str, max_rows: int) -> tuple[int, ...]:
    where = f"{where}.shape"
    # True is an int to Python.
    if not isinstance(given, list) or not all(type(size) is int for size in given):
        raise Refusal(400, "the shape is no list of whole numbers", where=where, allowed=_SHAPES)
    if len(given) not in {1, 2} or min(given) < 0:
        raise Refusal(400, "unsupported shape", where=where, given=given, allowed=_SHAPES)
    if given[0] == 0:
        raise Refusal(400, "there is no row", where=where, allowed="at least one row")
    if given[0] > max_rows:
        raise Refusal(
            413,
            "too many rows in one request",
            where=where,
            given=given[0],
            allowed=f"at most {max_rows}",
        )
    return tuple(given)


def _not_there(size: int, left: int, where: str) -> Refusal:
    return Refusal(
        400,
        f"the binary data of {where} are not there",
        where=f"{where}.parameters.{_SIZE}",
        given=size,
        allowed=f"at most the {left} bytes that are left after the JSON object, whose length "
        f"the header {HEADER_LENGTH} gives",
    )
