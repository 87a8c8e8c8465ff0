"""Runs of a SageMaker pipeline, as a person sees them."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers.execution import UNDER_WAY, look_at
from trimaran_providers.aws.handlers.pipeline_run import is_of_up
from trimaran_providers.aws.handlers.refusal import told_as_ours
from trimaran_providers.aws.handlers.session import client
from trimaran_providers.contract.deployment import RunState, StepState
from trimaran_providers.contract.errors import ProjectError, ResourceError
from trimaran_runtime.errors import Corrupted, NotFound
from trimaran_runtime.storage.store import Store

MANUAL = "manual"
_SHOWN = 20
"""Runs that are listed: each one takes two calls."""
_STEP_STATUSES = {
    "Starting": "running",
    "Executing": "running",
    "Stopping": "running",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Stopped": "interrupted",
}
_STATUSES = {"stopping": "running", "stopped": "interrupted"}
"""What `RunState` calls a run that `Execution` calls otherwise."""
_PURPOSES = {"schedule": "schedule", "retrain": "drift", "new-data": "data"}
"""Ends of the names of the roles that start a pipeline, and what they start it for."""
_GROUPS = {"ProcessingJob": "ProcessingJobs", "TrainingJob": "TrainingJobs"}
"""Log groups by the key of a step's metadata: SageMaker Developer Guide, "CloudWatch logs"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRuns:
    """The runs of one pipeline.

    Attributes:
        account: how AWS is reached.
        pipeline: name of the pipeline.
        poll_seconds: time between two looks at a run that is waited for, seconds.
    """

    account: AwsAccount
    pipeline: str
    poll_seconds: float = 10.0

    def newest(self, store: Store) -> list[RunState]:
        """The newest runs, newest first; at most 20.

        Args:
            store: where a run leaves what it released.
        """
        with told_as_ours(self.pipeline):
            summaries = self._sagemaker.list_pipeline_executions(
                PipelineName=self.pipeline,
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=_SHOWN,
            )["PipelineExecutionSummaries"]
            return [self._run(item["PipelineExecutionArn"], store) for item in summaries]

    def start(self, store: Store, report: Callable[[str], None]) -> RunState:
        """Start a run and wait for it.

        Args:
            store: where a run leaves what it released.
            report: takes the state so far, whenever it changes.
        """
        with told_as_ours(self.pipeline):
            arn = self._sagemaker.start_pipeline_execution(
                PipelineName=self.pipeline, PipelineExecutionDisplayName=MANUAL
            )["PipelineExecutionArn"]
            told = ""
            while True:
                state = self._run(arn, store)
                line = "   ".join(f"{step.name} {step.status}" for step in state.steps)
                if line != told:
                    report(line)
                    told = line
                if state.status != "running":
                    return state
                time.sleep(self.poll_seconds)

    def log(self, run: str, step: str) -> Iterator[str]:
        """Lines that a step of a run printed, oldest first.

        Raises:
            ProjectError: there is no such run, step, or log.
        """
        with told_as_ours(self.pipeline):
            arn = self._arn_of(run)
            found = {item["StepName"]: item for item in self._steps(arn)}
            group, job = _job(found.get(step, {}).get("Metadata", {}))
            if not job:
                raise ProjectError(f"step {step} of run {run} has no log", allowed=", ".join(found))
            return iter(list(self._lines(f"/aws/sagemaker/{group}", job)))

    @property
    def _sagemaker(self) -> Any:
        return client(self.account, "sagemaker")

    def _arn_of(self, run: str) -> str:
        answer = self._sagemaker.describe_pipeline(PipelineName=self.pipeline)
        return f"{answer['PipelineArn']}/execution/{run}"

    def _run(self, arn: str, store: Store) -> RunState:
        execution = look_at(self._sagemaker, arn)
        if execution is None:
            raise ResourceError(f"the run {arn} is gone", where=self.pipeline)
        described = self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        run = arn.rpartition("/")[2]
        ended = (
            datetime.now(UTC)
            if execution.status in UNDER_WAY
            else described.get("LastModifiedTime", execution.started)
        )
        return RunState(
            id=run,
            status=_STATUSES.get(execution.status, execution.status),
            trigger=_trigger(described),
            started=execution.started,
            seconds=max((ended - execution.started).total_seconds(), 0.0),
            release=_release(store, run),
            message=execution.why,
            steps=tuple(_step(item) for item in self._steps(arn)),
        )

    def _steps(self, arn: str) -> list[Mapping[str, Any]]:
        pages = self._sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=arn, SortOrder="Ascending"
        )
        return [step for page in pages for step in page["PipelineExecutionSteps"]]

    def _lines(self, group: str, job: str) -> Iterator[str]:
        logs = client(self.account, "logs")
        # `job/algo-1-…`: another job's name may begin like this one's, and has no slash there.
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")
        for stream in streams["logStreams"]:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group, logStreamNames=[stream["logStreamName"]]
            )
            for page in pages:
                for event in page["events"]:
                    yield event["message"].rstrip("\n")


def _trigger(described: Mapping[str, Any]) -> str:
    """What started a run: our own mark, or the role that did it."""
    if is_of_up(described.get("PipelineExecutionDescription", "")):
        return "up"
    arn = described.get("CreatedBy", {}).get("IamIdentity", {}).get("Arn", "")
    role = arn.split("/")[1] if arn.count("/") > 1 else ""
    for purpose, trigger in _PURPOSES.items():
        if role.endswith(f"-{purpose}"):
            return trigger
    return MANUAL


def _step(item: Mapping[str, Any]) -> StepState:
    started, ended = item.get("StartTime"), item.get("EndTime")
    seconds = ((ended or datetime.now(UTC)) - started).total_seconds() if started else 0.0
    return StepState(
        name=item["StepName"],
        status=_STEP_STATUSES.get(item["StepStatus"], item["StepStatus"].lower()),
        seconds=max(seconds, 0.0),
        summary=item.get("FailureReason", ""),
    )


def _job(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Log group and name of the job that a step ran; empty: it ran none."""
    for key, group in _GROUPS.items():
        if key in metadata:
            return group, str(metadata[key]["Arn"]).rpartition("/")[2]
    return "", ""


def _release(store: Store, run: str) -> str | None:
    """The release that a run registered, accepted or refused; None: it came to none."""
    try:
        found = store.read_json(f"runs/{run}/release/release.json")
    except (NotFound, Corrupted):
        return None
    return str(found["release"]) if isinstance(found, dict) and "release" in found else None
