"""What a Pulumi stack has, from Pulumi's own state: no program run, no cloud asked."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trimaran_providers.contract.errors import ProjectError

_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class StateResource:
    """A resource of a stack.

    Attributes:
        type: type token, `aws:sagemaker/pipeline:Pipeline`.
        name: logical name.
        component: name of the component it is in; empty: none.
        id: its id.
        inputs: inputs by their names at the engine.
        outputs: outputs by their names at the engine; a secret is encrypted.
    """

    type: str
    name: str
    component: str
    id: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)


def read_state(project: Path, stack: str) -> tuple[StateResource, ...]:
    """Resources of a stack, as `pulumi stack export` tells them.

    Args:
        project: folder of the Pulumi project.
        stack: name of the stack.

    Raises:
        ProjectError: there is no `pulumi`, no such stack, or it cannot be read.
    """
    command = ["pulumi", "stack", "export", "--stack", stack, "--non-interactive"]
    try:
        done = subprocess.run(
            command, cwd=project, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except FileNotFoundError as exc:
        raise ProjectError(
            "`pulumi` is not on PATH, and it knows what the stack has",
            next_step="see `trimaran doctor`",
        ) from exc
    except subprocess.TimeoutExpired as exc:
        raise ProjectError(
            f"`pulumi stack export` gave no answer for {_SECONDS} s", where=f"stack {stack}"
        ) from exc
    if done.returncode != 0:
        raise ProjectError(
            f"`pulumi stack export` failed: {_reason(done.stderr)}",
            where=f"stack {stack}",
            next_step=f"see `pulumi stack ls`; a new stack needs `pulumi up -s {stack}` first",
        )
    return tuple(_resources(done.stdout, stack))


def _resources(text: str, stack: str) -> list[StateResource]:
    try:
        deployment = json.loads(text).get("deployment") or {}
        # Null, and not an empty list, in a stack that was destroyed.
        found = deployment.get("resources") or []
        return [_resource(item) for item in found if not item.get("delete")]
    except (ValueError, KeyError, AttributeError) as exc:
        raise ProjectError(
            f"`pulumi stack export` gave something else than a stack: {exc}",
            where=f"stack {stack}",
        ) from exc


def _resource(item: Mapping[str, Any]) -> StateResource:
    return StateResource(
        type=item["type"],
        name=_name(item["urn"]),
        component=_name(item.get("parent", "")),
        id=item.get("id", ""),
        inputs=item.get("inputs") or {},
        outputs=item.get("outputs") or {},
    )


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _reason(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else "it says nothing"
