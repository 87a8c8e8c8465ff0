"""Messages of a protocol, made of a table when they are needed: no generated code lies about."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Fields = Sequence[str]
"""Fields of a message as `number type name`: `4 repeated int64 shape`, `5 map parameters`; a type
that begins with a capital is a message or an enumeration of the same package, `map` one of texts to
`InferParameter`, `oneof` before a type puts it into the message's only choice."""
Kind = Any
"""A class of messages."""
_SCALARS = descriptor_pb2.FieldDescriptorProto


def messages(
    package: str, tables: Mapping[str, Fields], enums: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Kind]:
    """Classes of messages by name.

    Args:
        package: the protocol's package.
        tables: fields by message; a message inside of another is `Outer.Inner`.
        enums: names of values by enumeration, in order from 0; `Outer.Inner` as well.
    """
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    made: dict[str, Any] = {}
    for name in sorted(tables, key=lambda each: each.count(".")):
        outer, _, own = name.rpartition(".")
        message = made[outer].nested_type.add() if outer else file.message_type.add()
        message.name, made[name] = own, message
    for name, values in (enums or {}).items():
        outer, _, own = name.rpartition(".")
        enum = made[outer].enum_type.add(name=own)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for name, fields in tables.items():
        for field in fields:
            _add(made[name], field, f".{package}.{name}", package, frozenset(enums or ()))
    # A pool of its own: clients in the same process bring the same names.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in tables
    }


def _add(message: Any, text: str, path: str, package: str, enums: frozenset[str]) -> None:
    number, *words, name = text.split()
    field = message.field.add(name=name, number=int(number))
    field.label = _SCALARS.LABEL_REPEATED if words[0] == "repeated" else _SCALARS.LABEL_OPTIONAL
    kind = words[-1]
    if kind == "map":
        entry = f"{name.title().replace('_', '')}Entry"
        inner = message.nested_type.add(name=entry)
        inner.options.map_entry = True
        _add(inner, "1 string key", "", package, enums)
        _add(inner, "2 InferParameter value", "", package, enums)
        field.label = _SCALARS.LABEL_REPEATED
        field.type, field.type_name = _SCALARS.TYPE_MESSAGE, f"{path}.{entry}"
        return
    if words[0] == "oneof":
        if not message.oneof_decl:
            message.oneof_decl.add(name="parameter_choice")
        field.oneof_index = 0
    if kind[0].isupper():
        field.type = _SCALARS.TYPE_ENUM if kind in enums else _SCALARS.TYPE_MESSAGE
        field.type_name = f".{package}.{kind}"
    else:
        field.type = getattr(_SCALARS, f"TYPE_{kind.upper()}")
