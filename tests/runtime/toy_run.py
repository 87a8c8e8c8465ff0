"""Runs steps of the toy project through the real command, in this process."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trimaran_runtime.config import RunConfig
from trimaran_runtime.steps.__main__ import main
from trimaran_runtime.steps.ports import PIPELINE
from trimaran_runtime.storage.store import Store

TOY = Path(__file__).parents[1] / "projects" / "toy"
STEPS = [ports.name for ports in PIPELINE]


def toy_config(**changes: Any) -> dict[str, Any]:
    """The toy's run configuration; `section__field` replaces a field, `section` all of one."""
    config: dict[str, Any] = {
        "model": "toy",
        "data": {
            "source": "toy:load",
            "target": "bought",
            "time": "at",
            "known_later": ["refunded"],
            "segments": ["shop"],
        },
        "validation": {},
        "training": {
            "train": "toy:fit",
            "parameters": {"quality": "good"},
            "trusted_types": ["nan_model.NanModel"],
        },
        "gate": {"floor": 0.6, "segments": {"max_drop": 0.02, "min_rows": 100}},
        "registry": {},
    }
    for path, value in changes.items():
        section, _, name = path.partition("__")
        config[section] = {**config[section], name: value} if name else value
    return config


def command(
    name: str,
    *,
    work: Path,
    code: Path,
    config: Path,
    store: Path,
    parameters: Mapping[str, str] | None = None,
) -> list[str]:
    """Arguments of one step, all its folders below `work`."""
    ports = next(ports for ports in PIPELINE if ports.name == name)
    given = {"config": config, "code": code}
    arguments = [name, "--error", str(work / f"{name}.error.json")]
    for port in ports.inputs:
        arguments += ["--input", f"{port}={given.get(port, work / port)}"]
    for port in ports.outputs:
        arguments += ["--output", f"{port}={work / port}"]
    values = {
        "run": "run-1",
        "code": "sha256:code",
        "environment": "sha256:env",
        **(parameters or {}),
    }
    if ports.needs_store:
        values["store"] = store.as_uri()
    for key, value in values.items():
        arguments += ["--param", f"{key}={value}"]
    return arguments


@dataclass
class ToyRun:
    """A folder in which runs take place, and their store."""

    folder: Path
    code: Path = TOY
    parameters: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work = self.folder / "work"
        self.work.mkdir(exist_ok=True)
        self.store = Store.open_directory(self.folder / "store", create=True)

    def configure(self, config: dict[str, Any]) -> None:
        """Write the configuration."""
        document = RunConfig.model_validate(config).to_json()
        (self.folder / "config.json").write_bytes(document)

    def step(self, name: str) -> int:
        """Run one step; returns its exit status."""
        path = list(sys.path)
        self._forget_code()
        try:
            return main(
                command(
                    name,
                    work=self.work,
                    code=self.code,
                    config=self.folder / "config.json",
                    store=self.folder / "store",
                    parameters=self.parameters,
                )
            )
        finally:
            sys.path[:] = path
            self._forget_code()

    def _forget_code(self) -> None:
        """A step is a process of its own elsewhere: it imports the user's code anew."""
        for file in self.code.glob("*.py"):
            sys.modules.pop(file.stem, None)

    def steps(self, first: str = "data", last: str = "register") -> int:
        """Run steps in order until one fails; returns the last exit status."""
        for name in STEPS[STEPS.index(first) : STEPS.index(last) + 1]:
            status = self.step(name)
            if status:
                return status
        return 0

    def run(self, **changes: Any) -> int:
        """Configure and run the whole pipeline."""
        self.configure(toy_config(**changes))
        return self.steps()

    def output(self, name: str) -> dict[str, Any]:
        """A JSON file that a step wrote, e.g. `release/release.json`."""
        document: dict[str, Any] = json.loads((self.work / name).read_bytes())
        return document

    def error(self, step: str) -> dict[str, Any]:
        """The error file of a step."""
        return self.output(f"{step}.error.json")

    def checks(self) -> dict[str, dict[str, Any]]:
        """The verdict's checks by name."""
        return {check["name"]: check for check in self.output("verdict/verdict.json")["checks"]}
