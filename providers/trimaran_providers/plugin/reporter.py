"""Lines beside a resource: sent to the engine, which shows them in its display."""

import threading

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from trimaran_providers.contract.errors import StoppedError

_SEND_SECONDS = 5.0


class EngineLog:
    """The engine's log service; sending never fails an operation."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._stub = engine_pb2_grpc.EngineStub(self._channel)
        self._one_at_a_time = threading.Lock()

    def send(
        self, severity: engine_pb2.LogSeverity.ValueType, urn: str, text: str, *, ephemeral: bool
    ) -> None:
        """Send one line; lost when the engine is gone."""
        request = engine_pb2.LogRequest(
            severity=severity, message=text, urn=urn, ephemeral=ephemeral
        )
        # The lock keeps the order in which threads report.
        with self._one_at_a_time:
            try:
                self._stub.Log(request, timeout=_SEND_SECONDS)
            except grpc.RpcError:
                # The engine has gone, or is about to: the operation itself must not suffer.
                return


class EngineReporter:
    """Reporter of one operation on one resource.

    Args:
        log: where lines go.
        urn: the resource they stand beside.
        stopping: set when the user asked to stop.
    """

    def __init__(self, log: EngineLog, urn: str, stopping: threading.Event) -> None:
        self._log, self._urn, self._stopping = log, urn, stopping

    def progress(self, text: str) -> None:
        """A line that the next one replaces.

        Raises:
            StoppedError: the user asked to stop.
        """
        if self._stopping.is_set():
            raise StoppedError(
                f"stopped on request while {text}", next_step="`pulumi up` goes on from here"
            )
        self._log.send(engine_pb2.INFO, self._urn, text, ephemeral=True)

    def info(self, text: str) -> None:
        """A line that stays."""
        self._log.send(engine_pb2.INFO, self._urn, text, ephemeral=False)

    def warning(self, text: str) -> None:
        """A warning that stays; the update goes on."""
        self._log.send(engine_pb2.WARNING, self._urn, text, ephemeral=False)
