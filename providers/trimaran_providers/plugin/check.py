"""Check: are these inputs right, and what are they with every default filled in."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pydantic import BaseModel, ValidationError, create_model
from pydantic_core import ErrorDetails

from trimaran_providers.contract.handler import ResourceModel
from trimaran_providers.plugin.properties import (
    secret_names,
    to_properties,
    wire_name,
    wire_names,
)
from trimaran_providers.plugin.wire import Properties, encode

_SHOWN = 80
"""Characters of a wrong value that a message shows."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that is wrong.

    Attributes:
        path: property path at the engine; empty when the inputs do not fit together.
        reason: what is wrong, what was given, what is allowed.
    """

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


def check(model: type[ResourceModel], given: Properties) -> tuple[Struct, tuple[Failure, ...]]:
    """Validate inputs; unknown ones count as right.

    Returns:
        The checked inputs with every default filled in, and what is wrong with them.
    """
    try:
        values = to_properties(_judged(model, given.unknown).model_validate(given.values))
    except ValidationError as error:
        return given.raw, tuple(_failure(model, detail, given) for detail in error.errors())
    known = {name: value for name, value in values.items() if name not in given.unknown}
    checked = encode(known, given.secrets | secret_names(model))
    for name in given.unknown:
        checked.fields[name].CopyFrom(given.raw.fields[name])
    return checked, ()


def normal(model: type[ResourceModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as `check` would give them; as they are when they do not fit the model any more."""
    try:
        return to_properties(model.model_validate(values))
    except ValidationError:
        return dict(values)


@lru_cache
def _judged(model: type[ResourceModel], unknown: frozenset[str]) -> type[BaseModel]:
    """The model to judge by: while an input is unknown, every known field on its own.

    Validators of the model as a whole are left out then: they would see a value that is not there.
    """
    if not unknown:
        return model
    fields: dict[str, Any] = {
        name: (Any, None) if wire_name(name, field) in unknown else (field.annotation, field)
        for name, field in model.model_fields.items()
    }
    return create_model(model.__name__, __config__=model.model_config, **fields)


def _failure(model: type[ResourceModel], detail: ErrorDetails, given: Properties) -> Failure:
    place = detail["loc"]
    secret = bool(place) and place[0] in given.secrets | secret_names(model)
    return Failure(property_path(place), reason_of(detail, model, secret=secret))


def property_path(place: Sequence[int | str]) -> str:
    """A property path as the engine writes it: `columns[0].type`."""
    path = ""
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def reason_of(detail: ErrorDetails, model: type[BaseModel], *, secret: bool = False) -> str:
    """One sentence on what is wrong with an input; a secret's value is not shown."""
    kind, place = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        allowed = sorted(wire_names(model).values())
        close = difflib.get_close_matches(str(place[-1]), allowed, n=1)
        if len(place) == 1 and close:
            return f"there is no such input; did you mean {close[0]}?"
        if len(place) == 1:
            return f"there is no such input; allowed: {', '.join(allowed)}"
        return "there is no such field"
    if kind == "missing":
        return "is required"
    message = detail["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    given = repr(detail["input"])
    if secret or not place or isinstance(detail["input"], (Mapping, BaseModel)):
        return message
    return f"{message}, given {given[:_SHOWN]}{'…' if len(given) > _SHOWN else ''}"
