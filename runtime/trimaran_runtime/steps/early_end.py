"""What a failed step tells of its run, where nothing that outlives it would.

On this machine the runner does, which also knows of steps that were killed.
"""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.steps.usage import Usage, usage_of

if TYPE_CHECKING:
    from trimaran_runtime.steps.command import Command

PARAMETER = "early_end"
"""Parameter of a step; it needs `run` and `store` beside it."""
TRACK = "track"
"""Its one value: the step leaves the document of a run that it ends."""
_DIGESTS = ("code", "environment")


def track_early_end(command: "Command", message: str, usage: Usage) -> None:
    """Leave the document of the run in the store, unless there is one; never raises RuntimeFault.

    Args:
        command: the step's call; nothing is done where it does not ask for it.
        message: why the step failed.
        usage: what it used until then.
    """
    if command.parameters.get(PARAMETER) != TRACK:
        return
    try:
        _track(command, message, usage)
    except (RuntimeFault, OSError, KeyError) as exc:
        # How the step ended is told already, whatever is told of the run.
        sys.stderr.write(f"warning: not tracked: {' '.join(str(exc).split())}\n")


def _track(command: "Command", message: str, usage: Usage) -> None:
    # A step that works does not wait for these.
    from trimaran_runtime.config import RunConfig
    from trimaran_runtime.steps.command import config_file
    from trimaran_runtime.storage.store import Store
    from trimaran_runtime.tracking.document import RunStatus
    from trimaran_runtime.tracking.ended import run_without_release
    from trimaran_runtime.tracking.outbox import put_unless_there

    parameters: Mapping[str, str] = command.parameters
    used = (*usage_of(command.inputs), usage)
    run = run_without_release(
        RunConfig.parse(config_file(command.inputs["config"]).read_bytes()),
        parameters["run"],
        status=RunStatus.FAILED,
        message=message,
        started=min(each.started for each in used),
        ended=datetime.now(UTC),
        digests={name: parameters[name] for name in _DIGESTS if name in parameters},
        seconds={each.step: each.seconds for each in used},
    )
    put_unless_there(Store(parameters["store"]), run)
