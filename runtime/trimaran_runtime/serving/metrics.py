"""What a server counts about itself, as Prometheus reads it."""

from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_VARIANT = ("variant",)


class ServerMetrics:
    """Counters of one server process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = self._counter("requests", "Answers by route and status.", "route", "code")
        self._answered: dict[tuple[str, int], Counter] = {}
        self._reloads = self._counter(
            "reloads", "Changes of the releases that are served: done, or failed.", "outcome"
        )
        self._in_flight = self._gauge("in_flight", "Requests that are being answered.")
        self._info = self._gauge(
            "release_info",
            "The releases that are loaded.",
            "variant",
            "release",
            "model",
        )
        self._execution = self._gauge(
            "execution_info",
            "What computes the predictions, and the most rows of several requests in one call.",
            "variant",
            "form",
            "provider",
            "batch_rows",
        )
        self._seconds = Histogram(
            "trimaran_request_seconds",
            "Time to answer a prediction request, seconds.",
            _VARIANT,
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._rows = self._counter("rows", "Rows predicted.", *_VARIANT)
        self._failed = self._counter("failures", "Requests that the model failed on.", *_VARIANT)
        self._captured = self._counter(
            "capture",
            "Requests recorded (written), or why not (queue, budget, error).",
            *_VARIANT,
            "outcome",
        )

    def of_variant(self, variant: str) -> "VariantMetrics":
        """The counters of one variant, by its name."""
        self._captured.labels(variant, "written")
        return VariantMetrics(
            self._seconds.labels(variant),
            self._rows.labels(variant),
            self._failed.labels(variant),
            self._captured,
            variant,
        )

    def serving(
        self,
        releases: Iterable[tuple[str, str, str]],
        executions: Iterable[tuple[str, str, str, int]] = (),
    ) -> None:
        """What is served from now on; what others counted stays.

        Args:
            releases: name of the variant, full id of its release and name of the model, of each.
            executions: name of the variant, form of the model, what computes it, and the most
                rows of a batch, of each.
        """
        for info, each in ((self._info, releases), (self._execution, executions)):
            info.clear()
            for labels in each:
                info.labels(*labels).set(1)

    def answered(self, route: str, code: int) -> None:
        """Count an answer."""
        counter = self._answered.get((route, code))
        if counter is None:
            # Looking it up costs ten times as much as counting.
            counter = self._answered[route, code] = self._requests.labels(route, str(code))
        counter.inc()

    def reloaded(self, outcome: str) -> None:
        """Count a change of the releases: `done` or `failed`."""
        self._reloads.labels(outcome).inc()

    def render(self, in_flight: int) -> bytes:
        """The exposition text."""
        self._in_flight.set(in_flight)
        return generate_latest(self._registry)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"trimaran_{name}", what, labels, registry=self._registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"trimaran_{name}", what, labels, registry=self._registry)


class VariantMetrics:
    """Counters of one variant: see `ServerMetrics.of_variant`."""

    def __init__(
        self, seconds: Histogram, rows: Counter, failed: Counter, captured: Counter, variant: str
    ) -> None:
        self._seconds, self._rows, self._failed = seconds, rows, failed
        self._captured, self._variant = captured, variant

    def predicted(self, seconds: float, rows: int) -> None:
        """Count a prediction request that was answered with predictions."""
        self._seconds.observe(seconds)
        self._rows.inc(rows)

    def failed(self) -> None:
        """Count a request that the model failed on."""
        self._failed.inc()

    def captured(self, outcome: str, number: int) -> None:
        """Count recorded or dropped requests."""
        self._captured.labels(self._variant, outcome).inc(number)
