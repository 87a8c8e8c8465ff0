"""The gRPC side of a server: in the same process and event loop, on a port of its own."""

import asyncio
import time
from typing import Any

import grpc

from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.rpc.health import Health
from trimaran_runtime.serving.rpc.inference import Inference
from trimaran_runtime.serving.rpc.messages import HEALTH, SERVICE, health, inference

_MAX_METADATA = 16_384
_MAX_STREAMS = 1_000
_LOOK_SECONDS = 0.01
_QUIET_LOOKS = 10


class RpcServer:
    """Answers with an application until it is stopped.

    Args:
        application: answers.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", application.bodies.max_body),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_metadata_size", _MAX_METADATA),
                ("grpc.max_concurrent_streams", _MAX_STREAMS),
                # Two servers could share a port without either noticing.
                ("grpc.so_reuseport", 0),
            ]
        )
        methods = Inference(application)
        state = Health(application)
        kinds, checks = inference(), health()
        unary = grpc.unary_unary_rpc_method_handler
        self._add(
            SERVICE,
            {
                name: unary(
                    method,
                    request_deserializer=kinds[f"{name}Request"].FromString,
                    response_serializer=kinds[f"{name}Response"].SerializeToString,
                )
                for name, method in (
                    ("ServerLive", methods.server_live),
                    ("ServerReady", methods.server_ready),
                    ("ModelReady", methods.model_ready),
                    ("ServerMetadata", methods.server_metadata),
                    ("ModelMetadata", methods.model_metadata),
                    ("ModelInfer", methods.model_infer),
                )
            },
        )
        of_health = {
            "request_deserializer": checks["HealthCheckRequest"].FromString,
            "response_serializer": checks["HealthCheckResponse"].SerializeToString,
        }
        self._add(
            HEALTH,
            {
                "Check": unary(state.check, **of_health),
                "Watch": grpc.unary_stream_rpc_method_handler(state.watch, **of_health),
            },
        )

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port.

        Raises:
            OSError: the port is taken.
        """
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            found = self._server.add_insecure_port(address)
        except RuntimeError as exc:
            raise OSError(f"gRPC cannot listen on {address}: {exc}") from exc
        if not found:
            raise OSError(f"gRPC cannot listen on {address}")
        await self._server.start()
        return int(found)

    async def stop(self, seconds: float) -> None:
        """Wait for what is being answered, and accept nothing more, all in at most so long.

        gRPC cancels calls that have arrived and were not begun when it stops. So it stops when
        none was in flight on several looks in a row; turns are counted, for a long one of the
        event loop is no quiet.
        """
        deadline, quiet = time.monotonic() + seconds, 0
        while quiet < _QUIET_LOOKS and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
            quiet = 0 if self._application.in_flight else quiet + 1
        await self._server.stop(max(deadline - time.monotonic(), 0.0))

    def _add(self, service: str, methods: dict[str, Any]) -> None:
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, methods),)
        )
