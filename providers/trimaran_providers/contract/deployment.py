"""What a person can see and do of a deployed stack: the same questions on every cloud."""

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trimaran_runtime.section import Section

if TYPE_CHECKING:
    from trimaran_runtime.registry.config import SigningConfig
    from trimaran_runtime.storage.store import Store


class Health(StrEnum):
    """How a stack stands, in one word."""

    healthy = "healthy"
    """The production release serves, and no alert is open."""
    alerting = "alerting"
    """It serves, and an alert is open."""
    changing = "changing"
    """A new release is being started or rolled out."""
    waiting = "waiting"
    """No release is in production yet."""
    rolled_back = "rolled back"
    """The production release failed; the one before it serves."""
    failed = "failed"
    """The production release failed, and nothing serves."""
    down = "down"
    """The endpoint's process is gone."""


class ReleaseState(Section):
    """A release, as far as a person needs it."""

    id: str
    """64 hexadecimal digits."""
    metric: str
    """The metric that decided."""
    value: float | None
    """Its value on the test rows; None: it could not be measured."""
    interval: tuple[float, float] | None
    """95 % confidence interval of the value."""
    accepted: bool
    """Whether the gate accepted it."""
    refused_by: tuple[str, ...] = ()
    """Checks it did not pass, each with its numbers."""
    overridden: tuple[str, ...] = ()
    """Checks among them that a person let pass, each with who and why."""
    channels: tuple[str, ...] = ()
    """Channels that point at it."""
    since: datetime | None = None
    """When it came into production, or into the store when it is not there. UTC."""
    who: str = ""
    """Who brought it into production."""
    why: str = ""
    """Reason given."""


class EndpointState(Section):
    """The endpoint, as it stands."""

    phase: str
    """`waiting`, `starting`, `serving`, `rolling_out`, `rolled_back`, `failed`, or `stopped`."""
    url: str = ""
    """Base address; `/invocations` takes predictions."""
    serving: dict[str, int] = {}
    """Share of traffic by full release id, percent."""
    replicas: int = 0
    """Ready server processes or instances."""
    requests_per_minute: float = 0.0
    """Over the last five minutes."""
    errors: int = 0
    """Requests answered 5xx in the last five minutes."""
    p99_ms: float | None = None
    """99th percentile of latency, ms; None: no request in the last five minutes."""
    problem: str = ""
    """Why the phase is what it is, when something is wrong."""


class StepState(Section):
    """One step of a pipeline run."""

    name: str
    status: str
    seconds: float
    """Wall time, seconds."""
    summary: str = ""
    """Last line the step printed."""


class RunState(Section):
    """One run of the pipeline."""

    id: str
    """Sorts by time."""
    status: str
    """`running`, `succeeded`, `refused`, `invalid`, `failed`, or `interrupted`."""
    trigger: str
    """What started it: `up`, `schedule`, `drift`, `manual`."""
    started: datetime
    seconds: float
    """Wall time, seconds."""
    release: str | None = None
    """Full id of the release it registered, accepted or refused."""
    message: str = ""
    """Why it did not succeed."""
    steps: tuple[StepState, ...] = ()


class DriftState(Section):
    """The newest check of captured traffic."""

    checked: datetime
    """When, UTC."""
    severity: str
    """The worst of all columns: `ok`, `too_few_rows`, `warn`, `alert`, `nothing_to_judge`"""
    summary: str
    """The outcome in one sentence with the numbers."""
    drifted: tuple[str, ...] = ()
    """Columns that drifted."""
    columns: int = 0
    """How many columns were judged."""
    rows: int = 0
    """Captured rows that were judged."""
    report: str = ""
    """Address of the report; empty: there is none."""


class AlertState(Section):
    """An alert that is open."""

    rule: str
    """Which rule raised it."""
    message: str
    since: datetime
    count: int = 1
    """How often it was raised."""


class Snapshot(Section):
    """One screen: everything about one deployment."""

    model: str
    """Name of the model."""
    stack: str
    """Name of the Pulumi stack."""
    cloud: str
    """Name of the cloud."""
    health: Health
    production: ReleaseState | None
    """What the production channel points at; None: nothing yet."""
    waiting: ReleaseState | None
    """Accepted, and waiting for somebody's approval; None: none does."""
    endpoint: EndpointState
    last_run: RunState | None
    """Newest run of the pipeline; None: it never ran."""
    next_run: datetime | None
    """When the schedule starts the pipeline next; None: it has no schedule."""
    next_check: datetime | None
    """When traffic is checked next; None: not by the clock."""
    drift: DriftState | None
    """Newest check of traffic; None: it was never checked."""
    alerts: tuple[AlertState, ...]
    """Open alerts, oldest first."""


class Deployment(Protocol):
    """One deployed stack."""

    @property
    def model(self) -> str:
        """Name of the model."""

    @property
    def stack(self) -> str:
        """Name of the Pulumi stack."""

    @property
    def cloud(self) -> str:
        """Name of the cloud."""

    @property
    def store_uri(self) -> str:
        """Root URI of the artifact store."""

    @property
    def store(self) -> "Store":
        """The artifact store, reached as the stack reaches it."""

    @property
    def signing(self) -> "SigningConfig":
        """Whose signature a release must carry."""

    @property
    def follows_channels(self) -> bool:
        """Whether the endpoint sees by itself that a channel moved; else the next `up` does."""

    @property
    def needs_serving_files(self) -> bool:
        """Whether its servers cannot read the store, and get a folder of files instead."""

    def snapshot(self) -> Snapshot:
        """Everything about it, as it is now."""

    def endpoint(self) -> EndpointState:
        """The endpoint, as it is now."""

    def releases(self) -> list[ReleaseState]:
        """Every release, newest first."""

    def runs(self) -> list[RunState]:
        """Every run of the pipeline, newest first."""

    def log(self, run: str, step: str) -> Iterator[str]:
        """Lines a step printed. Raises ProjectError when there is no such log."""

    def run(self, report: Callable[[str], None]) -> RunState:
        """Run the pipeline now and wait for it; `report` takes the state so far."""

    def check(self, report: Callable[[str], None]) -> DriftState:
        """Check captured traffic now and wait for it."""

    def report(self, release: str) -> Path:
        """The report of a release, by full id, as a file. Raises ProjectError."""

    def drift_report(self) -> Path:
        """The newest drift report as a file. Raises ProjectError when there is none."""
