"""Every field of the spec, section by section."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tools.reference.shape import container_of, enum_in, member_docs, noun_of, section_in
from tools.reference.table import MADE, head, row, said
from trimaran.cli.parity import Row, clouds_and_rows
from trimaran.clouds import resolve_cloud
from trimaran.spec.allowed import field_at, schema_of
from trimaran_providers.contract.capabilities import Leaf
from trimaran_providers.contract.spec import StackSpec
from trimaran_runtime.field_docs import field_docs


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field of the spec, or one section of it.

    Attributes:
        shown: as a reader writes it: `alerts.channels[].kind`, `data.columns.<name>.type`.
        path: a path into the JSON Schema.
        leaf: the key of the capabilities: names alone.
        field: pydantic's field.
        docs: its documentation.
        is_section: whether it has fields of its own.
    """

    shown: str
    path: tuple[str | int, ...]
    leaf: str
    field: FieldInfo
    docs: str
    is_section: bool


def entries(
    model: type[BaseModel],
    shown: str = "",
    path: tuple[str | int, ...] = (),
    leaf: str = "",
) -> Iterator[Entry]:
    """Every field of a model, depth first, each section before what is in it."""
    for name, field in model.model_fields.items():
        inner = section_in(field.annotation)
        below = f"{shown}.{name}" if shown else name
        key = f"{leaf}.{name}" if leaf else name
        yield Entry(
            shown=below,
            path=(*path, name),
            leaf=key,
            field=field,
            docs=field_docs(model).get(name, ""),
            is_section=inner is not None,
        )
        if inner is not None:
            suffix, step = container_of(field.annotation)
            yield from entries(inner, below + suffix, (*path, name, *step), key)


def spec_page() -> str:
    """Every field of the spec, section by section."""
    clouds, rows = clouds_and_rows()
    lines = [
        MADE,
        "# The spec, field by field\n",
        "One YAML file, read by `trimaran.load`. A field without a default is required. The last",
        "columns say what a cloud does with a field: `native`, `emulated` or `rejected`; how, why",
        "and what to use instead is in [parity.md](parity.md). Setting a rejected field stops the",
        "preview. `trimaran schema` prints the same as a JSON Schema for editors.\n",
        "A stack changes any of these by path in `Pulumi.<stack>.yaml`, below `trimaran:set`.\n",
    ]
    scalars = [e for e in entries(StackSpec) if "." not in e.shown and not e.is_section]
    lines += ["## At the top\n", *_spec_table(scalars, clouds, rows)]
    for name, field in StackSpec.model_fields.items():
        model = section_in(field.annotation)
        if model is None:
            continue
        inner = [e for e in entries(StackSpec) if e.shown.startswith(name)]
        head, below = inner[0], inner[1:]
        lines += [f"\n## {name}\n", f"{said(head.docs)}\n"]
        if not head.field.is_required() and head.field.default is None:
            lines.append("Left out by default.\n")
        lines += _spec_table(below, clouds, rows)
        lines += _members_of(below)
    return "\n".join(lines) + "\n"


def _spec_table(found: list[Entry], clouds: list[str], rows: list[Row]) -> Iterator[str]:
    yield from head("field", "takes", "default", *clouds, "what it says")
    for entry in found:
        support = [_support(entry, cloud, rows) for cloud in clouds]
        yield row(
            f"`{entry.shown}`",
            _takes(entry),
            _default(entry.field),
            *support,
            said(entry.docs),
        )


def _takes(entry: Entry) -> str:
    noun = noun_of(entry.field, is_section=entry.is_section)
    if noun:
        return noun
    field = field_at(entry.path, schema_of(StackSpec))
    if field is None:
        raise LookupError(f"{entry.shown} is not in the schema")
    return field.in_words().removesuffix(" or null")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    return default_in_words(field.default)


def default_in_words(value: Any) -> str:
    """A default as it would be written in YAML; empty for a section, which has its own."""
    if isinstance(value, BaseModel):
        return ""
    if value is None:
        return "`null`"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, tuple):
        value = [item.value if isinstance(item, Enum) else item for item in value]
    if isinstance(value, float) and value == int(value):
        value = int(value)
    text = value if isinstance(value, str) and value else json.dumps(value)
    return f"`{text}`"


def _support(entry: Entry, cloud: str, rows: list[Row]) -> str:
    """What a cloud does with a field; the members of a closed set where they differ."""
    if entry.is_section:
        return ""
    members = {
        r.field.partition("=")[2]: r.cells[cloud].support
        for r in rows
        if r.field.startswith(f"{entry.leaf}=") and cloud in r.cells
    }
    members.pop("none", None)
    if members:
        by_support: dict[str, list[str]] = {}
        for member, support in members.items():
            by_support.setdefault(str(support), []).append(member)
        parts = sorted(by_support.items())
        return "; ".join(f"{s}: {', '.join(names)}" for s, names in parts)
    return _whole_support(entry, cloud)


def _whole_support(entry: Entry, cloud: str) -> str:
    found = resolve_cloud(cloud).capabilities.of(Leaf(entry.leaf, "a value"))
    return str(found.support) if found else "not mentioned"


def _members_of(found: list[Entry]) -> Iterator[str]:
    """The members of each closed set that documents them."""
    for entry in found:
        kind = enum_in(entry.field.annotation)
        documented = member_docs(kind) if kind is not None else {}
        if kind is None or not documented:
            continue
        yield f"\n`{entry.shown}`:\n"
        yield from head("value", "meaning")
        for member in kind:
            yield row(f"`{member.value}`", said(documented.get(member.name)))
