"""From a rendered resource to the calls of the AWS API that the provider makes of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import Shape

from tests.oracles import api_table, botocore_shapes
from tests.oracles.finding import Finding, Rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of an API.

    Attributes:
        service: as boto3 knows it.
        operation: name of the operation.
        body: its input.
    """

    service: str
    operation: str
    body: Mapping[str, Any]


def check(resource: Rendered) -> list[Finding]:
    """Everything that the services would refuse of a resource by their models."""
    found: list[Finding] = []
    for call in calls_of(resource):
        for finding in botocore_shapes.check(call.service, call.operation, call.body):
            path = f"{call.operation}.{finding.path}"
            found.append(Finding(layer=finding.layer, path=path, what=finding.what))
    return found


def calls_of(resource: Rendered) -> Iterator[Call]:
    """The calls that create a resource; none for a type that the table does not have."""
    for service, operation, arrange in api_table.CALLS.get(resource.type, ()):
        arranged = arrange({k: v for k, v in resource.inputs.items() if v is not None})
        if arranged is None:
            continue
        shape = botocore_shapes.operation_of(service, operation).input_shape
        yield Call(service=service, operation=operation, body=_converted(shape, arranged))


def unmapped(resources: list[Rendered]) -> frozenset[str]:
    """Types of AWS resources among these whose API bodies nobody looks at."""
    asked = {r.type for r in resources if r.type.startswith("aws:")}
    return frozenset(asked - api_table.CALLS.keys())


def _converted(shape: Any, value: Any) -> Any:
    """A value with the API's names; what the shape has no name for stays, to be found there."""
    kind = shape.type_name
    convert = _CONVERTERS.get(kind)
    return convert(shape, value) if convert else value


def _structure(shape: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    names = {name.lower(): name for name in shape.members}
    converted = {}
    for key, item in value.items():
        name = names.get(key.lower())
        if name is None:
            converted[key] = item
        else:
            converted[name] = _converted(shape.members[name], item)
    return converted


def _list(shape: Any, value: Any) -> Any:
    if isinstance(value, Mapping):
        value = _pairs(shape.member, value)
    if not isinstance(value, (list, tuple)):
        return value
    return [_converted(shape.member, item) for item in value]


def _pairs(member: Shape, value: Mapping[str, Any]) -> Any:
    """Tags, dimensions and the like: a map there, a list of pairs here."""
    names = {name.lower(): name for name in getattr(member, "members", {})}
    key = names.get("key") or names.get("name") or names.get("tagkey")
    content = names.get("value") or names.get("tagvalue")
    if key is None or content is None:
        return value
    return [{key: name, content: item} for name, item in value.items()]


def _map(shape: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _converted(shape.value, item) for key, item in value.items()}


_CONVERTERS: dict[str, Callable[[Any, Any], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
}
