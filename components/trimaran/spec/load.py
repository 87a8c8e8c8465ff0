"""From a file to a spec: alone, or as one stack changes it, with where every value came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from trimaran.spec.document import Document, dotted, leaves
from trimaran.spec.lock_file import with_lock
from trimaran.spec.overlay import apply_overrides
from trimaran.spec.stack_file import StackFile, project_of, read_stack
from trimaran.spec.validate import plain, validate
from trimaran.spec.yaml_reader import read_yaml
from trimaran_providers.contract.spec import StackSpec

DEFAULT = "default"
"""Source of a value that nobody gave."""
_NO_FILE = "the path of a spec; `trimaran new NAME` makes one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of a spec, and where it came from."""

    path: str
    """As a user writes it."""
    value: Any
    """Plain value."""
    source: str
    """`file:line`, or `default`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A spec with its origins.

    Attributes:
        spec: the spec.
        document: the merged document it was validated from.
        stack: what the stack chose; None: no stack was named.
    """

    spec: StackSpec
    document: Document
    stack: StackFile | None = None

    @property
    def provenance(self) -> tuple[Value, ...]:
        """Every value, defaults included, in the order of the spec's fields."""
        everything = self.spec.model_dump(mode="json")
        return tuple(
            Value(path=dotted(path), value=value, source=self.document.sources.get(path, DEFAULT))
            for path, value in leaves(everything)
        )


def load(path: str | File, overrides: Mapping[str, Any] | None = None) -> StackSpec:
    """Load a spec, with the lock that lies beside it (`flights.lock.yaml` of `flights.yaml`).

    Args:
        path: the YAML file; in a Pulumi program, relative to the project's folder.
        overrides: values by dotted path, laid over the file (`{"registry.approval": "manual"}`).

    Raises:
        SpecError: the file or an override is wrong; lists every problem.
    """
    document = with_lock(read_yaml(File(path), next_step=_NO_FILE), File(path))
    spec = validate(document)
    return override(spec, overrides, "overrides") if overrides else spec


def load_stack(path: str | File, stack: str | None = None) -> Loaded:
    """Load a spec as a stack changes it.

    The file must be a whole spec by itself; the stack's changes are laid over it afterwards.

    Args:
        path: the YAML file.
        stack: name of a Pulumi stack of the project the file is in; None: the file alone.

    Raises:
        ProjectError: the file is in no project, or the stack has no file there.
        SpecError: the spec, or the stack's part, is wrong; lists every problem.
    """
    document = with_lock(read_yaml(File(path), next_step=_NO_FILE), File(path))
    spec = validate(document)
    if stack is None:
        return Loaded(spec=spec, document=document)
    chosen = read_stack(project_of(File(path).absolute().parent), stack)
    merged = apply_overrides(document, chosen.overrides)
    return Loaded(spec=validate(merged), document=merged, stack=chosen)


def override(
    spec: StackSpec | Mapping[str, Any], overrides: Mapping[str, Any], source: str
) -> StackSpec:
    """Lay values by dotted path over a spec, and validate the result.

    Args:
        spec: the spec, or a mapping of it.
        overrides: values by dotted path, e.g. what `trimaran:set` holds.
        source: what the overrides are called in messages.

    Raises:
        SpecError: an override is wrong; lists every problem.
    """
    document = Document(name="spec", value=plain(spec))
    return validate(apply_overrides(document, Document(name=source, value=overrides)))
