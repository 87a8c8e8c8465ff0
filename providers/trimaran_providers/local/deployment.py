"""A deployment of the local cloud, read from its files: no Pulumi, no server asked."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlparse

from trimaran_providers.contract.deployment import (
    AlertState,
    DriftState,
    EndpointState,
    Health,
    ReleaseState,
    RunState,
    Snapshot,
    StepState,
)
from trimaran_providers.contract.errors import ProjectError
from trimaran_providers.deployed.drift_state import read_drift
from trimaran_providers.deployed.release_state import every_release, state_of, waiting_release
from trimaran_providers.deployed.reports import drift_report, release_report
from trimaran_providers.local.definition import PipelineDefinition, read_definition
from trimaran_providers.local.destinations import read_destinations
from trimaran_providers.local.gateway.definition import read_definition as read_endpoint
from trimaran_providers.local.gateway.process import status as gateway_status
from trimaran_providers.local.gateway.status import GatewayStatus, Phase, read_status
from trimaran_providers.local.layout import Layout
from trimaran_providers.local.run_record import RunRecord, list_runs
from trimaran_providers.local.supervisor.job import JobKind
from trimaran_runtime.alerting.book import open_alerts
from trimaran_runtime.registry.channels import Channel
from trimaran_runtime.registry.config import UNSIGNED, SigningConfig
from trimaran_runtime.storage.store import Store

_HEALTH = {
    Phase.waiting: Health.waiting,
    Phase.starting: Health.changing,
    Phase.rolling_out: Health.changing,
    Phase.rolled_back: Health.rolled_back,
    Phase.failed: Health.failed,
    Phase.stopped: Health.down,
}


@dataclass(frozen=True, slots=True)
class LocalDeployment:
    """One deployed stack of the local cloud.

    Attributes:
        layout: folders of the project.
        physical: name among the project's deployments, `{name}-{stack}`.
    """

    layout: Layout
    physical: str

    @property
    def cloud(self) -> str:
        """Name of the cloud."""
        return "local"

    @property
    def stack(self) -> str:
        """Name of the Pulumi stack."""
        # Both names may hold hyphens, so the project's stack files tell where to cut.
        files = self.layout.project.glob("Pulumi.*.yaml")
        stacks = (file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)
        known = [stack for stack in stacks if self.physical.endswith(f"-{stack}")]
        return max(known, key=len, default=self.physical.rpartition("-")[2])

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.physical.removesuffix(f"-{self.stack}")

    @property
    def folder(self) -> Path:
        """Directory of the artifact store, which may be shared with other models."""
        endpoint = read_endpoint(self._gateway)
        if endpoint is None:
            return self.layout.store(self.physical)
        return Path(unquote(urlparse(endpoint.store_uri).path))

    @property
    def store_uri(self) -> str:
        """Root URI of the artifact store."""
        return self.folder.as_uri()

    @property
    def store(self) -> Store:
        """The artifact store. Raises NotFound."""
        return Store.open_directory(self.folder)

    @property
    def signing(self) -> SigningConfig:
        """Whose signature a release must carry."""
        endpoint, pipeline = read_endpoint(self._gateway), read_definition(self.folder)
        policies = [endpoint.signing if endpoint else UNSIGNED]
        policies += [pipeline.config.registry.signing] if pipeline else []
        # Either may be there without the other, and then knows nothing of keys.
        return next((policy for policy in policies if policy.public_keys), UNSIGNED)

    @property
    def follows_channels(self) -> bool:
        """The gateway looks at the channel every few seconds."""
        return True

    @property
    def needs_serving_files(self) -> bool:
        """Its servers read the store."""
        return False

    @property
    def _gateway(self) -> Path:
        return self.layout.endpoint(self.physical)

    def snapshot(self) -> Snapshot:
        """Everything about it, as it is now."""
        store, endpoint, alerts, runs = self.store, self.endpoint(), self.alerts(), self.runs()
        health = _HEALTH.get(Phase(endpoint.phase))
        return Snapshot(
            model=self.model,
            stack=self.stack,
            cloud=self.cloud,
            health=health or (Health.alerting if alerts else Health.healthy),
            production=state_of(store, Channel.production),
            waiting=waiting_release(store),
            endpoint=endpoint,
            last_run=runs[0] if runs else None,
            next_run=self._next(JobKind.pipeline),
            next_check=self._next(JobKind.monitor),
            drift=self.drift(),
            alerts=alerts,
        )

    def endpoint(self) -> EndpointState:
        """The endpoint, as it is now."""
        found = gateway_status(self._gateway)
        if found is not None:
            return _endpoint(found)
        if read_endpoint(self._gateway) is None:
            return EndpointState(phase=Phase.waiting, problem="not there yet")
        last = read_status(self._gateway)
        return EndpointState(
            phase=Phase.stopped,
            url=last.url if last else "",
            problem="its process is gone; `pulumi up --refresh` brings it back",
        )

    def releases(self) -> list[ReleaseState]:
        """Every release, newest first."""
        return every_release(self.store)

    def runs(self) -> list[RunState]:
        """Every run of the pipeline, newest first."""
        return [_run(record) for record in list_runs(self.folder / "runs")]

    def log(self, run: str, step: str) -> Iterator[str]:
        """Lines a step printed. Raises ProjectError when there is no such log."""
        path = self.folder / "runs" / run / "logs" / f"{step}.log"
        try:
            text = path.read_text(errors="replace")
        except FileNotFoundError as exc:
            raise ProjectError(f"step {step} of run {run} has no log") from exc
        return iter(text.splitlines())

    def run(self, report: Callable[[str], None]) -> RunState:
        """Run the pipeline now and wait for it; `report` takes the state so far."""
        from trimaran_providers.local.observed_run import run_and_alert

        return _run(run_and_alert(self.folder, self._definition(), trigger="manual", report=report))

    def check(self, report: Callable[[str], None]) -> DriftState:
        """Check captured traffic now and wait for it."""
        from trimaran_providers.local.checks import check_traffic

        check_traffic(self.layout, self.physical, report=report)
        state = self.drift()
        if state is None:
            raise ProjectError("the check left no report", where=self.physical)
        return state

    def alerts(self) -> tuple[AlertState, ...]:
        """Open alerts, oldest first."""
        destinations = read_destinations(self.layout.alerts(self.physical))
        store = Store(destinations.store_uri) if destinations else self.store
        return tuple(
            AlertState(rule=a.rule, message=a.sentence, since=a.since, count=a.count)
            for a in open_alerts(store)
        )

    def drift(self) -> DriftState | None:
        """The newest check of captured traffic; None: it was never checked."""
        return read_drift(self.store)

    def report(self, release: str) -> Path:
        """The report of a release, by full id, as a file."""
        return release_report(self.store, self.folder, release)

    def drift_report(self) -> Path:
        """The newest drift report as a file. Raises ProjectError when there is none."""
        return drift_report(self.folder)

    def _definition(self) -> PipelineDefinition:
        definition = read_definition(self.folder)
        if definition is None:
            raise ProjectError(
                f"{self.physical} has no pipeline", next_step=f"run `pulumi up -s {self.stack}`"
            )
        return definition

    def _next(self, kind: JobKind) -> datetime | None:
        path = self.layout.supervisor / "state.json"
        try:
            at = json.loads(path.read_bytes())["next_runs"].get(f"{self.physical}-{kind}")
        except (FileNotFoundError, ValueError, KeyError, AttributeError):
            # No supervisor, or a file it writes anew within seconds.
            return None
        return datetime.fromisoformat(at) if at else None


def find_deployments(project: Path) -> list[LocalDeployment]:
    """Deployments of a project's local cloud, sorted by name."""
    layout = Layout(project)
    return [LocalDeployment(layout, name) for name in layout.deployments()]


def _endpoint(found: GatewayStatus) -> EndpointState:
    window = found.window
    return EndpointState(
        phase=found.phase,
        url=found.url,
        serving={release: share for release, share in found.weights.items() if share},
        replicas=sum(found.replicas.values()),
        requests_per_minute=window.requests * 60 / window.seconds if window.seconds else 0.0,
        errors=window.errors_5xx,
        p99_ms=window.p99_ms,
        problem=found.error,
    )


def _run(record: RunRecord) -> RunState:
    return RunState(
        id=record.id,
        status=record.status,
        trigger=record.trigger,
        started=record.started,
        seconds=record.seconds,
        release=record.release,
        message=record.message,
        steps=tuple(
            StepState(name=s.name, status=s.status, seconds=s.seconds, summary=s.summary)
            for s in record.steps
        ),
    )
