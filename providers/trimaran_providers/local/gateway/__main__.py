"""`python -m trimaran_providers.local.gateway --directory DIR`: the gateway of one endpoint."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from trimaran_providers.contract.errors import CorruptedError, PortTakenError
from trimaran_providers.local.atomic import locked
from trimaran_providers.local.gateway.definition import EndpointDefinition, read_definition
from trimaran_providers.local.gateway.gateway import Gateway
from trimaran_providers.local.gateway.process import LOCK, ExitCode

LOG = logging.getLogger(__name__)
_LOCK_SECONDS = 1.0
"""Somebody who only looks whether the lock is held has it for an instant."""


def main(arguments: list[str] | None = None) -> int:
    """Run the gateway; returns the exit status (`ExitCode`)."""
    parser = argparse.ArgumentParser(prog="python -m trimaran_providers.local.gateway")
    parser.add_argument("--directory", type=Path, required=True, help="the endpoint's folder")
    directory: Path = parser.parse_args(arguments).directory
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s gateway %(message)s"
    )
    if not directory.is_dir():
        LOG.error("%s is no folder", directory)
        return ExitCode.BAD_DEFINITION
    try:
        with locked(directory / LOCK, wait_seconds=_LOCK_SECONDS):
            (directory / LOCK).write_text(str(os.getpid()))
            return _serve(directory)
    except TimeoutError:
        LOG.error("another gateway serves %s already (its process id is in %s)", directory, LOCK)
        return ExitCode.ALREADY_RUNNING


def _serve(directory: Path) -> int:
    try:
        definition = read_definition(directory)
        if definition is None:
            LOG.error("there is no definition.json in %s", directory)
            return ExitCode.BAD_DEFINITION
        asyncio.run(_run(directory, definition))
    except CorruptedError as exc:
        LOG.error("%s", exc)
        return ExitCode.BAD_DEFINITION
    except PortTakenError as exc:
        LOG.error("%s", exc)
        return ExitCode.PORT_TAKEN
    return ExitCode.OK


async def _run(directory: Path, definition: EndpointDefinition) -> None:
    await Gateway(directory, definition).run()


if __name__ == "__main__":
    sys.exit(main())
