"""What a step is: a name, the ports it reads and writes, and a function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.storage.store import Store


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a step's function gets.

    Attributes:
        inputs: local path (file or folder) by port name; the cloud's adapter filled them.
        outputs: local folder by port name; exists and is empty.
        parameters: `--param` values by name, e.g. `store` (URI of the artifact store).
        progress: takes one short line for a person watching the run.
    """

    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    parameters: Mapping[str, str]
    progress: Callable[[str], None]

    @cached_property
    def config(self) -> RunConfig:
        """The run's configuration, from the `config` port."""
        return RunConfig.parse(self.inputs["config"].read_bytes())

    @cached_property
    def store(self) -> Store:
        """The artifact store, from the `store` parameter."""
        uri = self.parameters.get("store")
        if uri is None:
            raise ConfigError("this step needs --param store=<URI of the artifact store>")
        return Store(uri)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the pipeline, the same on every cloud.

    Attributes:
        name: what `python -m trimaran_runtime.steps` is called with.
        inputs: ports it reads; each is the output of the same name of an earlier step,
            or `config` (JSON file) or `code` (folder of the user's code).
        outputs: ports it writes; each a folder.
        run: the work; raises RuntimeFault.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    run: Callable[[Context], None]
