"""The command line of a step: the same arguments on every cloud."""

import argparse
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.steps.ports import MONITOR, PIPELINE, Ports

STEPS: Mapping[str, Ports] = {ports.name: ports for ports in (*PIPELINE, MONITOR)}
"""Every step by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One call of a step.

    Attributes:
        ports: the step's ports.
        inputs: path by port; every one exists.
        outputs: folder by port.
        parameters: value by name.
        error: file that gets the error as JSON; None: none is written.
    """

    ports: Ports
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    parameters: Mapping[str, str]
    error: Path | None

    def prepare(self) -> None:
        """Check the inputs, and create the output folders, empty.

        Raises:
            ConfigError: a port is missing, unknown, or its input is not there.
        """
        _refuse_other_ports("input", self.ports.inputs, self.inputs)
        _refuse_other_ports("output", self.ports.outputs, self.outputs)
        for name, path in self.inputs.items():
            if not path.exists():
                raise ConfigError(f"input {name!r} is not there: {path}", where=self.ports.name)
        for name, folder in self.outputs.items():
            for other, path in self.inputs.items():
                # Emptying an output must never delete what is read.
                if path.resolve().is_relative_to(folder.resolve()):
                    raise ConfigError(
                        f"output {name!r} ({folder}) holds input {other!r}", where=self.ports.name
                    )
            if folder.is_dir():
                shutil.rmtree(folder)
            folder.mkdir(parents=True)


def parse(arguments: Sequence[str]) -> Command:
    """Parse the arguments of `python -m trimaran_runtime.steps`.

    Raises:
        ConfigError: a port or parameter is not `name=value`, or a location is not on this machine.
    """
    parser = argparse.ArgumentParser(
        prog="python -m trimaran_runtime.steps", description="Run one step of a pipeline."
    )
    parser.add_argument("step", choices=list(STEPS))
    pair = "NAME=VALUE"
    parser.add_argument("--input", action="append", default=[], metavar=pair, help="path or URI")
    parser.add_argument("--output", action="append", default=[], metavar=pair, help="folder or URI")
    parser.add_argument("--param", action="append", default=[], metavar=pair, help="a value")
    parser.add_argument("--error", type=Path, help="file that gets an error as JSON")
    given = parser.parse_args(arguments)
    return Command(
        ports=STEPS[given.step],
        inputs={name: _local(value) for name, value in _pairs("--input", given.input)},
        outputs={name: _local(value) for name, value in _pairs("--output", given.output)},
        parameters=dict(_pairs("--param", given.param)),
        error=given.error,
    )


def _pairs(option: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    pairs = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise ConfigError(f"{option} {text!r} is not name=value", where="command line")
        pairs.append((name, value))
    return pairs


def _local(location: str) -> Path:
    parsed = urlparse(location)
    if parsed.scheme == "file":
        return Path(unquote(parsed.path))
    if "://" in location:
        raise ConfigError(
            f"{location!r} is not on this machine",
            where="command line",
            allowed="a path, or file://",
        )
    return Path(location)


def _refuse_other_ports(kind: str, wanted: Sequence[str], given: Mapping[str, Path]) -> None:
    missing = [name for name in wanted if name not in given]
    unknown = [name for name in given if name not in wanted]
    if missing or unknown:
        problem = f"lacks --{kind} {missing[0]}=" if missing else f"has no {kind} {unknown[0]!r}"
        raise ConfigError(f"the step {problem}", where="command line", allowed=", ".join(wanted))
