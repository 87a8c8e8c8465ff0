"""Serves the referee: in a process of its own as the engine starts it, or in the test's process."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from tests.referee.account import Account
from tests.referee.referee import Referee
from tests.referee.servicer import RefereeServicer

_THREADS = 64
_GRACE_SECONDS = 0.5


@contextmanager
def serving(account: Account) -> Iterator[int]:
    """Serve an account until the end of the block; yields the port."""
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(RefereeServicer(account), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(_GRACE_SECONDS).wait()


@contextmanager
def beside(referee: Referee) -> Iterator[dict[str, str]]:
    """Serve an account in this process, where everything is warm; yields the engine's settings.

    The engine attaches to a provider that already runs, as to one in a debugger.
    """
    with serving(Account(referee.directory)) as port:
        others = os.environ.get("PULUMI_DEBUG_PROVIDERS")
        mine = f"aws:{port}"
        yield {**referee.env, "PULUMI_DEBUG_PROVIDERS": f"{others},{mine}" if others else mine}
