"""`python -m tests.engine.toy_runner STORE`: a run of the toy pipeline, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from tests.engine.project import MARK
from tests.runtime.toy_run import TOY, toy_config
from trimaran_providers.local.definition import PipelineDefinition
from trimaran_providers.local.runner import run_pipeline
from trimaran_providers.project.code import bundle_code
from trimaran_runtime.config import RunConfig
from trimaran_runtime.storage.store import Store

TRIGGER = "manual"


def toy_definition(store: Path, **changes: object) -> PipelineDefinition:
    """The toy pipeline, its code in the store; `changes` are those of `toy_config`."""
    bundle = bundle_code(TOY, ["*.py"], [])
    Store.open_directory(store, create=True).put_blob(bundle.content)
    return PipelineDefinition(
        config=RunConfig.model_validate(toy_config(**changes)),
        code=bundle.digest,
        code_include=("*.py",),
        code_exclude=(),
        project_directory=str(TOY),
        environment="sha256:env",
        data="",
        retries=1,
        timeout_minutes=5,
        run_on_up=True,
        alerts="",
    )


def start_runner(store: Path, output: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start the runner; what it reports is written line by line."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engine.toy_runner", str(store)],
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), MARK: str(store)},
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    run_pipeline(
        folder,
        toy_definition(folder),
        trigger=TRIGGER,
        report=lambda line: print(line, flush=True),
    )
