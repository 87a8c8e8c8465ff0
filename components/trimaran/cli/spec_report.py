"""What `trimaran validate` finds out: the merged spec, and what its cloud makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from trimaran.clouds import choose_cloud, resolve_cloud
from trimaran.spec.document import Path as Place
from trimaran.spec.document import dotted, undotted
from trimaran.spec.load import Loaded, Value, load_stack
from trimaran.spec.stack_file import project_of
from trimaran_providers.contract.capabilities import Capability, Leaf, Support, leaves
from trimaran_providers.contract.cloud import Cloud
from trimaran_providers.contract.errors import CloudMissingError, Problem, ProjectError

_PARTS = ("data:", "pipeline:")
"""What a spec has at the start of a line, and other YAML files of a project have not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecReport:
    """What was found out about a spec that reads.

    Attributes:
        cloud: name of the chosen cloud; empty: none is chosen.
        values: every value with its source.
        emulated: field and how, for what the cloud emulates.
        problems: what the cloud cannot do, or why there is no cloud.
    """

    cloud: str
    values: tuple[Value, ...]
    emulated: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


def find_spec(start: Path) -> Path:
    """The one spec in the folder of the Pulumi project.

    Raises:
        ProjectError: no project, no spec in it, or several.
    """
    project = project_of(start)
    files = sorted([*project.glob("*.yaml"), *project.glob("*.yml")])
    found = [file for file in files if not file.name.startswith("Pulumi.") and _is_spec(file)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ProjectError(f"there is no spec in {project}", next_step="name the file")
    names = ", ".join(file.name for file in found)
    raise ProjectError(f"{project} has {len(found)} specs: {names}", next_step="name one of them")


def examine(file: Path, stack: str | None, cloud: str | None = None) -> SpecReport:
    """Load a spec as a stack changes it, and ask its cloud about every field that is set.

    Args:
        file: the spec.
        stack: name of the stack; None: the spec alone.
        cloud: cloud to ask; None: the one that spec and stack choose.

    Raises:
        SpecError: the spec or the stack's part is wrong.
        ProjectError: there is no such stack.
    """
    loaded = load_stack(file, stack)
    values = loaded.provenance
    in_stack = loaded.stack.cloud if loaded.stack else None
    if cloud is None and in_stack is None and loaded.spec.cloud is None and stack is None:
        # Without a stack nothing says which cloud: the spec by itself is what is checked.
        return SpecReport(cloud="", values=values, emulated=(), problems=())
    name = cloud or choose_cloud(
        loaded.spec.cloud,
        in_stack,
        spec_source=loaded.document.source_of(("cloud",)),
        stack_source=loaded.stack.cloud_source if loaded.stack else "",
    )
    try:
        resolved = resolve_cloud(name)
    except CloudMissingError as exc:
        problem = _of_cloud(loaded, exc)
        return SpecReport(cloud=name, values=values, emulated=(), problems=(problem,))
    emulated, problems = _treated(resolved, loaded)
    return SpecReport(cloud=name, values=values, emulated=emulated, problems=problems)


def _is_spec(file: Path) -> bool:
    lines = file.read_text(errors="replace").splitlines()
    return all(any(line.startswith(part) for line in lines) for part in _PARTS)


def _of_cloud(loaded: Loaded, exc: CloudMissingError) -> Problem:
    source = loaded.document.source_of(("cloud",))
    if loaded.stack and loaded.stack.cloud:
        source = loaded.stack.cloud_source
    allowed = "; ".join(part for part in (exc.allowed, exc.next_step) if part)
    return Problem(path="cloud", what=exc.what, allowed=allowed, source=source)


def _treated(
    cloud: Cloud, loaded: Loaded
) -> tuple[tuple[tuple[str, str], ...], tuple[Problem, ...]]:
    emulated: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for leaf, place in zip(leaves(loaded.spec), places(loaded.spec), strict=True):
        capability = cloud.capabilities.of(leaf)
        if capability is None:
            problems.append(_rejected(loaded, cloud, leaf, place, None))
        elif capability.support is Support.rejected:
            problems.append(_rejected(loaded, cloud, leaf, place, capability))
        elif capability.support is Support.emulated:
            emulated.append((dotted(place), capability.how))
    problems += [_placed(loaded, found) for found in cloud.problems(loaded.spec, loaded.spec)]
    return tuple(emulated), tuple(problems)


def _placed(loaded: Loaded, problem: Problem) -> Problem:
    """A problem with the place where its field, or the nearest section around it, was written."""
    source = loaded.document.source_of(undotted(problem.path))
    return replace(problem, source=source)


def places(model: BaseModel, at: Place = ()) -> Iterator[Place]:
    """Place of every leaf that `leaves` gives, in the same order, keys and positions included."""
    for name in type(model).model_fields:
        if name in model.model_fields_set:
            yield from _places_in(getattr(model, name), (*at, name))


def _places_in(value: Any, at: Place) -> Iterator[Place]:
    if isinstance(value, BaseModel):
        yield from places(value, at)
    elif isinstance(value, dict) and any(isinstance(v, BaseModel) for v in value.values()):
        for key, item in value.items():
            yield from _places_in(item, (*at, key))
    elif isinstance(value, (tuple, list)) and any(isinstance(v, BaseModel) for v in value):
        for position, item in enumerate(value):
            yield from _places_in(item, (*at, position))
    else:
        yield at


def _rejected(
    loaded: Loaded, cloud: Cloud, leaf: Leaf, place: Place, capability: Capability | None
) -> Problem:
    reason = capability.how if capability else "this cloud does not mention it"
    value = leaf.keys[0].partition("=")[2]
    subject = f"{value} is not possible" if value else "is not possible"
    return Problem(
        path=dotted(place),
        what=f"{subject} on {cloud.name}: {reason}",
        allowed=capability.instead if capability else "",
        source=loaded.document.source_of(place),
    )
