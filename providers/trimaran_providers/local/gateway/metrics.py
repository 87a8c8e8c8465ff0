"""What a gateway counts about itself, as Prometheus reads it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from trimaran_providers.local.gateway.status import GatewayStatus
from trimaran_runtime.registry.release import SHORT

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class GatewayMetrics:
    """Counters of one gateway, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "trimaran_gateway_requests",
            "Answers to prediction requests by status and release.",
            ["code", "release"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "trimaran_gateway_request_seconds",
            "Time to answer a prediction request, seconds.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._retries = Counter(
            "trimaran_gateway_retries",
            "Requests sent to a second server because the first one went away.",
            registry=self._registry,
        )
        self._in_flight = self._gauge("in_flight", "Requests that are being answered.")
        self._replicas = self._gauge("replicas", "Servers that answer, by release.", "release")
        self._weights = self._gauge("weight_percent", "Share of traffic, by release.", "release")
        self._rollouts = self._gauge("rollouts", "Recorded rollouts, by outcome.", "outcome")
        self._phase = self._gauge("phase", "1 for the phase the endpoint is in.", "phase")

    def answered(self, release: str, code: int, seconds: float) -> None:
        """Count an answer; `release` is empty when none was there to answer."""
        self._requests.labels(str(code), release[:SHORT]).inc()
        self._seconds.observe(seconds)

    def retried(self) -> None:
        """Count a request that went to a second server."""
        self._retries.inc()

    def render(self, status: GatewayStatus, in_flight: int) -> bytes:
        """The exposition text."""
        self._in_flight.set(in_flight)
        for gauge in (self._replicas, self._weights, self._rollouts, self._phase):
            gauge.clear()
        for release, count in status.replicas.items():
            self._replicas.labels(release[:SHORT]).set(count)
        for release, weight in status.weights.items():
            self._weights.labels(release[:SHORT]).set(weight)
        for rollout in status.rollouts:
            self._rollouts.labels(rollout.outcome).inc()
        self._phase.labels(status.phase).set(1)
        return generate_latest(self._registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"trimaran_gateway_{name}", what, labels, registry=self._registry)
