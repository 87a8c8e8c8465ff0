"""One run of a SageMaker pipeline, as it is looked at from outside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimaran_providers.aws.handlers.refusal import error_code
from trimaran_providers.aws.pipeline_definition import REFUSED
from trimaran_runtime.errors import Exit

_STATUSES = {
    "Executing": "running",
    "Stopping": "stopping",
    "Stopped": "stopped",
    "Succeeded": "succeeded",
}
_GONE = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
UNDER_WAY = frozenset({"running", "stopping"})
"""Statuses of a run that has not ended."""


@dataclass(frozen=True, slots=True)
class Execution:
    """A run.

    Attributes:
        arn: its ARN.
        status: `running`, `stopping`, `stopped`, `succeeded`, `refused` (by the gate), `invalid`
            (its data), or `failed`.
        started: when it was started.
        why: why it failed: of each failed step, its name and reason.
    """

    arn: str
    status: str
    started: datetime
    why: str


def look_at(sagemaker: Any, arn: str) -> Execution | None:
    """A run as it is now; None: there is none of that ARN."""
    try:
        found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    except sagemaker.exceptions.ClientError as exc:
        if error_code(exc) in _GONE:
            return None
        raise
    known = _STATUSES.get(found["PipelineExecutionStatus"])
    started = found["CreationTime"]
    if known is not None:
        return Execution(arn, known, started, "")
    failed = [step for step in _steps(sagemaker, arn) if step["StepStatus"] == "Failed"]
    told = [f"{step['StepName']}: {step.get('FailureReason', '')}".strip(": ") for step in failed]
    why = "; ".join(told) or found.get("FailureReason", "")
    return Execution(arn, _failure(failed), started, why)


def _failure(failed: list[dict[str, Any]]) -> str:
    names = {step["StepName"] for step in failed}
    if REFUSED in names:
        return "refused"
    for step in failed:
        # A processing job tells its container's exit status in its reason.
        reason = step.get("FailureReason", "").lower()
        if step["StepName"] == "validate" and f"exit code: {Exit.INVALID_DATA:d}" in reason:
            return "invalid"
    return "failed"


def _steps(sagemaker: Any, arn: str) -> list[dict[str, Any]]:
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending"
    )
    return [step for page in pages for step in page["PipelineExecutionSteps"]]
