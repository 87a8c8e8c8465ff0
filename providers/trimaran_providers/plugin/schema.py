"""The package's Pulumi schema, made from the pydantic models; `python -m` of this prints it."""

import inspect
import json
import sys
from collections.abc import Iterable, Mapping
from enum import Enum
from importlib.metadata import metadata
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from trimaran_providers.contract.handler import AnyHandler
from trimaran_providers.plugin.components import ComponentClass
from trimaran_providers.plugin.properties import is_secret
from trimaran_providers.plugin.shape import (
    Listing,
    Record,
    Scalar,
    Shape,
    Table,
    shapes_of,
)
from trimaran_runtime.field_docs import field_docs

PACKAGE = "trimaran"
_ANY = {"$ref": "pulumi.json#/Any"}
_PRIMITIVES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def schema(
    handlers: Iterable[AnyHandler], components: Mapping[str, ComponentClass]
) -> dict[str, Any]:
    """The schema of everything that the plugin serves."""
    types = _Types()
    resources = {}
    for token, component in components.items():
        resources[token] = types.component(component)
    for handler in handlers:
        resources[handler.token] = types.resource(handler)
    about = metadata(PACKAGE)
    return {
        "name": PACKAGE,
        "displayName": "Trimaran",
        "version": about["Version"],
        "description": about["Summary"],
        "license": about["License-Expression"],
        "meta": {"moduleFormat": "(.*)"},
        "types": dict(sorted(types.by_token.items())),
        "resources": dict(sorted(resources.items())),
    }


class _Types:
    """Writes models, and remembers every nested type they need."""

    def __init__(self) -> None:
        self.by_token: dict[str, Any] = {}
        self._classes: dict[str, type] = {}

    def component(self, component: ComponentClass) -> dict[str, Any]:
        """A component: its arguments in, plain text out."""
        model = component.args_model
        outputs = {wire: {"type": "string"} for wire in map(to_camel, component.outputs)}
        return {
            "isComponent": True,
            "description": _described(component),  # type: ignore[arg-type]
            "inputProperties": self._properties(model, plain=True),
            "requiredInputs": _required(model),
            "properties": outputs,
            "required": sorted(outputs),
        }

    def resource(self, handler: AnyHandler) -> dict[str, Any]:
        """A custom resource of a cloud."""
        return {
            "description": _described(handler.inputs),
            "inputProperties": self._properties(handler.inputs),
            "requiredInputs": _required(handler.inputs),
            "properties": self._properties(handler.outputs),
            "required": _required(handler.outputs),
        }

    def _properties(self, model: type[BaseModel], *, plain: bool = False) -> dict[str, Any]:
        properties = {}
        for wire, (name, shape) in shapes_of(model).items():
            field = model.model_fields[name]
            item = {**self._typed(shape, plain=plain), "description": _said(model, name)}
            if is_secret(field):
                item["secret"] = True
            properties[wire] = item
        return properties

    def _typed(self, shape: Shape, *, plain: bool) -> dict[str, Any]:
        if isinstance(shape, Record):
            return {"$ref": self._reference(shape.model, plain=plain)}
        if isinstance(shape, Listing):
            return {"type": "array", "items": self._typed(shape.item, plain=plain)}
        if isinstance(shape, Table):
            inner = self._typed(shape.item, plain=plain)
            return {"type": "object", "additionalProperties": inner}
        if not isinstance(shape, Scalar):
            return dict(_ANY)
        choices = [self._scalar(kind) for kind in shape.types]
        typed = choices[0] if len(choices) == 1 else {"oneOf": choices}
        # What decides which resources exist must be known before the update.
        return {**typed, "plain": True} if plain and not shape.linkable else typed

    def _scalar(self, kind: type) -> dict[str, Any]:
        if issubclass(kind, Enum):
            return {"$ref": self._reference(kind)}
        return {"type": next(name for base, name in _PRIMITIVES.items() if issubclass(kind, base))}

    def _reference(self, kind: type[BaseModel] | type[Enum], *, plain: bool = False) -> str:
        token = f"{PACKAGE}:index:{kind.__name__}"
        if self._classes.setdefault(token, kind) is not kind:
            raise ValueError(
                f"two types are called {kind.__name__}: {self._classes[token].__module__} and "
                f"{kind.__module__}; rename one"
            )
        if token not in self.by_token:
            self.by_token[token] = {}  # Stops at a type that holds itself.
            self.by_token[token] = (
                _enumeration(kind) if issubclass(kind, Enum) else self._object(kind, plain=plain)
            )
        return f"#/types/{token}"

    def _object(self, model: type[BaseModel], *, plain: bool) -> dict[str, Any]:
        return {
            "type": "object",
            "description": _described(model),
            "properties": self._properties(model, plain=plain),
            "required": _required(model),
        }


def _enumeration(kind: type[Enum]) -> dict[str, Any]:
    return {
        "type": "string",
        "description": _described(kind),
        "enum": [{"name": member.name, "value": member.value} for member in kind],
    }


def _required(model: type[BaseModel]) -> list[str]:
    return sorted(
        wire
        for wire, (name, _) in shapes_of(model).items()
        if model.model_fields[name].is_required()
    )


def _described(kind: type) -> str:
    """First paragraph of a class's docstring."""
    return (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")


def _said(model: type[BaseModel], name: str) -> str:
    """A field's docstring and its default.

    The default is said, not declared: SDKs send declared defaults as if the user had set them, and
    a cloud refuses what it cannot do only where the user asks for it.
    """
    field = model.model_fields[name]
    said = field_docs(model).get(name, "").replace("\n", " ")
    default = field.default
    if isinstance(default, Enum):
        default = default.value
    if field.is_required() or not isinstance(default, (bool, int, float, str)) or default == "":
        return said
    return f"{said} Default: {json.dumps(default)}."


def text(handlers: Iterable[AnyHandler], components: Mapping[str, ComponentClass]) -> str:
    """The schema as JSON text."""
    return json.dumps(schema(handlers, components), indent=2) + "\n"


def main() -> None:
    """Print the schema of everything installed."""
    from trimaran_providers.plugin.components import installed as components
    from trimaran_providers.plugin.registry import installed as handlers

    sys.stdout.write(text(handlers(), components()))


if __name__ == "__main__":
    main()
