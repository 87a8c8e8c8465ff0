"""The command line of a step: the same arguments on every cloud."""

import argparse
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlparse

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.steps.ports import MONITOR, PIPELINE, Ports
from trimaran_runtime.storage.archive import find_archive, unpack

_CONFIG = "config"
"""The one port that is a file."""
_CODE = "code"
"""The port of the user's code, in which its relative paths start."""
STEPS: Mapping[str, Ports] = {ports.name: ports for ports in (*PIPELINE, MONITOR)}
"""Every step by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One call of a step.

    Attributes:
        ports: the step's ports.
        inputs: path by port.
        archives: tar.gz by port, or a folder that holds exactly one: it is unpacked, and what
            was in it is the input.
        outputs: folder by port.
        parameters: value by name.
        error: file that gets the error as JSON; None: none is written.
        message: file that gets the error's message as text, cut to what SageMaker shows of it
            (`/opt/ml/output/failure` of a training job, `/opt/ml/output/message` of a
            processing job); None: none is written.
    """

    ports: Ports
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    parameters: Mapping[str, str]
    error: Path | None
    message: Path | None = None
    archives: Mapping[str, Path] = field(default_factory=dict)

    @contextmanager
    def prepared(self) -> Iterator[Mapping[str, Path]]:
        """Check the inputs, unpack archives, and create the output folders, empty.

        Where the user's code comes as an archive, its folder is the working directory meanwhile:
        relative paths in it start there, as they do on the user's machine.

        Yields:
            Path by port; what was unpacked is deleted at the end of the block.

        Raises:
            ConfigError: a port is missing, unknown, given twice, or its input is not there.
            DataError: an archive cannot be unpacked.
        """
        given = self._given()
        _refuse_other_ports("input", self.ports.inputs, given)
        _refuse_other_ports("output", self.ports.outputs, self.outputs)
        for name, path in given.items():
            if not path.exists():
                raise ConfigError(f"input {name!r} is not there: {path}", where=self.ports.name)
        for name, folder in self.outputs.items():
            for other, path in given.items():
                # Emptying an output must never delete what is read.
                if path.resolve().is_relative_to(folder.resolve()):
                    raise ConfigError(
                        f"output {name!r} ({folder}) holds input {other!r}", where=self.ports.name
                    )
            _empty(folder)
        if _CONFIG in given:
            given[_CONFIG] = config_file(given[_CONFIG])
        with ExitStack() as stack:
            temporary = Path(stack.enter_context(TemporaryDirectory(prefix="trimaran-")))
            for name, path in self.archives.items():
                given[name] = temporary / name
                unpack(find_archive(path), given[name])
            if _CODE in self.archives:
                stack.enter_context(chdir(given[_CODE]))
            yield given

    def _given(self) -> dict[str, Path]:
        twice = sorted(self.inputs.keys() & self.archives.keys())
        if twice:
            raise ConfigError(
                f"the input {twice[0]!r} is given twice",
                where="command line",
                allowed=f"--input {twice[0]}= or --archive {twice[0]}=",
            )
        return {**self.inputs, **self.archives}


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
    parser.add_argument(
        "--archive",
        action="append",
        default=[],
        metavar=pair,
        help="an input as tar.gz, or the folder of it",
    )
    parser.add_argument("--output", action="append", default=[], metavar=pair, help="folder or URI")
    parser.add_argument("--param", action="append", default=[], metavar=pair, help="a value")
    parser.add_argument("--error", type=Path, help="file that gets an error as JSON")
    parser.add_argument("--message", type=Path, help="file that gets an error's message")
    given = parser.parse_args(arguments)
    return Command(
        ports=STEPS[given.step],
        inputs={name: _local(value) for name, value in _pairs("--input", given.input)},
        archives={name: _local(value) for name, value in _pairs("--archive", given.archive)},
        outputs={name: _local(value) for name, value in _pairs("--output", given.output)},
        parameters=dict(_pairs("--param", given.param)),
        error=given.error,
        message=given.message,
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
        return Path(unquote(parsed.path)).absolute()
    if "://" in location:
        raise ConfigError(
            f"{location!r} is not on this machine",
            where="command line",
            allowed="a path, or file://",
        )
    return Path(location).absolute()


def _empty(folder: Path) -> None:
    """Make a folder, or empty it; never removes it: a cloud may have mounted it there."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def config_file(path: Path) -> Path:
    """The configuration: the file itself, or the only JSON file in a folder.

    SageMaker hands over a folder where a file was meant.
    """
    if not path.is_dir():
        return path
    found = sorted(path.glob("*.json"))
    if len(found) != 1:
        raise ConfigError(
            f"the folder {path} holds {len(found)} JSON files",
            where=f"input {_CONFIG!r}",
            allowed="a JSON file, or a folder that holds exactly one",
        )
    return found[0]


def _refuse_other_ports(kind: str, wanted: Sequence[str], given: Mapping[str, Path]) -> None:
    missing = [name for name in wanted if name not in given]
    unknown = [name for name in given if name not in wanted]
    if missing or unknown:
        problem = f"lacks --{kind} {missing[0]}=" if missing else f"has no {kind} {unknown[0]!r}"
        raise ConfigError(f"the step {problem}", where="command line", allowed=", ".join(wanted))
