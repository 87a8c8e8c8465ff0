"""A body of an AWS API against the shape of its operation, all the way down.

botocore's own validator checks names, types and what is required, but neither enums nor patterns
nor the tagged unions; the service models have them all.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from numbers import Real
from typing import Any

import botocore.session
import regex
from botocore.model import OperationModel, ServiceModel, Shape

from tests.oracles.finding import Finding, judged

LAYER = "shapes"
_PATTERN_SECONDS = 2.0
_NUMBERS = {"integer": int, "long": int, "float": Real, "double": Real}
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def check(service: str, operation: str, body: Mapping[str, Any]) -> list[Finding]:
    """Everything that the service would refuse by its model alone.

    Args:
        service: as boto3 knows it, `sagemaker`.
        operation: `CreateEndpoint`.
        body: its input, members by their names at the API.
    """
    return check_shape(service, operation_of(service, operation).input_shape, body)


def check_shape(service: str, shape: Shape | None, body: Any, path: str = "") -> list[Finding]:
    """The same for one shape, for bodies that stand inside of others."""
    if shape is None:
        return [] if not body else [_found(path, "the operation takes nothing")]
    return list(_walk(shape, body, path))


@cache
def service_of(service: str) -> ServiceModel:
    """Model of a service."""
    return _session().get_service_model(service)


def operation_of(service: str, operation: str) -> OperationModel:
    """Model of an operation."""
    return service_of(service).operation_model(operation)


@cache
def services() -> tuple[str, ...]:
    """Names of all services."""
    return tuple(_session().get_available_services())


@cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path or "(body)", what=what)


def _walk(shape: Shape, value: Any, path: str) -> Iterator[Finding]:
    if not judged(value) or getattr(shape, "is_document_type", False):
        return
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        yield from _list(shape, value, path)
    elif kind == "map":
        yield from _map(shape, value, path)
    elif kind == "string":
        yield from _string(shape, value, path)
    elif kind in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, _NUMBERS[kind]):
            yield _found(path, f"{value!r} is no {kind}")
        else:
            yield from _range(shape, value, value, path)
    elif kind == "boolean" and not isinstance(value, bool):
        yield _found(path, f"{value!r} is no boolean")


def _structure(shape: Any, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield _found(path, f"{value!r} is no structure")
        return
    given = {name: item for name, item in value.items() if item is not None}
    for name in sorted(given.keys() - shape.members.keys()):
        near = ", ".join(shape.members)
        yield _found(f"{path}.{name}".lstrip("."), f"unknown member; there are {near}")
    for name in shape.required_members:
        # The SDKs fill these in themselves.
        if name not in given and not shape.members[name].metadata.get("idempotencyToken"):
            yield _found(f"{path}.{name}".lstrip("."), "is missing")
    if getattr(shape, "is_tagged_union", False) and len(given) != 1:
        yield _found(path, f"exactly one of {', '.join(shape.members)}, not {len(given)}")
    for name, item in given.items():
        if name in shape.members:
            yield from _walk(shape.members[name], item, f"{path}.{name}".lstrip("."))


def _list(shape: Any, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, (list, tuple)):
        yield _found(path, f"{value!r} is no list")
        return
    yield from _range(shape, len(value), f"a list of {len(value)}", path)
    for position, item in enumerate(value):
        yield from _walk(shape.member, item, f"{path}[{position}]")


def _map(shape: Any, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield _found(path, f"{value!r} is no map")
        return
    yield from _range(shape, len(value), f"a map of {len(value)}", path)
    for key, item in value.items():
        yield from _walk(shape.key, key, f"{path}.{key} (key)")
        yield from _walk(shape.value, item, f"{path}.{key}")


def _string(shape: Any, value: Any, path: str) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield _found(path, f"{value!r} is no string")
        return
    if shape.enum and value not in shape.enum:
        yield _found(path, f"{value!r} is none of {', '.join(shape.enum)}")
    yield from _range(shape, len(value), f"{_short(value)} of {len(value)} characters", path)
    pattern = shape.metadata.get("pattern")
    if pattern and not compiled(pattern).fullmatch(value, timeout=_PATTERN_SECONDS):
        yield _found(path, f"{_short(value)} does not match {pattern}")


def _range(shape: Any, size: float, shown: Any, path: str) -> Iterator[Finding]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _found(path, f"{shown} is less than {least}")
    if most is not None and size > most:
        yield _found(path, f"{shown} is more than {most}")


@cache
def compiled(pattern: str) -> regex.Pattern[str]:
    """A pattern of a service model, which is Java's: UTF-16, where a pair stands for one sign."""
    return regex.compile(_PAIR.sub(_joined, pattern))


def _joined(pair: "re.Match[str]") -> str:
    high, low = (int(half, 16) for half in pair.groups())
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"


def _short(value: str) -> str:
    return repr(value if len(value) <= 80 else f"{value[:77]}...")
