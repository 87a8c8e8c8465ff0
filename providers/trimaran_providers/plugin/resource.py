"""A resource of the plugin as a Python program declares it."""

from collections.abc import Mapping
from typing import Any, get_args

import pulumi
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from trimaran_providers.contract.handler import ResourceModel
from trimaran_providers.plugin.properties import to_properties, wire_names


class PluginResource(pulumi.CustomResource):
    """A resource that the plugin `pulumi-resource-trimaran` keeps.

    Args:
        token: type token, `trimaran:<cloud>:<Noun>`.
        name: logical name.
        inputs: inputs by snake_case field: plain values, models, or Pulumi outputs of them. A None
            is as good as left out.
        outputs: shape of the outputs; each field is read with `output`.
        opts: Pulumi's resource options.
    """

    def __init__(
        self,
        token: str,
        name: str,
        inputs: Mapping[str, Any],
        outputs: type[ResourceModel],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        names = wire_names(outputs)
        # The SDK makes an output for every property named here, so the outputs are named too.
        properties: dict[str, Any] = dict.fromkeys(names.values())
        properties |= {to_camel(field): _to_wire(value) for field, value in inputs.items()}
        super().__init__(token, name, properties, opts)
        # Out of the instance's attributes, where a field could hide one of the SDK's own.
        self._outputs: dict[str, pulumi.Output[Any]] = {"id": self.id, "urn": self.urn}
        for field, wire in names.items():
            if wire not in self._outputs:
                value = self.__dict__.pop(wire)
                whole = _is_whole(outputs.model_fields[field].annotation)
                self._outputs[field] = value.apply(_as_int) if whole else value

    def output(self, field: str) -> pulumi.Output[Any]:
        """One output, by its snake_case field (or `id`, `urn`).

        Raises:
            KeyError: the shape of the outputs has no such field.
        """
        if field not in self._outputs:
            raise KeyError(f"no output {field!r}; there are {', '.join(self._outputs)}")
        return self._outputs[field]


def _is_whole(annotation: Any) -> bool:
    return annotation is int or int in get_args(annotation)


def _as_int(value: Any) -> Any:
    """The engine knows only doubles: 8080 comes back as 8080.0."""
    return int(value) if isinstance(value, float) else value


def _to_wire(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return to_properties(value)
    if isinstance(value, Mapping):
        return {key: _to_wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_wire(item) for item in value]
    return value
