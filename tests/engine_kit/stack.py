"""A stack under the real engine, and what its operations did."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation as auto

_NO_SUMMARY = object()


@dataclass(frozen=True)
class Line:
    """A line of the engine's display.

    Attributes:
        resource: logical name of the resource it stands beside; empty when beside none.
        severity: `info`, `info#err`, `warning`, `error`, or `debug`.
        text: the line.
        passing: whether the next line replaces it.
    """

    resource: str
    severity: str
    text: str
    passing: bool


@dataclass(frozen=True)
class Outcome:
    """What an operation of the engine did.

    Attributes:
        changes: how many resources were created, updated, replaced, deleted, or same, the stack
            itself included.
        steps: operation by logical name (`create`, `update`, `replace`, `delete`, `same`, ...);
            providers are left out.
        lines: what was shown.
        outputs: the stack's outputs; a secret one is its ciphertext.
        failed: whether the engine says that it failed.
    """

    changes: Mapping[str, int]
    steps: Mapping[str, str]
    lines: tuple[Line, ...]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False

    @property
    def errors(self) -> str:
        """Everything shown as an error."""
        return "\n".join(line.text for line in self.lines if line.severity == "error")

    @property
    def changed(self) -> dict[str, str]:
        """The steps that did something."""
        quiet = {"same", "refresh", "read"}
        return {name: step for name, step in self.steps.items() if step not in quiet}


class EngineStack:
    """A stack of the real engine; a subclass says where its program is.

    Args:
        folder: project folder, with a `Pulumi.yaml`.
        env: settings of the engine (`engine_env`).
        name: name of the stack.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], name: str = "test") -> None:
        self._folder, self._env, self._name = folder, dict(env), name

    @cached_property
    def _stack(self) -> auto.Stack:
        stack = self._make()
        # After each operation the SDK runs the CLI three times more, for what the state says.
        stack.outputs = dict
        stack.info = lambda *args, **kwargs: _NO_SUMMARY
        return stack

    def _make(self) -> auto.Stack:
        raise NotImplementedError

    @property
    def _options(self) -> auto.LocalWorkspaceOptions:
        return auto.LocalWorkspaceOptions(work_dir=str(self._folder), env_vars=self._env)

    @cached_property
    def _project(self) -> str:
        return yaml.safe_load((self._folder / "Pulumi.yaml").read_text())["name"]

    def set_config(self, key: str, value: str, *, secret: bool = False) -> None:
        """Set a value of the stack's configuration."""
        self._stack.set_config(key, auto.ConfigValue(value, secret))

    def refresh(self) -> Outcome:
        """`pulumi refresh`."""
        return self._watch(self._stack.refresh)

    def destroy(self) -> Outcome:
        """`pulumi destroy`."""
        return self._watch(self._stack.destroy)

    def state(self) -> dict[str, dict[str, Any]]:
        """Resources in the engine's state by logical name; secrets stay encrypted."""
        backend = Path(self._env["PULUMI_BACKEND_URL"].removeprefix("file://"))
        file = backend / ".pulumi" / "stacks" / self._project / f"{self._name}.json"
        latest = json.loads(file.read_text())["checkpoint"]["latest"] or {}
        return {item["urn"].rsplit("::", 1)[-1]: item for item in latest.get("resources") or []}

    def _watch(self, operation: Callable[..., Any]) -> Outcome:
        seen = _Events()
        failed = False
        try:
            operation(on_event=seen.note, color="never")
        except auto.CommandError:
            failed = True
        top = self.state().get(f"{self._project}-{self._name}", {})
        return Outcome(
            changes=seen.changes,
            steps=seen.steps,
            lines=tuple(seen.lines),
            outputs=top.get("outputs", {}),
            failed=failed,
        )


class _Events:
    """Collects what the engine says while it works."""

    def __init__(self) -> None:
        self.steps: dict[str, str] = {}
        self.lines: list[Line] = []
        self.changes: dict[str, int] = {}

    def note(self, event: auto.EngineEvent) -> None:
        if event.resource_pre_event is not None:
            metadata = event.resource_pre_event.metadata
            if "pulumi:providers:" not in metadata.urn:
                self.steps[_name_in(metadata.urn)] = metadata.op.value
        if event.diagnostic_event is not None:
            shown = event.diagnostic_event
            self.lines.append(
                Line(
                    resource=_name_in(shown.urn or ""),
                    severity=shown.severity,
                    text=shown.message.rstrip("\n"),
                    passing=bool(shown.ephemeral),
                )
            )
        if event.summary_event is not None:
            counted = event.summary_event.resource_changes
            self.changes |= {getattr(op, "value", str(op)): n for op, n in counted.items()}


def _name_in(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]
