"""Where checks are kept in the store: each under its time, and the newest under fixed keys."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted, NotFound
from trimaran_runtime.monitoring.action import Retraining
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.storage.store import Store

if TYPE_CHECKING:
    # Where things are kept is asked by renderers, too, which compute nothing.
    from trimaran_runtime.monitoring.outcome import Outcome

FOLDER = "monitor"
VERDICT = "verdict.json"
REPORT = "report.html"
LATEST = f"{FOLDER}/latest.json"
"""Summary of the newest check: `key` (folder of its files), `when`, and `Outcome.summary`."""
LATEST_REPORT = f"{FOLDER}/latest.html"
"""The newest report."""
RETRAINING = f"{FOLDER}/retraining.json"
"""The last retraining by drift."""


def keep(store: Store, outcome: "Outcome", report: bytes, when: datetime) -> str:
    """Store a check; the summary comes last, so it never points at files that are not there.

    Args:
        store: the artifact store.
        outcome: what the check found.
        report: the report, HTML.
        when: time of the check, UTC.

    Returns:
        The folder of its files, e.g. `monitor/20260101T120000Z`.
    """
    key = f"{FOLDER}/{when:%Y%m%dT%H%M%SZ}"
    store.write(f"{key}/{VERDICT}", canonical_json(outcome.document()))
    store.write(f"{key}/{REPORT}", report)
    store.write(LATEST_REPORT, report)
    store.write_json(LATEST, {"key": key, "when": when, **outcome.summary()})
    return key


def read_latest(store: Store) -> dict[str, Any] | None:
    """Summary of the newest check; None: there was none. Raises Corrupted."""
    try:
        document = store.read_json(LATEST)
    except NotFound:
        return None
    if not isinstance(document, dict):
        raise Corrupted(f"{LATEST!r} in {store.uri} is no check", where="monitor")
    return document


def record_retraining(store: Store, retraining: Retraining) -> None:
    """Remember that drift started a pipeline run; later checks ask for it."""
    store.write_json(RETRAINING, retraining.model_dump(mode="json"))


def last_retraining(store: Store) -> Retraining | None:
    """The last pipeline run that drift started; None: none. Raises Corrupted."""
    try:
        return Retraining.model_validate_json(store.read(RETRAINING))
    except NotFound:
        return None
    except ValidationError as exc:
        raise Corrupted(
            f"{RETRAINING!r} in {store.uri} cannot be read",
            where="monitor",
            next_step="delete the object; the cool-down then starts anew",
        ) from exc
