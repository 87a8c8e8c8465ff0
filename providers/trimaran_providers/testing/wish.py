"""A spec that wishes for one field and nothing else: what a cloud is asked about it."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from trimaran_providers.contract.spec import StackSpec

ANY = "any value"
"""Stands for a value where the cloud speaks of the field, whatever it holds."""


def wish_for(key: str) -> StackSpec:
    """A spec in which one field alone is set; its value need not be one that the field takes.

    Args:
        key: `path`, or `path=value` for a member of a closed set, as in a table of capabilities.
    """
    path, is_member, text = key.partition("=")
    parts = path.split(".")
    wished = _set(StackSpec, parts, text if is_member else None)
    assert isinstance(wished, StackSpec)
    return wished


def _set(model: type[BaseModel], parts: list[str], member: str | None) -> BaseModel:
    name, *below = parts
    annotation = model.model_fields[name].annotation
    section = _section(annotation)
    value: Any = _value(annotation, member)
    if section is not None and member is None:
        # A whole section is wished for by its first field.
        value = _set(section, below or [next(iter(section.model_fields))], member)
    elif section is not None and below:
        value = _set(section, below, member)
    return model.model_construct({name}, **{name: _contained(annotation, value)})


def _contained(annotation: Any, value: Any) -> Any:
    if not isinstance(value, BaseModel):
        return value
    for form in (annotation, *get_args(annotation)):
        origin = get_origin(form)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"name": value}
        if isinstance(origin, type) and issubclass(origin, (tuple, list)):
            return (value,)
    return value


def _value(annotation: Any, member: str | None) -> Any:
    if member is None:
        return ANY
    if member in {"true", "false"}:
        return member == "true"
    if member == "none":
        return None
    kind = _enum(annotation)
    return kind(member) if kind else member


def _section(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_section(argument) for argument in get_args(annotation))
    return next((model for model in found if model is not None), None)


def _enum(annotation: Any) -> type[Enum] | None:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation
    found = (_enum(argument) for argument in get_args(annotation))
    return next((kind for kind in found if kind is not None), None)
