"""What a gateway says about itself, in one file that others read."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from trimaran_providers.contract.errors import CorruptedError
from trimaran_providers.local.atomic import write_atomic
from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import canonical_json

FILE = "state.json"
"""Name of the file in the endpoint's folder."""


class Phase(StrEnum):
    """How an endpoint stands."""

    waiting = "waiting"
    """No release in production yet; it listens, and answers 503."""
    starting = "starting"
    """Servers of the first release are starting."""
    serving = "serving"
    """The production release serves all traffic."""
    rolling_out = "rolling_out"
    """A new release is being started, tested or baked; the old one serves."""
    rolled_back = "rolled_back"
    """The production release failed; the one before it serves."""
    failed = "failed"
    """The production release failed, and there is nothing to go back to."""
    stopped = "stopped"
    """The gateway has ended."""


class Outcome(StrEnum):
    """How a rollout ended."""

    succeeded = "succeeded"
    rolled_back = "rolled_back"
    failed = "failed"
    """There was nothing to go back to."""
    superseded = "superseded"
    """The channel moved, or the definition changed, before it was through."""


class RolloutRecord(Section):
    """One finished rollout."""

    release: str
    """Full id of the new release."""
    number: int
    """Number of the production channel's record that asked for it."""
    previous: str | None
    """Full id of the release that served before."""
    started: datetime
    finished: datetime
    outcome: Outcome
    reason: str = ""
    """Why it did not succeed."""
    requests: int = 0
    """Requests the new release answered while it was judged."""


class Window(Section):
    """Traffic of the last five minutes."""

    seconds: float = 300.0
    """Length of the window, seconds."""
    requests: int = 0
    errors_5xx: int = 0
    p50_ms: float | None = None
    """Median latency, ms; None without requests."""
    p99_ms: float | None = None
    """99th percentile of latency, ms; None without requests."""
    last_request_at: datetime | None = None
    """Time of the newest request to /invocations since the gateway started."""


class GatewayStatus(Section):
    """What a gateway says about itself; written within a second of a change."""

    pid: int
    """Process id of the gateway; it lives only while it holds the lock."""
    port: int
    url: str
    """Base address; `/invocations` takes predictions."""
    phase: Phase
    production: str | None = None
    """Full id of the release the production channel points at."""
    definition: str = ""
    """Digest of the definition that is followed."""
    weights: dict[str, int] = {}
    """Share of traffic by full release id, percent."""
    replicas: dict[str, int] = {}
    """Ready server processes by full release id."""
    started: datetime
    """When the gateway started."""
    since: datetime
    """When the phase began."""
    error: str = ""
    """Why the phase is what it is, when something is wrong."""
    rollouts: tuple[RolloutRecord, ...] = ()
    """The last rollouts, newest last."""
    window: Window = Window()


def write_status(directory: Path, status: GatewayStatus) -> None:
    """Write the file."""
    write_atomic(directory / FILE, canonical_json(status.model_dump(mode="json")))


def read_status(directory: Path) -> GatewayStatus | None:
    """Read the file, whether or not its gateway lives; None: there is none.

    Raises:
        CorruptedError: it does not parse.
    """
    path = directory / FILE
    try:
        return GatewayStatus.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError as exc:
        raise CorruptedError(
            "the gateway's state cannot be read",
            where=str(path),
            next_step="delete that file; the gateway writes it again",
        ) from exc
