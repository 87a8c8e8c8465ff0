"""The part of `Pulumi.<stack>.yaml` that is ours: `trimaran:cloud` and `trimaran:set`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from trimaran.spec.document import Document, Path
from trimaran.spec.problems import closest, shown
from trimaran.spec.yaml_reader import read_yaml
from trimaran_providers.contract.errors import Problem, ProjectError, SpecError

PROJECT_FILE = "Pulumi.yaml"
CLOUD, SET = "trimaran:cloud", "trimaran:set"
_KEYS = (CLOUD, SET)
_PREFIX = "trimaran:"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFile:
    """What a stack chooses and overrides.

    Attributes:
        name: name of the Pulumi stack.
        cloud: `trimaran:cloud`; None: not given.
        cloud_source: `file:line` of it, empty when not given.
        overrides: `trimaran:set`, value by dotted path.
    """

    name: str
    cloud: str | None
    cloud_source: str
    overrides: Document


def project_of(start: File) -> File:
    """Folder of the Pulumi project that a folder is in.

    Raises:
        ProjectError: no Pulumi.yaml in it or above it.
    """
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise ProjectError(
        f"no {PROJECT_FILE} in {start} or above it",
        next_step="go to your project's folder, or make one with `trimaran new NAME`",
    )


def stacks_of(project: File) -> tuple[str, ...]:
    """Names of the stacks that have a file in a project, sorted."""
    found = (file.name.removeprefix("Pulumi.") for file in project.glob("Pulumi.*.yaml"))
    return tuple(sorted(name.removesuffix(".yaml") for name in found))


def read_stack(project: File, stack: str) -> StackFile:
    """Read a stack's file, over what Pulumi.yaml sets for every stack.

    Raises:
        ProjectError: there is no such file.
        SpecError: it cannot be read, or holds what it should not.
    """
    file = project / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = stacks_of(project)
        raise ProjectError(
            f"there is no {file.name} in {project}{closest(stack, known)}",
            allowed=", ".join(known),
            next_step=f"make it with `pulumi stack init {stack}`",
        )
    shared = _settings(read_yaml(project / PROJECT_FILE), project_wide=True)
    own = _settings(read_yaml(file), project_wide=False)
    settings = shared | own
    problems = [p for setting in settings.values() for p in setting.problems()]
    if problems:
        raise SpecError(problems)
    cloud = settings.get(CLOUD)
    overrides = settings.get(SET)
    return StackFile(
        name=stack,
        cloud=cloud.value if cloud else None,
        cloud_source=cloud.document.source_of(cloud.path) if cloud else "",
        overrides=overrides.section() if overrides else Document(name=file.name, value={}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """One key of a stack's configuration."""

    key: str
    value: Any
    path: Path
    document: Document

    def problems(self) -> list[Problem]:
        """What is wrong with it."""
        if self.key not in _KEYS:
            what, allowed = f"unknown key{closest(self.key, _KEYS)}", ", ".join(_KEYS)
        elif isinstance(self.value, Mapping) and "secure" in self.value:
            what, allowed = "is encrypted, and decides what is built", "a plain value"
        elif self.key == CLOUD and not isinstance(self.value, str):
            what, allowed = f"{shown(self.value)} has the wrong type", "the name of a cloud"
        elif self.key == SET and not isinstance(self.value, Mapping):
            what = f"{shown(self.value)} has the wrong type"
            allowed = "values by dotted path, such as registry.approval: manual"
        else:
            return []
        source = self.document.source_of(self.path)
        return [Problem(path=self.key, what=what, allowed=allowed, source=source)]

    def section(self) -> Document:
        """A mapping as a document of its own, sources included."""
        length = len(self.path)
        sources = {
            path[length:]: source
            for path, source in self.document.sources.items()
            if path[:length] == self.path
        }
        return Document(name=self.document.name, value=self.value, sources=sources)


def _settings(document: Document, *, project_wide: bool) -> dict[str, _Setting]:
    config = document.value.get("config") or {}
    if not isinstance(config, Mapping):
        problem = Problem(
            path="config",
            what=f"{shown(config)} has the wrong type",
            allowed="configuration by key, such as trimaran:cloud: local",
            source=document.source_of(("config",)),
        )
        raise SpecError([problem])
    found = {}
    for key, value in config.items():
        if not key.startswith(_PREFIX):
            continue
        path: Path = ("config", key)
        # Pulumi.yaml may wrap a value; a stack's file never does.
        for wrapper in ("value", "default"):
            if project_wide and isinstance(value, Mapping) and wrapper in value:
                value, path = value[wrapper], (*path, wrapper)
                break
        found[key] = _Setting(key=key, value=value, path=path, document=document)
    return found
