"""Where the alerts of a deployment go: a file that only its owner can read."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from trimaran_providers.contract.errors import CorruptedError
from trimaran_providers.contract.spec import ChannelKind
from trimaran_providers.local.atomic import write_atomic
from trimaran_runtime.alerting.config import AlertRules
from trimaran_runtime.alerting.destination import destination
from trimaran_runtime.alerting.rules import Observation
from trimaran_runtime.alerting.watch import watch
from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.storage.store import Store

_OWNER_ONLY = 0o600


class Destination(Section):
    """One place alerts go to."""

    kind: ChannelKind
    address: str
    """E-mail address, HTTPS address, or Apprise URL."""


class Destinations(Section):
    """Rules and destinations of a deployment."""

    store_uri: str
    """Store that keeps the log."""
    rules: AlertRules
    """What is worth a message."""
    channels: tuple[Destination, ...]
    """Where alerts go."""
    smtp_url: str | None = None
    """Apprise URL of the mail server that e-mail goes through; None: there is none."""


def raise_or_resolve(path: Path, observations: Sequence[Observation]) -> None:
    """Judge observations by the rules of a file of destinations, and tell its channels.

    Does nothing when there is no such file (any more).

    Raises:
        CorruptedError: the file cannot be read.
        RuntimeFault: the store's log cannot be read or written.
    """
    found = read_destinations(path)
    if found is None:
        return
    channels = [
        destination(c.kind.value, c.address, smtp_url=found.smtp_url) for c in found.channels
    ]
    watch(Store(found.store_uri), found.rules, channels, observations)


def write_destinations(path: Path, destinations: Destinations) -> None:
    """Write the file; it may hold addresses with tokens."""
    content = canonical_json(destinations.model_dump(mode="json"))
    write_atomic(path, content, mode=_OWNER_ONLY)


def read_destinations(path: Path) -> Destinations | None:
    """Read the file; None: there is none. Raises CorruptedError."""
    try:
        return Destinations.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as exc:
        raise CorruptedError(
            "the alert destinations cannot be read",
            where=str(path),
            next_step="delete that file and run `pulumi up --refresh`",
        ) from exc
