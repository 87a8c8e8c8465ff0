"""The watch over one deployment: how the endpoint stands, what is due, what is too old."""

from trimaran_providers.local.destinations import raise_or_resolve
from trimaran_providers.local.gateway.process import status
from trimaran_providers.local.gateway.status import GatewayStatus, Phase, read_status
from trimaran_providers.local.layout import Layout
from trimaran_providers.local.retention import delete_old
from trimaran_runtime.alerting.rules import EndpointObservation

_NOT_SERVING = frozenset({Phase.failed, Phase.stopped})


def watch(layout: Layout, physical: str) -> None:
    """Look once; called every few seconds.

    Raises:
        TrimaranError, RuntimeFault, OSError: something cannot be read or written.
    """
    observations = [] if (seen := _observe(layout, physical)) is None else [seen]
    # Also without an observation: deliveries that failed are tried again.
    raise_or_resolve(layout.alerts(physical), observations)
    if layout.store(physical).is_dir():
        delete_old(layout.store(physical))


def _observe(layout: Layout, physical: str) -> EndpointObservation | None:
    directory = layout.endpoint(physical)
    if not directory.is_dir():
        return None
    alive = status(directory)
    last = alive or read_status(directory)
    if last is None:
        return None
    return EndpointObservation(
        endpoint=physical,
        expected=last.production is not None,
        alive=alive is not None and alive.phase not in _NOT_SERVING,
        error=_error(alive, last),
        requests=last.window.requests if alive else 0,
        errors=last.window.errors_5xx if alive else 0,
        p99_ms=last.window.p99_ms if alive else None,
        last_request_at=last.window.last_request_at,
        serving_since=last.started,
        link=last.url,
    )


def _error(alive: GatewayStatus | None, last: GatewayStatus) -> str:
    if alive is None:
        return "its gateway does not run; `pulumi up` starts it again"
    return last.error
