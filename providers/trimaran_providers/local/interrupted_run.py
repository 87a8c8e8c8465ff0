"""What becomes of a run whose process was killed: the next run goes on with it, or clears it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from trimaran_providers.local.atomic import locked
from trimaran_providers.local.definition import PipelineDefinition
from trimaran_providers.local.removal import remove_tree
from trimaran_providers.local.run_record import (
    LOCK,
    RunRecord,
    Status,
    interrupted,
    list_runs,
    write_run,
)
from trimaran_providers.local.tracked import track_early_end
from trimaran_runtime.registry.channels import PIPELINE_RUN, Channel, current
from trimaran_runtime.steps.ports import PIPELINE
from trimaran_runtime.storage.store import Store

RESUMABLE = timedelta(hours=6)
"""From a run's start on: its rows are as of then, and the run of the next night reads its own."""
_ENDS_SECONDS = 10.0
"""A step whose runner was killed ends when it sees that, which it looks for four times a second."""
_KEEPS_FILES = frozenset({Status.running, Status.failed, Status.invalid})
"""Of a run that failed they show the cause."""


def take_up(store: Path, definition: PipelineDefinition, trigger: str) -> RunRecord | None:
    """The interrupted run to go on with, as far as it got; None: there is none.

    Any other interrupted run is recorded as such, and what it was working on is removed. The
    caller holds the lock of the store's runs: a record that says `running` is a killed process's.

    Args:
        store: directory of the artifact store.
        definition: what is to be run.
        trigger: what starts it.
    """
    taken: RunRecord | None = None
    for record in list_runs(store / "runs"):
        work = store / "runs" / record.id / "work"
        if record.status is Status.running:
            why_not = _why_not(store, record, definition, trigger)
            if taken is None and not why_not:
                taken = _taken_up(work, record)
                continue
            record = interrupted(record, why_not)
            track_early_end(store, definition, record)
            write_run(store / "runs", record)
        if record.status not in _KEEPS_FILES:
            remove_tree(work)
    return taken


def _why_not(store: Path, record: RunRecord, definition: PipelineDefinition, trigger: str) -> str:
    """Why nobody can go on with a run; empty: one can."""
    if record.inputs_digest != definition.inputs_digest:
        return "code, data, packages or configuration are others now"
    if record.trigger != trigger:
        return f"it was started by {record.trigger!r}, and the next by {trigger!r}"
    if not timedelta() <= datetime.now(UTC) - record.started < RESUMABLE:
        return f"it is older than {RESUMABLE.total_seconds() / 3600:g} hours"
    if record.started.timestamp() < psutil.boot_time():
        return "the machine was started since, and may have lost what was not on its disk"
    if _production_moved(store, record):
        return "production moved since, and its model was to be compared with another"
    if not _is_gone(store / "runs" / record.id):
        return "a process of it does not end"
    return ""


def _production_moved(store: Path, record: RunRecord) -> bool:
    now = current(Store.open_directory(store), Channel.production)
    if now is None or now.when <= record.started:
        return False
    # Killed right after its own last step moved it.
    return now.who != f"{PIPELINE_RUN}{record.id}"


def _is_gone(folder: Path) -> bool:
    """Whether all processes of a run have ended: they hold its lock."""
    try:
        with locked(folder / LOCK, wait_seconds=_ENDS_SECONDS):
            return True
    except TimeoutError:
        return False


def _taken_up(work: Path, record: RunRecord) -> RunRecord:
    """The record with the steps that need not run again; of the others nothing is left."""
    done = []
    known = {step.name: step for step in record.steps if step.status is Status.succeeded}
    for ports in PIPELINE:
        if ports.name not in known or not all((work / name).is_dir() for name in ports.outputs):
            break
        done.append(known[ports.name])
    for ports in PIPELINE[len(done) :]:
        for name in ports.outputs:
            remove_tree(work / name)
    # The user's code may have written beside itself.
    remove_tree(work / "code")
    return record.model_copy(
        update={
            "steps": tuple(done),
            "resumed": record.resumed + 1,
            "taken_over": tuple(step.name for step in done),
        }
    )
