"""Property values as the engine sends them: a protobuf `Struct` in which secrets and unknowns hide.

Only the top level is told apart: a property that holds a secret anywhere is secret as a whole, and
one that holds an unknown anywhere is unknown as a whole.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime import rpc

# How the engine marks a mapping that is something else, and text that stands for an unknown.
KEY = rpc._special_sig_key
SECRET, OUTPUT = rpc._special_secret_sig, rpc._special_output_value_sig
UNKNOWN = rpc.UNKNOWN
_EXACT = 2**53
"""Whole numbers up to here survive the engine's doubles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """Properties of a resource, by their names at the engine.

    Attributes:
        values: what is known, as plain Python values; whole numbers are ints again.
        secrets: names of properties that hold a secret.
        unknown: names of properties that are known only during the update.
        raw: the properties as they came.
    """

    values: Mapping[str, Any]
    secrets: frozenset[str]
    unknown: frozenset[str]
    raw: Struct


def decode(properties: Struct) -> Properties:
    """Read what the engine sent; names that begin with `__` are the SDKs' own and left out."""
    values, secrets, unknown = {}, set(), set()
    for name, raw in properties.fields.items():
        if name.startswith("__"):
            continue
        marks = _Marks()
        value = marks.plain(raw)
        if marks.secret:
            secrets.add(name)
        if marks.unknown:
            unknown.add(name)
        else:
            values[name] = value
    return Properties(
        values=values,
        secrets=frozenset(secrets),
        unknown=frozenset(unknown),
        raw=properties,
    )


def encode(values: Mapping[str, Any], secrets: Collection[str] = ()) -> Struct:
    """Write properties for the engine; those named in `secrets` are marked."""
    struct = Struct()
    struct.update(
        {
            name: {KEY: SECRET, "value": value} if name in secrets else value
            for name, value in values.items()
        }
    )
    return struct


class _Marks:
    """Takes the marks off a value and remembers having seen them."""

    def __init__(self) -> None:
        self.secret = self.unknown = False

    def plain(self, value: Value) -> Any:
        kind = value.WhichOneof("kind")
        if kind == "struct_value":
            return self._mapping(value.struct_value)
        if kind == "list_value":
            return [self.plain(item) for item in value.list_value.values]
        if kind == "string_value":
            self.unknown = self.unknown or value.string_value == UNKNOWN
            return value.string_value
        if kind == "number_value":
            return whole(value.number_value)
        return value.bool_value if kind == "bool_value" else None

    def _mapping(self, struct: Struct) -> Any:
        signature = struct.fields[KEY].string_value if KEY in struct.fields else ""
        if signature == SECRET:
            self.secret = True
            return self.plain(struct.fields["value"])
        if signature == OUTPUT:
            self.secret = self.secret or struct.fields["secret"].bool_value
            if "value" not in struct.fields:
                self.unknown = True
                return None
            return self.plain(struct.fields["value"])
        return {name: self.plain(item) for name, item in struct.fields.items()}


def whole(number: float) -> int | float:
    """The engine knows only doubles: a whole number was an int, or reads as well as one."""
    if number.is_integer() and abs(number) <= _EXACT:
        return int(number)
    return number
