"""Renders a spec without an engine: the resources that `pulumi up` would bring."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimaran.recorder import SECRET, Maker, Rendered, nothing_made, record
from trimaran.spec.load import load_stack, override
from trimaran.spec.stack_file import CLOUD, PROJECT_FILE, SET, project_of
from trimaran.spec.yaml_reader import read_yaml
from trimaran_providers.contract.spec import StackSpec


def render_stack(
    file: Path,
    stack: str | None = None,
    cloud: str | None = None,
    made: Maker = nothing_made,
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Rendered, ...]:
    """Render the stack of a spec.

    Args:
        file: the spec.
        stack: name of a Pulumi stack of its project; None: the spec alone, in a stack that is
            called like the cloud.
        cloud: name of the cloud; None: the one that spec and stack choose.
        made: what is known of each resource beyond its inputs.
        overrides: values by dotted path, laid over spec and stack.

    Raises:
        SpecError: the spec, the stack's part, or their choice of a cloud is wrong.
        UnsupportedError: the cloud cannot do what the spec asks for.
        ProjectError: the file is in no project, or there is no such stack.
    """
    loaded = load_stack(file, stack)
    project = project_of(file.absolute().parent)
    spec = loaded.spec if cloud is None else override(loaded.spec, {"cloud": cloud}, "--cloud")
    if overrides:
        spec = override(spec, overrides, "overrides")
    chosen = cloud or spec.cloud or (loaded.stack.cloud if loaded.stack else None)
    settings = _Settings(project, stack, spec)
    if chosen is not None:
        settings.plain[CLOUD] = chosen

    def program() -> None:
        from trimaran.stack import MLStack

        MLStack(spec.name, spec)

    with contextlib.chdir(project):
        return record(
            program,
            project=settings.project,
            stack=stack or chosen or "stack",
            config=settings.plain,
            secret_keys=settings.secret,
            made=made,
        )


class _Settings:
    """Configuration of a stack as the engine would hand it to a program; secrets stay unread.

    Attributes:
        project: name of the Pulumi project.
        plain: text by full key; objects are JSON.
        secret: keys whose value is a secret.
    """

    def __init__(self, folder: Path, stack: str | None, spec: StackSpec) -> None:
        document = read_yaml(folder / PROJECT_FILE).value
        self.project = str(document["name"])
        self.plain: dict[str, str] = {}
        self.secret: set[str] = set()
        self._read(document, project_wide=True)
        if stack is not None:
            self._read(read_yaml(folder / f"Pulumi.{stack}.yaml").value, project_wide=False)
        for reference in spec.secrets.values():
            # The value is nobody's business here, so it need not be set yet.
            self._hide(f"{self.project}:{reference.config}")

    def _read(self, document: Mapping[str, Any], *, project_wide: bool) -> None:
        for key, value in (document.get("config") or {}).items():
            if project_wide and isinstance(value, Mapping):
                value = value.get("value", value.get("default"))
            full = key if ":" in key else f"{self.project}:{key}"
            if full == SET or value is None:
                continue  # the spec has it already; a declaration without a value
            if isinstance(value, Mapping) and "secure" in value:
                self._hide(full)
            else:
                self.plain[full] = value if isinstance(value, str) else json.dumps(value)

    def _hide(self, key: str) -> None:
        self.plain[key] = SECRET
        self.secret.add(key)
