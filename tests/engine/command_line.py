"""The toy project driven by the `pulumi` command, as a person does: every process is a real one."""

import contextlib
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.engine.project import MARK, QUICK, Project

PROGRAM = """\
import json
from pathlib import Path

import pulumi

import trimaran

overrides = json.loads(Path("overrides.json").read_text())
stack = trimaran.MLStack("toy", trimaran.load("toy.yaml", overrides))
pulumi.export("endpoint", stack.url)
"""
_STACK = "test"
_LONGEST_SECONDS = 180
_PULUMIS_OWN = "pulumi-language-python"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str


@dataclass
class CommandLine:
    """A copy of the toy project, and the `pulumi` command in it.

    Attributes:
        project: for looking at what is there; its own stack is not used.
        env: settings of the engine.
    """

    project: Project
    env: Mapping[str, str]

    @classmethod
    def copy_to(cls, folder: Path, env: Mapping[str, str]) -> "CommandLine":
        """Copy the project, with a program in a file, and make its stack."""
        made = cls(Project.copy_to(folder, env), {**env, MARK: str(folder)})
        (folder / "__main__.py").write_text(PROGRAM)
        made.override({})
        made.run("stack", "init", _STACK)
        return made

    def override(self, changes: Mapping[str, Any]) -> None:
        """Override fields of the spec from now on."""
        self.project.overrides |= {**QUICK, **changes}
        overrides = json.dumps(self.project.overrides)
        (self.project.folder / "overrides.json").write_text(overrides)

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """Start a command; its output goes to a file beside the project."""
        with self.log.open("wb") as log:
            return subprocess.Popen(
                ["pulumi", *command, "--non-interactive", "--color=never"],
                cwd=self.project.folder,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start_up(self) -> "subprocess.Popen[bytes]":
        """Start `pulumi up`."""
        return self.start("up", "--yes", "--skip-preview", f"--stack={_STACK}")

    def run(self, *command: str) -> Ended:
        """Run a command to its end."""
        process = self.start(*command)
        try:
            code = process.wait(timeout=_LONGEST_SECONDS)
        finally:
            process.kill()
        return Ended(code, self.log.read_text())

    def up(self) -> Ended:
        """`pulumi up`."""
        return self.run("up", "--yes", "--skip-preview", f"--stack={_STACK}")

    def destroy(self) -> Ended:
        """`pulumi destroy`."""
        return self.run("destroy", "--yes", "--skip-preview", f"--stack={_STACK}")

    def cancel(self) -> Ended:
        """`pulumi cancel`: takes the lock away that a killed `pulumi` left in a file backend.

        It is what Pulumi tells to do, and needed for no other victim.
        """
        return self.run("cancel", "--yes", f"--stack={_STACK}")

    def endpoint(self) -> str:
        """The exported address of the endpoint."""
        found = self.run("stack", "output", "endpoint", f"--stack={_STACK}")
        return found.output.strip()

    def processes(self) -> list[psutil.Process]:
        """Everything that a command here has started and that lives.

        Told by the environment, which children inherit: a plugin's arguments name no project.
        Pulumi's own language host is left out: after a kill of `pulumi` it stays until its health
        check, minutes later, and works for nobody.
        """
        return [p for p in self._all_processes() if _PULUMIS_OWN not in _name(p)]

    def end_all(self) -> None:
        """End whatever is left."""
        for process in self._all_processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _all_processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get(MARK) == self.env[MARK]
                alive = process.status() != psutil.STATUS_ZOMBIE
            except psutil.Error:
                continue
            if mine and alive:
                found.append(process)
        return found

    @property
    def log(self) -> Path:
        """Output of the last command."""
        return self.project.folder.parent / "pulumi.log"


def _name(process: psutil.Process) -> str:
    try:
        return Path(process.exe()).name
    except (psutil.Error, OSError):
        return ""
