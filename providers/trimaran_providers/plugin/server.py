"""The process `pulumi-resource-trimaran`: started by the Pulumi engine, never by a person."""

import asyncio
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from trimaran_runtime.process.parent_watch import VARIABLE, exit_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trimaran_providers.plugin.components import ComponentClass
    from trimaran_providers.plugin.registry import Handlers

_GRACE_SECONDS = 0.5
"""How long running calls may end after a signal; the engine itself waits for five."""

_CONNECT_SECONDS = 5.0


def main() -> None:
    """Serve the handlers of every installed cloud until the engine ends."""
    run(_handlers, _components)


def _handlers() -> "Handlers":
    from trimaran_providers.plugin.registry import installed

    return installed()


def _components() -> "Mapping[str, ComponentClass]":
    from trimaran_providers.plugin.components import installed

    return installed()


def run(
    handlers: "Callable[[], Handlers]",
    components: "Callable[[], Mapping[str, ComponentClass]]" = dict,
) -> None:
    """Serve until a signal comes or the engine is gone.

    Args:
        handlers: gives the handlers when the first of them is needed.
        components: gives the components when the first of them is needed.
    """
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if not addresses:
        sys.exit(
            "pulumi-resource-trimaran is a plugin: the Pulumi engine starts it, with its address. "
            "Run `pulumi up` instead."
        )
    # A killed engine sends no signal.
    os.environ[VARIABLE] = str(os.getppid())
    exit_with_parent()
    if not _listens(addresses[0]):
        # Killed before we knew our parent: nobody would ever end us.
        sys.exit(f"no Pulumi engine listens on {addresses[0]}")
    asyncio.run(_serve(addresses[0], handlers, components))


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


async def _serve(
    engine_address: str,
    handlers: "Callable[[], Handlers]",
    components: "Callable[[], Mapping[str, ComponentClass]]",
) -> None:
    import grpc.aio
    from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
    from pulumi.runtime.proto import provider_pb2_grpc

    from trimaran_providers.plugin.servicer import TrimaranServicer

    servicer = TrimaranServicer(handlers, components, engine_address)
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await stopped.wait()
    await server.stop(_GRACE_SECONDS)
    # A handler that still runs would hold the interpreter back; it is used to being killed.
    sys.stderr.flush()
    os._exit(0)
