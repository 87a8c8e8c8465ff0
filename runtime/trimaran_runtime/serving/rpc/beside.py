"""gRPC beside HTTP, where it is asked for: the library is loaded then, and not before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.serving.application import Application

if TYPE_CHECKING:
    from trimaran_runtime.serving.rpc.server import RpcServer


@dataclass(frozen=True, slots=True)
class Beside:
    """What listens beside HTTP.

    Attributes:
        named: its port, by the name that the ready file gives it; empty: nothing listens.
    """

    named: Mapping[str, int] = field(default_factory=dict)
    server: "RpcServer | None" = None

    async def stop(self, seconds: float) -> None:
        """Wait for what is being answered, and accept nothing more, all in at most so long."""
        if self.server is not None:
            await self.server.stop(seconds)


async def listening(application: Application, host: str, port: int | None) -> Beside:
    """Listen, where there is a port; 0: a free one.

    Raises:
        ConfigError: the library is not installed.
        OSError: the port is taken.
    """
    if port is None:
        return Beside()
    try:
        from trimaran_runtime.serving.rpc.server import RpcServer
    except ImportError as exc:
        raise ConfigError(
            f"gRPC cannot be loaded: {exc}",
            where="--grpc-port",
            allowed="the libraries of the runtime's extra `grpc`, or no such port",
            next_step="add trimaran-runtime[grpc] to what is installed",
        ) from exc
    server = RpcServer(application)
    return Beside({"grpc_port": await server.start(host, port)}, server)
