"""How long a caller waits, as it says itself."""

from typing import Any

from trimaran_runtime.serving.message import Headers

_ENVOY = "x-envoy-expected-rq-timeout-ms"
"""Time that Envoy, and all that is built on it (KServe, Istio, Vertex AI), waits for the answer.
https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter
(cited from memory): milliseconds, so that a server can give up early."""
_DIGITS = 12


def seconds_allowed(headers: Headers, limit: float) -> float:
    """Seconds from its arrival in which a request must be answered.

    Args:
        headers: of the request; a value that is no number of milliseconds is ignored, because a
            proxy writes it and the caller cannot help it.
        limit: most seconds, the server's own.
    """
    given: Any = headers.get(_ENVOY)
    # Zero means that the proxy waits for ever.
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= _DIGITS:
        return min(int(given) / 1e3, limit) if int(given) else limit
    return limit
