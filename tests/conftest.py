"""What holds for every test: no network, and the same examples on every run."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

FULL = os.environ.get("TRIMARAN_SWEEP") == "full"

_FIRST = ("engine", "serving", "plugin")
"""Folders whose tests start processes: one that came last would keep one core busy alone."""

settings.register_profile("sample", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("full", derandomize=True, deadline=None, max_examples=2000)
settings.load_profile("full" if FULL else "sample")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.parent.name not in _FIRST)


@pytest.fixture(autouse=True)
def _folder_of_before() -> Iterator[None]:
    """Come back from wherever a command went (`trimaran -C`), for the next test."""
    before = Path.cwd()
    yield
    os.chdir(before)


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Refuse connections that leave this machine; child processes are not covered."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address):
            pytest.fail(f"a test tried to reach {address}", pytrace=True)
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def _is_local(address: object) -> bool:
    host = address[0] if isinstance(address, tuple) else address
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False
