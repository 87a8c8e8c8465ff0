"""A deployment on AWS: found in Pulumi's state, read from the store and from AWS itself."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.endpoint_state import endpoint_state
from trimaran_providers.aws.handlers.session import session
from trimaran_providers.aws.names import cleaned, shortened
from trimaran_providers.aws.next_start import next_start
from trimaran_providers.aws.open_alarms import open_alarms
from trimaran_providers.aws.pipeline_runs import PipelineRuns
from trimaran_providers.aws.stack_state import StateResource, read_state
from trimaran_providers.contract.deployment import (
    AlertState,
    DriftState,
    EndpointState,
    Health,
    ReleaseState,
    RunState,
    Snapshot,
)
from trimaran_providers.contract.errors import ProjectError, ResourceError
from trimaran_providers.deployed.drift_state import read_drift
from trimaran_providers.deployed.release_state import every_release, state_of, waiting_release
from trimaran_providers.deployed.reports import DRIFT, release_report, written
from trimaran_runtime.errors import NotFound
from trimaran_runtime.registry.channels import Channel
from trimaran_runtime.registry.config import SigningConfig
from trimaran_runtime.storage.store import Store

_REGISTRY = "trimaran:aws:ModelRegistry"
_ENDPOINT = "trimaran:aws:Endpoint"
_PIPELINE = "aws:sagemaker/pipeline:Pipeline"
_SCHEDULE = "aws:scheduler/schedule:Schedule"
_ALARMS = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": "name",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "alarmName",
}
"""Types of alarms, and the output with an alarm's name."""
_HEALTH = {
    "waiting": Health.waiting,
    "starting": Health.changing,
    "rolling_out": Health.changing,
    "rolled_back": Health.rolled_back,
    "failed": Health.failed,
    "stopped": Health.down,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsDeployment:
    """One model of a deployed stack.

    Attributes:
        project: folder of the Pulumi project.
        stack: name of the Pulumi stack.
        model: name of the model's components.
        resources: the model's resources, by logical name.
    """

    project: Path
    stack: str
    model: str
    resources: Mapping[str, StateResource] = field(repr=False)

    @property
    def cloud(self) -> str:
        """Name of the cloud."""
        return "aws"

    @property
    def store_uri(self) -> str:
        """Root URI of the artifact store."""
        return str(self._registry.outputs["storeUri"])

    @property
    def store(self) -> Store:
        """The artifact store, with the credentials and the role that the stack uses."""
        return Store(self.store_uri, session=session(self.account))

    @property
    def signing(self) -> SigningConfig:
        """Whose signature a release must carry, as the stack's state has it."""
        return SigningConfig.model_validate(self._registry.outputs.get("signing") or {})

    @property
    def follows_channels(self) -> bool:
        """SageMaker knows no channel: the next `up` deploys what it points at."""
        return False

    @property
    def needs_serving_files(self) -> bool:
        """SageMaker copies them into its containers."""
        return True

    @property
    def account(self) -> AwsAccount:
        """How the stack reaches AWS."""
        return AwsAccount.model_validate(self._registry.outputs["account"])

    @property
    def folder(self) -> Path:
        """Folder of this machine for what is opened: reports."""
        return self.project / ".trimaran" / "aws" / f"{self.model}-{self.stack}"

    def snapshot(self) -> Snapshot:
        """Everything about it, as it is now."""
        store, endpoint, alerts, runs = self.store, self.endpoint(), self.alerts(), self.runs()
        return Snapshot(
            model=self.model,
            stack=self.stack,
            cloud=self.cloud,
            health=_HEALTH.get(endpoint.phase) or (Health.alerting if alerts else Health.healthy),
            production=state_of(store, Channel.production),
            waiting=waiting_release(store),
            endpoint=endpoint,
            last_run=runs[0] if runs else None,
            next_run=self._next("schedule"),
            next_check=self._next("monitor-schedule"),
            drift=self.drift(),
            alerts=alerts,
        )

    def endpoint(self) -> EndpointState:
        """The endpoint, as it is now."""
        found = self.resources.get(f"{self.model}-endpoint")
        if found is None or found.type != _ENDPOINT:
            return EndpointState(phase="waiting", problem="not there yet")
        return endpoint_state(self.account, found.outputs)

    def releases(self) -> list[ReleaseState]:
        """Every release, newest first."""
        return every_release(self.store)

    def runs(self) -> list[RunState]:
        """The newest runs of the pipeline, newest first."""
        return self._runs("pipeline").newest(self.store)

    def log(self, run: str, step: str) -> Iterator[str]:
        """Lines a step printed. Raises ProjectError when there is no such log."""
        return self._runs("pipeline").log(run, step)

    def run(self, report: Callable[[str], None]) -> RunState:
        """Run the pipeline now and wait for it; `report` takes the state so far."""
        return self._runs("pipeline").start(self.store, report)

    def check(self, report: Callable[[str], None]) -> DriftState:
        """Check captured traffic now and wait for it."""
        done = self._runs("monitor").start(self.store, report)
        if done.status != "succeeded":
            raise ResourceError(done.message or f"the check {done.status}", where="monitor")
        state = self.drift()
        if state is None:
            raise ProjectError("the check left no report", where=self.model)
        return state

    def alerts(self) -> tuple[AlertState, ...]:
        """Open alarms, oldest first."""
        names = [
            str(resource.outputs[_ALARMS[resource.type]])
            for resource in self.resources.values()
            if resource.type in _ALARMS and _tells_people(resource)
        ]
        base = shortened(cleaned(f"{self.model}-{self.stack}"))
        return open_alarms(self.account, names, base)

    def drift(self) -> DriftState | None:
        """The newest check of captured traffic; None: it was never checked."""
        return read_drift(self.store)

    def report(self, release: str) -> Path:
        """The report of a release, by full id, as a file."""
        return release_report(self.store, self.folder, release)

    def drift_report(self) -> Path:
        """The newest drift report as a file. Raises ProjectError when there is none."""
        try:
            content = self.store.read(DRIFT)
        except NotFound as exc:
            raise ProjectError(
                "traffic was not checked yet, so there is no drift report",
                next_step=f"check it now with `trimaran monitor --stack {self.stack}`",
            ) from exc
        return written(self.folder / "drift.html", content)

    @property
    def _registry(self) -> StateResource:
        return self.resources[f"{self.model}-registry"]

    def _runs(self, purpose: str) -> PipelineRuns:
        found = self.resources.get(f"{self.model}-{purpose}")
        if found is None or found.type != _PIPELINE:
            raise ProjectError(
                f"{self.model} has no {purpose} in stack {self.stack}",
                next_step=f"run `pulumi up -s {self.stack}`",
            )
        return PipelineRuns(account=self.account, pipeline=str(found.outputs["pipelineName"]))

    def _next(self, purpose: str) -> datetime | None:
        found = self.resources.get(f"{self.model}-{purpose}")
        if found is None or found.type != _SCHEDULE:
            return None
        inputs: Mapping[str, Any] = found.inputs
        timezone = inputs.get("scheduleExpressionTimezone", "UTC")
        return next_start(inputs["scheduleExpression"], timezone, datetime.now(UTC))


def _tells_people(alarm: StateResource) -> bool:
    """Whether an alarm is an alert: others start a retraining, an instance, or a way back."""
    actions: Iterable[str] = alarm.outputs.get("alarmActions") or ()
    return any(action.split(":")[2:3] == ["sns"] for action in actions)


def find_deployments(project: Path, stack: str) -> list[AwsDeployment]:
    """Models of a stack, sorted by name.

    Args:
        project: folder of the Pulumi project.
        stack: name of the stack.

    Raises:
        ProjectError: there is no `pulumi`, or no such stack.
    """
    by_component: dict[str, dict[str, StateResource]] = {}
    for resource in read_state(project, stack):
        by_component.setdefault(resource.component, {})[resource.name] = resource
    return [
        AwsDeployment(project=project, stack=stack, model=name, resources=found)
        for name, found in sorted(by_component.items())
        if getattr(found.get(f"{name}-registry"), "type", "") == _REGISTRY
    ]
