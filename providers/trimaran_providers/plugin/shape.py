"""Shapes of fields: what the engine's side needs to know of a pydantic annotation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from trimaran_providers.contract.spec.linkable import Linkable

_LINK = get_args(Linkable)[1]


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value.

    Attributes:
        types: what it may be: some of str, int, float, bool, or an enum.
        linkable: whether another resource may supply it.
    """

    types: tuple[type, ...]
    linkable: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A model with fields of its own."""

    model: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Listing:
    """Items in order."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class Table:
    """Values by keys that the user chooses; the keys stay as they are."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class Anything:
    """A value of any shape."""


Shape = Scalar | Record | Listing | Table | Anything


@lru_cache
def shapes_of(model: type[BaseModel]) -> dict[str, tuple[str, Shape]]:
    """Field name and shape by the name at the engine."""
    shapes = {}
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if _LINK in field.metadata:
            annotation = Annotated[annotation, _LINK]  # type: ignore[assignment]
        shapes[field.alias or to_camel(name)] = (name, shape_of(annotation))
    return shapes


def shape_of(annotation: Any) -> Shape:
    """Shape of an annotation; whether it may be None is left aside."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        shape = shape_of(inner[0])
        linked = isinstance(shape, Scalar) and _LINK in inner[1:]
        return Scalar(shape.types, linkable=True) if linked else shape  # type: ignore[union-attr]
    if origin in (Union, UnionType):
        return _union([shape_of(part) for part in inner if part is not NoneType])
    if origin is Literal:
        return Scalar(tuple(dict.fromkeys(type(value) for value in inner)))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Table(shape_of(inner[1]))
    if isinstance(origin, type) and issubclass(origin, (Sequence, frozenset, set)):
        return Listing(shape_of(inner[0]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Record(annotation)
    if isinstance(annotation, type) and issubclass(annotation, (str, int, float, bool, Enum)):
        return Scalar((annotation,))
    return Anything()


def _union(parts: list[Shape]) -> Shape:
    if len(parts) == 1:
        return parts[0]
    scalars = [part for part in parts if isinstance(part, Scalar)]
    if len(scalars) < len(parts):
        return Anything()
    types = tuple(kind for part in scalars for kind in part.types)
    return Scalar(types, linkable=any(part.linkable for part in scalars))
