"""`trimaran:local:Schedule`: a job the supervisor runs by the clock."""

from pathlib import Path
from typing import Literal

from trimaran_providers.contract.handler import Created, Reporter, ResourceModel
from trimaran_providers.local.layout import owner_of
from trimaran_providers.local.supervisor.job import Job, JobKind, read_job, write_job
from trimaran_providers.local.supervisor.process import alive, ensure, remove_job


class ScheduleInputs(ResourceModel):
    """A job and when it runs."""

    path: str
    """File of the job's definition, below the supervisor's folder."""
    job: str
    """The job, JSON (`Job`)."""


class ScheduleOutputs(ResourceModel):
    """A scheduled job."""

    path: str
    """File of the job's definition."""
    kind: JobKind
    """What it does."""
    state: Literal["scheduled", "stopped"]
    """`stopped`: no supervisor is running."""


class ScheduleHandler:
    """CRUD of a schedule; its id is the path of the job's definition."""

    token = "trimaran:local:Schedule"
    inputs = ScheduleInputs
    outputs = ScheduleOutputs
    replace_on = frozenset({"path"})

    def create(self, inputs: ScheduleInputs, report: Reporter) -> Created[ScheduleOutputs]:
        return Created(id=inputs.path, outputs=_apply(inputs))

    def read(self, resource_id: str) -> tuple[ScheduleInputs, ScheduleOutputs] | None:
        path = Path(resource_id)
        job = read_job(path)
        if job is None:
            return None
        inputs = ScheduleInputs(path=resource_id, job=job.model_dump_json())
        state: Literal["scheduled", "stopped"] = "scheduled" if alive(owner_of(path)) else "stopped"
        return inputs, ScheduleOutputs(path=resource_id, kind=job.kind, state=state)

    def drifted(self, outputs: ScheduleOutputs) -> frozenset[str]:
        # Looked at now, not as last recorded: a plain `up` heals a killed supervisor too.
        return frozenset() if alive(owner_of(Path(outputs.path))) else frozenset({"state"})

    def update(
        self, resource_id: str, old: ScheduleOutputs, new: ScheduleInputs, report: Reporter
    ) -> ScheduleOutputs:
        return _apply(new)

    def delete(self, resource_id: str, old: ScheduleOutputs, report: Reporter) -> None:
        path = Path(resource_id)
        remove_job(owner_of(path), path.stem)


def _apply(inputs: ScheduleInputs) -> ScheduleOutputs:
    path = Path(inputs.path)
    job = Job.model_validate_json(inputs.job)
    write_job(path, job)
    ensure(owner_of(path))
    return ScheduleOutputs(path=inputs.path, kind=job.kind, state="scheduled")
