"""The newest check of captured traffic, as a person sees it."""

from datetime import datetime

from trimaran_providers.contract.deployment import DriftState
from trimaran_providers.deployed.reports import drift_address
from trimaran_runtime.errors import Corrupted
from trimaran_runtime.monitoring.archive import LATEST, read_latest
from trimaran_runtime.storage.store import Store


def read_drift(store: Store) -> DriftState | None:
    """The newest check; None: traffic was never checked. Raises Corrupted."""
    latest = read_latest(store)
    if latest is None:
        return None
    try:
        return DriftState(
            checked=datetime.fromisoformat(latest["when"]),
            severity=latest["severity"],
            summary=latest["sentence"],
            drifted=tuple(latest["drifted"]),
            columns=latest["columns"],
            rows=latest["rows"],
            report=drift_address(store),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise Corrupted(
            f"{LATEST!r} in {store.uri} cannot be read: {exc}",
            where="monitor",
            next_step="check traffic again with `trimaran monitor`",
        ) from exc
