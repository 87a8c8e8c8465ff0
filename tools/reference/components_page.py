"""What each component takes and gives, in Python and in YAML."""

import inspect
from collections.abc import Iterable, Iterator

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from tools.reference.shape import noun_of, section_in
from tools.reference.table import MADE, head, row, said
from trimaran.args import ComponentArgs
from trimaran.spec.allowed import field_at, schema_of
from trimaran_providers.contract.spec import StackSpec
from trimaran_providers.plugin.components import ComponentClass, installed
from trimaran_providers.plugin.shape import Scalar, shapes_of
from trimaran_runtime.field_docs import field_docs

SPEC_PAGE = "spec.md"
COMPONENTS = (
    "MLStack",
    "ArtifactStore",
    "Pipeline",
    "Registry",
    "Endpoint",
    "Monitor",
    "Alerts",
)
"""From the whole to its parts, in the order of the data flow."""


def components_page() -> str:
    """What each component takes and gives."""
    by_noun = {token.rpartition(":")[2]: kind for token, kind in installed().items()}
    unknown = set(by_noun) ^ set(COMPONENTS)
    if unknown:
        raise LookupError(f"tools/reference.py and the entry points differ: {sorted(unknown)}")
    lines = [
        MADE,
        "# The components\n",
        "Each is `trimaran.<Name>(name, args, opts)` in Python, `args` being a mapping or a part",
        "of a loaded spec, and `type: trimaran:<Name>` in Pulumi YAML and every other Pulumi",
        "language, where names are in camelCase. An input marked *link* takes an output of another",
        "resource; the others decide which resources there are, and must be known at preview.",
        "[The guide for platform teams](../guide/platform-teams.md) composes them.\n",
        "## Every component\n",
        *_inputs(ComponentArgs, ComponentArgs.model_fields),
        "\nThe sections are those of [the spec](spec.md).",
    ]
    for noun in COMPONENTS:
        lines += _component(noun, by_noun[noun])
    return "\n".join(lines) + "\n"


def _component(noun: str, kind: ComponentClass) -> Iterator[str]:
    doc = inspect.getdoc(kind) or ""
    own = [n for n in kind.args_model.model_fields if n not in ComponentArgs.model_fields]
    yield f"\n## {noun}\n"
    yield f"{doc.partition(chr(10))[0]} Type token `{kind.token}`.\n"
    yield from _inputs(kind.args_model, own)
    yield ""
    yield from head("output in Python", "in YAML", "what it is")
    said_of = attributes_in(doc)
    for name in kind.outputs:
        yield row(f"`{name}`", f"`{to_camel(name)}`", said_of.get(name) or OUTPUTS[name])


def _inputs(model: type[BaseModel], names: Iterable[str]) -> Iterator[str]:
    yield from head("input in Python", "in YAML", "takes", "what it is")
    for name in names:
        field = model.model_fields[name]
        must = ", **required**" if field.is_required() else ""
        takes = _kind(model, name) + must
        yield row(f"`{name}`", f"`{to_camel(name)}`", takes, said(field_docs(model).get(name)))


OUTPUTS = {
    "url": "address to which `/invocations` is added.",
    "release": "full id of the release in production.",
    "run": "id of the pipeline run of this update; empty when none ran.",
    "status": "`succeeded`, `refused`, or `none`: how that run ended.",
    "report_url": "address of the newest drift report; it is there after the first check.",
}
"""What the outputs of MLStack are, whose docstring lists its parts."""


def _kind(model: type[BaseModel], name: str) -> str:
    shape = shapes_of(model)[to_camel(name)][1]
    if isinstance(shape, Scalar) and shape.linkable:
        return "*link*"
    field = model.model_fields[name]
    inner = section_in(field.annotation)
    noun = noun_of(field, is_section=inner is not None)
    if inner is not None and name in StackSpec.model_fields:
        return f"[{noun}]({SPEC_PAGE}#{name})"
    if inner is not None or noun:
        return noun
    found = field_at((name,), schema_of(model))
    return found.in_words().removesuffix(" or null") if found else ""


def attributes_in(doc: str) -> dict[str, str]:
    """The `Attributes:` of a Google docstring, by name."""
    found: dict[str, str] = {}
    _, _, section = doc.partition("Attributes:\n")
    for line in section.splitlines():
        name, colon, text = line.strip().partition(": ")
        if line.startswith("    ") and not line.startswith("     ") and colon:
            found[name] = text
        elif found and line.strip():
            found[next(reversed(found))] += f" {line.strip()}"
    return found
