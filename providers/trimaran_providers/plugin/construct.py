"""Construct: the engine's camelCase inputs become the spec, and the spec a component."""

import asyncio
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
from google.protobuf.struct_pb2 import Struct, Value
from pulumi.resource import DependencyResource
from pydantic import BaseModel

from trimaran_providers.contract.errors import Problem
from trimaran_providers.plugin.shape import Listing, Record, Scalar, Shape, Table, shapes_of
from trimaran_providers.plugin.wire import KEY, OUTPUT, SECRET, UNKNOWN, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value with what the engine says about it.

    Attributes:
        value: plain, or mappings and lists of `Given`; None while it is not known.
        known: whether it is known already.
        secret: whether it is a secret.
        depends_on: URNs of the resources it comes from.
    """

    value: Any
    known: bool = True
    secret: bool = False
    depends_on: frozenset[str] = frozenset()

    def within(self, outer: "Given") -> "Given":
        """The same with the marks of the value that it is a part of."""
        return replace(
            self,
            secret=self.secret or outer.secret,
            depends_on=self.depends_on | outer.depends_on,
        )

    def output(self) -> pulumi.Output[Any]:
        """As a Pulumi output."""
        resources: set[pulumi.Resource] = {DependencyResource(urn) for urn in self.depends_on}
        return pulumi.Output(
            _done(resources), _done(self.value), _done(self.known), _done(self.secret)
        )


def read_inputs(inputs: Struct, depends_on: Mapping[str, frozenset[str]]) -> dict[str, Given]:
    """Read the inputs of a component.

    Args:
        inputs: as the engine sent them.
        depends_on: URNs that an input as a whole depends on, by its name.
    """
    return {
        name: _read(value).within(Given(value=None, depends_on=depends_on.get(name, frozenset())))
        for name, value in inputs.fields.items()
        if not name.startswith("__")
    }


class SpecReader:
    """Reads the engine's values into what the models want, and collects every problem.

    Attributes:
        problems: what is wrong so far; paths are as the user of the engine writes them.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def record(
        self, model: type[BaseModel], given: Mapping[str, Given], path: str = ""
    ) -> dict[str, Any]:
        """Values by field name."""
        shapes = shapes_of(model)
        values = {}
        for wire, item in given.items():
            place = f"{path}.{wire}" if path else wire
            if wire not in shapes:
                self._refuse(place, "there is no such field", _near(wire, list(shapes)))
                continue
            name, shape = shapes[wire]
            values[name] = self._value(shape, item, place)
        return values

    def _value(self, shape: Shape, given: Given, path: str) -> Any:
        if isinstance(shape, Scalar) and shape.linkable:
            marked = given.secret or given.depends_on or not given.known
            return given.output() if marked else given.value
        if not given.known:
            self._refuse(
                path,
                "is known only during the update, but decides which resources there are",
                "a value that is known at preview",
            )
            return None
        if isinstance(given.value, dict):
            return self._fields(shape, given, path)
        if isinstance(given.value, list):
            item = shape.item if isinstance(shape, Listing) else shape
            return [
                self._value(item, part.within(given), f"{path}[{index}]")
                for index, part in enumerate(given.value)
            ]
        if given.secret:
            self._refuse(
                path,
                "is a secret, but this field is kept in plain text",
                "a plain value; name secrets in `secrets`",
            )
        return given.value

    def _fields(self, shape: Shape, given: Given, path: str) -> dict[str, Any]:
        parts = {key: part.within(given) for key, part in given.value.items()}
        if isinstance(shape, Record):
            return self.record(shape.model, parts, path)
        item = shape.item if isinstance(shape, Table) else shape
        return {key: self._value(item, part, f"{path}.{key}") for key, part in parts.items()}

    def _refuse(self, path: str, what: str, allowed: str) -> None:
        self.problems.append(Problem(path=path, what=what, allowed=allowed))


def wire_path(model: type[BaseModel], path: str) -> str:
    """A dotted path of field names as the user of the engine writes it."""
    return ".".join(_wire_parts(Record(model), path.split(".")))


def _wire_parts(shape: Shape, parts: list[str]) -> Iterator[str]:
    for part in parts:
        name, bracket, index = part.partition("[")
        if isinstance(shape, Listing):
            shape = shape.item
        if name.isdigit():
            yield part
            continue
        if isinstance(shape, Record):
            found = {
                field: (wire, inner) for wire, (field, inner) in shapes_of(shape.model).items()
            }
            name, shape = found.get(name, (name, Scalar((str,))))
        elif isinstance(shape, Table):
            shape = shape.item
        yield f"{name}{bracket}{index}"


def _read(value: Value) -> Given:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _read_struct(value.struct_value)
    if kind == "list_value":
        return Given(value=[_read(item) for item in value.list_value.values])
    if kind == "number_value":
        return Given(value=whole(value.number_value))
    if kind == "string_value" and value.string_value == UNKNOWN:
        return Given(value=None, known=False)
    if kind == "string_value":
        return Given(value=value.string_value)
    return Given(value=value.bool_value if kind == "bool_value" else None)


def _read_struct(struct: Struct) -> Given:
    signature = struct.fields[KEY].string_value if KEY in struct.fields else ""
    if signature == SECRET:
        return _read(struct.fields["value"]).within(Given(value=None, secret=True))
    if signature == OUTPUT:
        urns = struct.fields["dependencies"].list_value.values
        marks = Given(
            value=None,
            secret=struct.fields["secret"].bool_value,
            depends_on=frozenset(urn.string_value for urn in urns),
        )
        known = "value" in struct.fields
        inner = _read(struct.fields["value"]) if known else Given(value=None, known=False)
        return inner.within(marks)
    return Given(value={name: _read(item) for name, item in struct.fields.items()})


def _near(word: str, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, n=1)
    return f"{close[0]} (did you mean that?)" if close else ", ".join(words)


def _done(value: Any) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future
