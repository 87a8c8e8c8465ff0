"""What a killed `up` had started and the engine's state does not know of."""

from pathlib import Path

from trimaran_providers.contract.errors import CorruptedError
from trimaran_providers.local.gateway.definition import read_definition
from trimaran_providers.local.gateway.process import stop as stop_gateway
from trimaran_providers.local.layout import Layout, owner_of
from trimaran_providers.local.removal import remove_atomic, remove_empty, remove_tree
from trimaran_providers.local.supervisor.process import remove_job


def sweep(store: Path) -> None:
    """End and remove what belongs to the deployments of a store: jobs, endpoints, destinations.

    The engine deletes what depends on a store before the store. What is left then was started by
    an `up` that was killed before it could record it, and nobody else will ever take it away.

    Args:
        store: directory of the artifact store.

    Raises:
        ResourceError: a process cannot be ended.
        OSError: a file cannot be removed.
    """
    layout = owner_of(store)
    for physical in _deployments(layout, store):
        # `a-test` is no part of `a-test-b`: only what follows the last dash is the kind.
        for path in sorted((layout.supervisor / "jobs").glob(f"{physical}-*.json")):
            if path.stem.rpartition("-")[0] == physical:
                remove_job(layout, path.stem)
        endpoint = layout.endpoint(physical)
        if endpoint.is_dir():
            stop_gateway(endpoint)
            remove_tree(endpoint)
            remove_empty(endpoint.parent, layout.root)
        alerts = layout.alerts(physical)
        remove_atomic(alerts)
        remove_empty(alerts.parent, layout.root)


def _deployments(layout: Layout, store: Path) -> list[str]:
    """Names of the deployments of a store: its own, and those that share it."""
    names = {store.name}
    for folder in (layout.root / "endpoints").glob("*/"):
        try:
            definition = read_definition(folder)
        except CorruptedError:
            continue
        if definition is not None and definition.store_uri == store.as_uri():
            names.add(folder.name)
    return sorted(names)
