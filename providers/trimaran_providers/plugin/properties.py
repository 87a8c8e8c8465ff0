"""Resource models and the engine's properties: one from the other."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from trimaran_providers.contract.handler import ResourceModel

ModelT = TypeVar("ModelT", bound=ResourceModel)


def wire_name(name: str, field: FieldInfo) -> str:
    """Name of a field at the engine."""
    return field.alias or name


def wire_names(model: type[BaseModel]) -> dict[str, str]:
    """Names at the engine by the names in Python."""
    return {name: wire_name(name, field) for name, field in model.model_fields.items()}


def to_properties(model: BaseModel) -> dict[str, Any]:
    """Properties of a model: camelCase fields, keys of free mappings verbatim.

    A None is left out where leaving it out means None, and kept where it overrides a default.
    """
    properties = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value is not None or (field.default is not None and not field.is_required()):
            properties[wire_name(name, field)] = _plain(value)
    return properties


def to_wire_names(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Properties from field values that a handler gives without a whole model.

    Args:
        model: the model whose fields they are.
        values: values by field name (or already by the name at the engine).
    """
    names = wire_names(model)
    return {names.get(name, name): _plain(value) for name, value in values.items()}


def secret_names(model: type[BaseModel]) -> frozenset[str]:
    """Names at the engine of fields declared with `json_schema_extra={"secret": True}`."""
    return frozenset(
        wire_name(name, field) for name, field in model.model_fields.items() if is_secret(field)
    )


def is_secret(field: FieldInfo) -> bool:
    """Whether a field is declared secret."""
    extra = field.json_schema_extra
    return isinstance(extra, Mapping) and extra.get("secret") is True


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return to_properties(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [_plain(item) for item in value]
    return to_jsonable_python(value)
