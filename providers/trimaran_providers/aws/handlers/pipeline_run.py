"""`trimaran:aws:PipelineRun`: a run of a pipeline, started when what decides the model changed.

`up` does not wait for it: a run may take hours. A run that crashed, or whose data were invalid, is
started again by the next `up`; one that the gate refused is not, for nothing has changed.
"""

import json
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers.address import address, parse_address
from trimaran_providers.aws.handlers.execution import UNDER_WAY, Execution, look_at
from trimaran_providers.aws.handlers.refusal import error_code, told_as_ours
from trimaran_providers.aws.handlers.session import client
from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel

_AGAIN = frozenset({"failed", "invalid"})
_LOST = "lost"
_NO_PIPELINE = frozenset({"ResourceNotFound", "ResourceNotFoundException"})


class PipelineRunInputs(ResourceModel):
    """A pipeline, and what decides whether it runs."""

    account: AwsAccount
    """How AWS is reached."""
    pipeline_name: str
    """Name of the pipeline."""
    digest: str
    """Digest of what decides the model: data, code, image and their configuration."""
    definition: str
    """Digest of the pipeline's definition; a change of it alone starts nothing."""


class PipelineRunOutputs(ResourceModel):
    """The run."""

    account: AwsAccount
    """How AWS is reached."""
    pipeline_name: str
    """Name of the pipeline."""
    digest: str
    """Digest of what decides the model."""
    definition: str
    """Digest of the pipeline's definition."""
    run: str
    """ARN of the run."""
    status: str
    """`running`, `stopping`, `stopped`, `succeeded`, `refused`, `invalid`, `failed`, or `lost`."""
    started: str
    """When it was started, ISO 8601."""


class PipelineRunHandler:
    """CRUD of a run; its id is the pipeline's name, and how that is reached.

    Args:
        poll_seconds: time between two looks at a run that is being stopped, seconds.
    """

    token = "trimaran:aws:PipelineRun"
    inputs = PipelineRunInputs
    outputs = PipelineRunOutputs
    replace_on = frozenset({"pipeline_name"})

    def __init__(self, poll_seconds: float = 5.0) -> None:
        self._poll_seconds = poll_seconds

    def create(self, inputs: PipelineRunInputs, report: Reporter) -> Created[PipelineRunOutputs]:
        outputs = _started(inputs, after="", report=report)
        return Created(id=address(inputs.pipeline_name, inputs.account), outputs=outputs)

    def read(self, resource_id: str) -> tuple[PipelineRunInputs, PipelineRunOutputs] | None:
        name, account = parse_address(resource_id)
        with told_as_ours(name):
            sagemaker = client(account, "sagemaker")
            found = _newest_of_ours(sagemaker, name)
            execution = look_at(sagemaker, found[0]) if found else None
        if found is None or execution is None:
            return None
        inputs = PipelineRunInputs(account=account, pipeline_name=name, **found[1])
        return inputs, _outputs(inputs, execution)

    def drifted(self, outputs: PipelineRunOutputs) -> frozenset[str]:
        if not outputs.run:
            return frozenset({"run"})
        try:
            with told_as_ours(outputs.pipeline_name):
                now = look_at(client(outputs.account, "sagemaker"), outputs.run)
        except ResourceError:
            # A preview needs no credentials and no network: what cannot be seen is taken as it was.
            return frozenset()
        status = now.status if now else _LOST
        return frozenset({"status"} if status != outputs.status or status in _AGAIN else ())

    def update(
        self,
        resource_id: str,
        old: PipelineRunOutputs,
        new: PipelineRunInputs,
        report: Reporter,
    ) -> PipelineRunOutputs:
        if old.digest != new.digest:
            return _started(new, after="", report=report)
        with told_as_ours(new.pipeline_name):
            now = look_at(client(new.account, "sagemaker"), old.run)
        if now is not None and now.status in _AGAIN:
            report.warning(f"the last run failed, another one starts: {now.why}")
            return _started(new, after=now.arn, report=report)
        if now is None:
            return PipelineRunOutputs(
                **new.model_dump(), run=old.run, status=_LOST, started=old.started
            )
        _tell(now, report)
        return _outputs(new, now)

    def delete(self, resource_id: str, old: PipelineRunOutputs, report: Reporter) -> None:
        with told_as_ours(old.pipeline_name):
            sagemaker = client(old.account, "sagemaker")
            now = look_at(sagemaker, old.run) if old.run else None
            if now is not None and now.status == "running":
                sagemaker.stop_pipeline_execution(
                    PipelineExecutionArn=old.run, ClientRequestToken=_token("stop", old.run)
                )
                now = look_at(sagemaker, old.run)
            # SageMaker deletes no pipeline that runs, and the pipeline goes next.
            while now is not None and now.status in UNDER_WAY:
                report.progress(f"waiting for run {_short(old.run)} to stop")
                time.sleep(self._poll_seconds)
                now = look_at(sagemaker, old.run)


def _started(inputs: PipelineRunInputs, *, after: str, report: Reporter) -> PipelineRunOutputs:
    """Start a run; the same call after a kill finds the run that the first one started.

    Args:
        inputs: the pipeline.
        after: ARN of the failed run that this one repeats; empty: it repeats none.
        report: takes a line for the user.
    """
    with told_as_ours(inputs.pipeline_name):
        sagemaker = client(inputs.account, "sagemaker")
        pipeline = sagemaker.describe_pipeline(PipelineName=inputs.pipeline_name)
        # A pipeline of the same name that was deleted meanwhile had other runs.
        born = pipeline["CreationTime"].isoformat()
        answer = sagemaker.start_pipeline_execution(
            PipelineName=inputs.pipeline_name,
            ClientRequestToken=_token(pipeline["PipelineArn"], born, inputs.digest, after),
            PipelineExecutionDescription=_description(inputs),
        )
        execution = look_at(sagemaker, answer["PipelineExecutionArn"])
    if execution is None:
        raise ResourceError(
            f"the run {answer['PipelineExecutionArn']} was started, and is not to be found",
            where=inputs.pipeline_name,
            next_step="`pulumi up` again",
        )
    _tell(execution, report)
    return _outputs(inputs, execution)


def _tell(execution: Execution, report: Reporter) -> None:
    if execution.status in _AGAIN or execution.status == "refused":
        report.warning(f"run {_short(execution.arn)} {execution.status}: {execution.why}")
    else:
        later = "; the next `pulumi up` serves what it releases"
        told = later if execution.status in UNDER_WAY else ""
        report.info(f"run {_short(execution.arn)} {execution.status}{told}")


def _outputs(inputs: PipelineRunInputs, execution: Execution) -> PipelineRunOutputs:
    return PipelineRunOutputs(
        **inputs.model_dump(),
        run=execution.arn,
        status=execution.status,
        started=execution.started.isoformat(),
    )


def _token(*parts: str) -> str:
    """A request token: 64 digits, the same for the same parts."""
    return sha256("|".join(parts).encode()).hexdigest()


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


def _description(inputs: PipelineRunInputs) -> str:
    """What a run says of itself; `read` knows our runs by it."""
    return json.dumps({"digest": inputs.digest, "definition": inputs.definition}, sort_keys=True)


def _newest_of_ours(sagemaker: Any, pipeline: str) -> tuple[str, Mapping[str, str]] | None:
    """ARN and digests of the newest run that an `up` started; None: there is none."""
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending"
    )
    try:
        for page in pages:
            for summary in page["PipelineExecutionSummaries"]:
                digests = _digests(summary.get("PipelineExecutionDescription", ""))
                if digests is not None:
                    return summary["PipelineExecutionArn"], digests
    except sagemaker.exceptions.ClientError as exc:
        if error_code(exc) not in _NO_PIPELINE:
            raise
    return None


def is_of_up(description: str) -> bool:
    """Whether a run's description says that an `up` started it."""
    return _digests(description) is not None


def _digests(description: str) -> Mapping[str, str] | None:
    try:
        found = json.loads(description)
    except json.JSONDecodeError:
        return None
    if not isinstance(found, dict) or found.keys() != {"digest", "definition"}:
        return None
    return found
