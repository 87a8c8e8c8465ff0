"""The edge to a Pulumi program: our errors reach the user as one message, without a traceback."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi

from trimaran.spec.load import load as load_spec
from trimaran_providers.contract.errors import TrimaranError
from trimaran_providers.contract.spec import StackSpec


@contextmanager
def engine_errors() -> Iterator[None]:
    """Raise our errors as `pulumi.RunError`, which the engine prints as they are."""
    try:
        yield
    except TrimaranError as exc:
        raise pulumi.RunError(f"\n{exc}") from exc


def load(path: str | Path, overrides: Mapping[str, Any] | None = None) -> StackSpec:
    """Load a spec in a Pulumi program; the stack's `trimaran:set` is laid over it by MLStack.

    Args:
        path: the YAML file, relative to the project's folder.
        overrides: values by dotted path, laid over the file.

    Raises:
        pulumi.RunError: the file or an override is wrong; lists every problem.
    """
    with engine_errors():
        return load_spec(path, overrides)
