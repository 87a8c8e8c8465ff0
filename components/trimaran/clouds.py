"""Finds a cloud by name: clouds are entry points of the group `trimaran.clouds`."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points, version

from trimaran.spec.problems import closest
from trimaran_providers.contract.cloud import Cloud
from trimaran_providers.contract.errors import CloudMissingError, Problem, SpecError

GROUP = "trimaran.clouds"
EXTRAS = ("aws", "azure", "gcp")
"""Clouds whose Pulumi packages are extras of this distribution."""


def installed_clouds() -> tuple[str, ...]:
    """Names of the clouds that can be asked for, sorted; none of them is loaded."""
    return tuple(sorted(_offered()))


@cache
def resolve_cloud(name: str) -> Cloud:
    """Load a cloud, once in a process: a stack asks for it with each of its components.

    Args:
        name: `local`, `aws`, `azure`, `gcp`, or a third party's.

    Raises:
        CloudMissingError: no such cloud, not in this version, or its extra is not installed.
    """
    found = _offered()
    if name not in found:
        raise _unknown(name, tuple(sorted(found)))
    try:
        made: Cloud = found[name].load()()
    except ModuleNotFoundError as exc:
        raise _not_installed(found[name], exc) from exc
    return made


def choose_cloud(
    in_spec: str | None,
    in_stack: str | None,
    *,
    spec_source: str = "the spec",
    stack_source: str = "trimaran:cloud",
) -> str:
    """The one cloud that the spec's `cloud` and the stack's `trimaran:cloud` name.

    Args:
        in_spec: the spec's `cloud`.
        in_stack: the stack's `trimaran:cloud`.
        spec_source: where the first was written, for the message.
        stack_source: where the second was written, for the message.

    Raises:
        SpecError: neither is given, or they differ: which one was meant is not ours to guess.
    """
    chosen = in_spec or in_stack
    if chosen is None:
        raise _cloud_problem(
            "no cloud is chosen",
            "`pulumi config set trimaran:cloud local`, or `cloud: local` in the spec",
        )
    if in_spec and in_stack and in_spec != in_stack:
        raise _cloud_problem(
            f"{spec_source} says {in_spec}, {stack_source} says {in_stack}", "one of them"
        )
    return chosen


@cache
def _offered() -> Mapping[str, EntryPoint]:
    # Every distribution's metadata is read for it, and each component of a program asks.
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _cloud_problem(what: str, allowed: str) -> SpecError:
    return SpecError([Problem(path="cloud", what=what, allowed=allowed)])


def _unknown(name: str, found: tuple[str, ...]) -> CloudMissingError:
    if name in EXTRAS:
        return CloudMissingError(
            f"{name} is not part of trimaran {version('trimaran')}",
            where="cloud",
            allowed=", ".join(found),
            next_step="use one of these, or a newer version of trimaran",
        )
    return CloudMissingError(
        f'there is no cloud "{name}"{closest(name, (*found, *EXTRAS))}',
        where="cloud",
        allowed=", ".join(found),
        next_step=f"install the package that brings {name}, or use one of these",
    )


def _not_installed(entry: EntryPoint, exc: ModuleNotFoundError) -> CloudMissingError:
    if entry.name in EXTRAS:
        step = f"pip install 'trimaran[{entry.name}]'"
    else:
        brought = f" ({entry.dist.name})" if entry.dist else ""
        step = f"install what the package of {entry.name}{brought} needs"
    return CloudMissingError(
        f"{entry.name} needs the Python package {exc.name}, which is not installed",
        where="cloud",
        next_step=step,
    )
