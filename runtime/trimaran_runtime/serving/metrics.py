"""What a server counts about itself, as Prometheus reads it."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class ServerMetrics:
    """Counters of one server process, in a registry of their own.

    Args:
        release: full id of the release.
        model_name: name of the model.
    """

    def __init__(self, release: str, model_name: str) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "trimaran_requests",
            "Answers by route and status.",
            ["route", "code"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "trimaran_request_seconds",
            "Time to answer a prediction request, seconds.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._rows = Counter("trimaran_rows", "Rows predicted.", registry=self._registry)
        self._captured = Counter(
            "trimaran_capture",
            "Requests recorded (written), or why not (queue, budget, error).",
            ["outcome"],
            registry=self._registry,
        )
        self._captured.labels("written")
        self._in_flight = Gauge(
            "trimaran_in_flight", "Requests that are being answered.", registry=self._registry
        )
        Info("trimaran_release", "The release that is served.", registry=self._registry).info(
            {"release": release, "model": model_name}
        )

    def answered(self, route: str, code: int) -> None:
        """Count an answer."""
        self._requests.labels(route, str(code)).inc()

    def predicted(self, seconds: float, rows: int) -> None:
        """Count a prediction request that was answered with predictions."""
        self._seconds.observe(seconds)
        self._rows.inc(rows)

    def captured(self, outcome: str, number: int) -> None:
        """Count recorded or dropped requests."""
        self._captured.labels(outcome).inc(number)

    def render(self, in_flight: int) -> bytes:
        """The exposition text."""
        self._in_flight.set(in_flight)
        return generate_latest(self._registry)
