"""What a cloud can do, as data: every leaf of the spec is native, emulated or rejected.

A capability is looked up by the field's dotted path, and by `path=value` for the members of a
closed set. The longest match wins, so `endpoint.kind=async` overrules `endpoint.kind`. A rejected
field that the user sets stops the preview before the first resource.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, get_args

from pydantic import BaseModel

from trimaran_providers.contract.errors import UnsupportedError


class Support(StrEnum):
    """How a cloud treats a field."""

    native = "native"
    """By a feature of the cloud that means the same."""
    emulated = "emulated"
    """By our own code, or with a stated difference."""
    rejected = "rejected"
    """Not at all: setting it is an error at preview."""


@dataclass(frozen=True, slots=True)
class Capability:
    """How a cloud treats one field, and why.

    Attributes:
        support: native, emulated or rejected.
        how: for emulated, what happens instead; for rejected, the reason.
        instead: for rejected, what to use.
    """

    support: Support
    how: str = ""
    instead: str = ""


def native() -> Capability:
    """The cloud does it."""
    return Capability(Support.native)


def emulated(how: str) -> Capability:
    """We do it, or it differs in the stated way."""
    return Capability(Support.emulated, how)


def rejected(reason: str, instead: str = "") -> Capability:
    """Not possible; says why and what to use."""
    return Capability(Support.rejected, reason, instead)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value that a spec sets.

    Attributes:
        path: dotted path of the field; keys of free mappings and positions are left out.
        value: what the user gave.
    """

    path: str
    value: Any

    @property
    def keys(self) -> tuple[str, ...]:
        """What to look up: `path=value` for members of closed sets, then the path."""
        if isinstance(self.value, (Enum, bool)) or self.value is None:
            value = self.value.value if isinstance(self.value, Enum) else self.value
            return (f"{self.path}={str(value).lower()}", self.path)
        return (self.path,)


def leaves(model: BaseModel, path: str = "", *, set_only: bool = True) -> Iterator[Leaf]:
    """Leaves of a spec, depth first.

    Args:
        model: the spec or a section of it.
        path: where the section stands.
        set_only: only what the user set, else every field, defaults included.
    """
    for name in type(model).model_fields:
        if set_only and name not in model.model_fields_set:
            continue
        yield from _leaves_of(getattr(model, name), f"{path}.{name}" if path else name, set_only)


def _leaves_of(value: Any, path: str, set_only: bool) -> Iterator[Leaf]:
    if isinstance(value, BaseModel):
        yield from leaves(value, path, set_only=set_only)
    elif isinstance(value, Mapping) and any(isinstance(v, BaseModel) for v in value.values()):
        for item in value.values():
            yield from _leaves_of(item, path, set_only)
    elif isinstance(value, (tuple, list)) and any(isinstance(v, BaseModel) for v in value):
        for item in value:
            yield from _leaves_of(item, path, set_only)
    else:
        yield Leaf(path, value)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one cloud does with each field.

    Attributes:
        cloud: name of the cloud.
        table: capability by path, by `path=value`, or by the path of a whole section.
    """

    cloud: str
    table: Mapping[str, Capability]

    def of(self, leaf: Leaf) -> Capability | None:
        """Capability of a leaf; None: this cloud says nothing about it."""
        for key in leaf.keys:
            if key in self.table:
                return self.table[key]
        parts = leaf.path.split(".")
        for length in range(len(parts) - 1, 0, -1):
            section = ".".join(parts[:length])
            if section in self.table:
                return self.table[section]
        return None

    def check(self, spec: BaseModel, path: str = "") -> tuple[tuple[Leaf, Capability], ...]:
        """Refuse what the cloud rejects; return what it emulates.

        Args:
            spec: the spec, or a section of it.
            path: where the section stands.

        Raises:
            UnsupportedError: for the first rejected field that the user set.
        """
        found = []
        for leaf in leaves(spec, path):
            capability = self.of(leaf)
            if capability is None:
                raise UnsupportedError(self.cloud, leaf.path, "this cloud does not mention it")
            if capability.support is Support.rejected:
                value = leaf.keys[0].partition("=")[2]
                where = f"{leaf.path}: {value}" if value else leaf.path
                raise UnsupportedError(
                    self.cloud, where, capability.how, instead=capability.instead
                )
            if capability.support is Support.emulated:
                found.append((leaf, capability))
        return tuple(found)


def paths(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Path of every leaf that a spec can set, whether or not one does; depth first."""
    for name, field in model.model_fields.items():
        below = f"{path}.{name}" if path else name
        sections = list(_sections_in(field.annotation))
        for section in sections:
            yield from paths(section, below)
        if not sections:
            yield below


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections_in(argument)
