"""What a field allows, in words, told from the JSON Schema of its model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from trimaran.spec.document import Path
from trimaran_runtime.field_docs import field_docs

Schema = Mapping[str, Any]
_NOUNS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a section",
    "null": "null",
}


@cache
def schema_of(model: type[BaseModel]) -> Schema:
    """JSON Schema of a model, with the documentation of every field."""
    return model.model_json_schema(schema_generator=_Documented)


class _Documented(GenerateJsonSchema):
    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        for name, text in field_docs(model).items():
            made["properties"][name]["description"] = text
        return made


@dataclass(frozen=True, slots=True)
class Field:
    """What the schema says about one place of the spec.

    Attributes:
        root: the schema it is in.
        options: the alternatives, none of them a reference or an alternative itself.
        description: the field's documentation, empty when it has none.
    """

    root: Schema
    options: tuple[Schema, ...]
    description: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the section; empty when it is none, or its keys are free."""
        return tuple(key for option in self.options for key in option.get("properties", ()))

    @property
    def members(self) -> tuple[str, ...]:
        """Members of the closed set; empty when it is none."""
        return tuple(str(value) for option in self.options for value in _members(option))

    def in_words(self) -> str:
        """What is allowed: a type, a range, the members of a closed set."""
        return _either(list(dict.fromkeys(_words(option, self.root) for option in self.options)))


def field_at(path: Path, root: Schema) -> Field | None:
    """The field at a path of what a schema describes; None: there is no such place."""
    found: list[Schema] = [root]
    description = ""
    for part in path:
        steps = [step for option in _options(found, root) for step in _step(option, part)]
        if not steps:
            return None
        description = next((s["description"] for s in steps if "description" in s), "")
        found = steps
    options = tuple(_options(found, root))
    own = next((o["description"] for o in options if "description" in o), "")
    return Field(root=root, options=options, description=description or own)


def _step(option: Schema, part: str | int) -> Iterator[Schema]:
    if isinstance(part, int):
        if "items" in option:
            yield option["items"]
    elif part in option.get("properties", {}):
        yield option["properties"][part]
    elif isinstance(option.get("additionalProperties"), Mapping):
        yield option["additionalProperties"]


def _options(schemas: list[Schema], root: Schema) -> Iterator[Schema]:
    for schema in schemas:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from _options([root["$defs"][name]], root)
        elif "anyOf" in schema:
            yield from _options(schema["anyOf"], root)
        else:
            yield schema


def _members(option: Schema) -> tuple[Any, ...]:
    return (option["const"],) if "const" in option else tuple(option.get("enum", ()))


def _words(option: Schema, root: Schema) -> str:
    members = _members(option)
    if members:
        return _either([str(member) for member in members])
    kind = str(option.get("type", ""))
    noun = _NOUNS.get(kind, "any value")
    if kind == "array" and "items" in option:
        inner = _either([_words(inner, root) for inner in _options([option["items"]], root)])
        return f"a list, each item {inner}"
    if kind == "object" and option.get("properties"):
        return f"a section with {', '.join(option['properties'])}"
    return f"{noun}{_range(option)}"


def _range(option: Schema) -> str:
    low, high = option.get("minimum"), option.get("maximum")
    above, below = option.get("exclusiveMinimum"), option.get("exclusiveMaximum")
    parts = []
    if low is not None and high is not None:
        return f" from {_figure(low)} to {_figure(high)}"
    if low is not None:
        parts.append(f"{_figure(low)} or more")
    if above is not None:
        parts.append(f"above {_figure(above)}")
    if high is not None:
        parts.append(f"{_figure(high)} or less" if not parts else f"up to {_figure(high)}")
    if below is not None:
        parts.append(f"below {_figure(below)}")
    if not parts:
        return ""
    return f", {' and '.join(parts)}"


def _figure(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _either(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"
