"""What an annotation of the spec holds: sections, containers, closed sets and their words."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def section_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation holds, itself or in a container."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (section_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model is not None), None)


def container_of(annotation: Any) -> tuple[str, tuple[str | int, ...]]:
    """How the items of a container are written, and the step into them; empty: no container."""
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return ".<name>", ("name",)
    if isinstance(origin, type) and issubclass(origin, (tuple, list)):
        return "[]", (0,)
    return "", ()


def noun_of(field: FieldInfo, *, is_section: bool) -> str:
    """What to call a field that holds others; empty: it is a value."""
    origin = get_origin(field.annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "a section by name" if is_section else "values by name"
    if not is_section:
        return ""
    listed = isinstance(origin, type) and issubclass(origin, tuple)
    return "a list of sections" if listed else "a section"


def enum_in(annotation: Any) -> type[Enum] | None:
    """The closed set that an annotation holds, itself or in a container."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation
    found = (enum_in(argument) for argument in get_args(annotation))
    return next((kind for kind in found if kind is not None), None)


@cache
def member_docs(kind: type[Enum]) -> Mapping[str, str]:
    """Docstrings of an enum's members, which Python itself does not keep."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"{kind} is no class statement")
    docs = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(before, ast.Assign) and isinstance(after, ast.Expr):
            target, value = before.targets[0], after.value
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
                docs[target.id] = str(value.value)
    return docs
