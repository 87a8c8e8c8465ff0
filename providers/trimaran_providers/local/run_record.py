"""The record of one pipeline run, kept beside its logs."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from trimaran_providers.contract.errors import CorruptedError
from trimaran_providers.local.atomic import is_locked, write_atomic
from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import canonical_json

LOCK = "lock"
"""Name of the file that a run holds locked from its first record to its last."""


class Status(StrEnum):
    """How a run or a step stands."""

    running = "running"
    succeeded = "succeeded"
    refused = "refused"
    """The gate refused the model."""
    invalid = "invalid"
    """Validation refused the data."""
    failed = "failed"
    """A step crashed, or the user's code raised."""
    interrupted = "interrupted"
    """The run's process was killed."""


class StepRecord(Section):
    """One step of a run."""

    name: str
    status: Status
    seconds: float = 0
    """Wall time, seconds."""
    summary: str = ""
    """Last line the step printed."""


class RunRecord(Section):
    """One run of the pipeline."""

    id: str
    """`YYYYmmdd-HHMMSS-xxxxxx`: sorts by time."""
    model_name: str
    status: Status
    trigger: str
    """What started it: `up`, `schedule`, `drift`, `manual`."""
    started: datetime
    finished: datetime | None = None
    steps: tuple[StepRecord, ...] = ()
    release: str | None = None
    """Full id of the release it registered, accepted or refused."""
    message: str = ""
    """Why it did not succeed, as shown to the user."""
    inputs_digest: str = ""
    """Digest of what its steps read: `PipelineDefinition.inputs_digest`."""
    resumed: int = 0
    """How often it was gone on with after a kill."""
    taken_over: tuple[str, ...] = ()
    """Steps that were done already when it was last gone on with."""

    @property
    def seconds(self) -> float:
        """Wall time, seconds; of the finished steps while it runs, or where it was resumed."""
        if self.finished is None or self.resumed:
            return sum(step.seconds for step in self.steps)
        return (self.finished - self.started).total_seconds()


def write_run(runs: Path, record: RunRecord) -> None:
    """Write a run's record."""
    content = canonical_json(record.model_dump(mode="json"))
    write_atomic(runs / record.id / "run.json", content)


def read_run(runs: Path, run_id: str) -> RunRecord | None:
    """Read a run's record; None: there is none. Raises CorruptedError."""
    path = runs / run_id / "run.json"
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as exc:
        raise CorruptedError(
            f"the record of run {run_id} cannot be read",
            where=str(path),
            next_step="delete that file",
        ) from exc


def list_runs(runs: Path) -> list[RunRecord]:
    """Every run, newest first.

    A run whose process was killed cannot write that it ended: it is told as interrupted.
    """
    found = (_told(runs, p.parent.name) for p in runs.glob("*/run.json"))
    return sorted((r for r in found if r is not None), key=lambda r: r.id, reverse=True)


def interrupted(record: RunRecord, why_not_resumed: str = "") -> RunRecord:
    """The record of a run whose process was killed.

    Args:
        record: as it was left.
        why_not_resumed: why no later run goes on with it; empty: the next one may.
    """
    message = "the process that ran it was killed"
    if why_not_resumed:
        message += f"; the next run started anew: {why_not_resumed}"
    return record.model_copy(update={"status": Status.interrupted, "message": message})


def _told(runs: Path, run_id: str) -> RunRecord | None:
    record = read_run(runs, run_id)
    if record is None or record.status is not Status.running or is_locked(runs / LOCK):
        return record
    # Nobody runs. It may have ended since it was read, and then its record says how.
    record = read_run(runs, run_id)
    if record is None or record.status is not Status.running:
        return record
    return interrupted(record)
