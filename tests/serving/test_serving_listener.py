"""How the listening socket stops to listen: nobody who came is reset, nobody else comes."""

import socket
from collections.abc import Iterator

import pytest

from trimaran_runtime.serving.listener import Listener


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


def test_who_is_connected_already_is_still_accepted_and_heard(listening: socket.socket) -> None:
    with socket.create_connection(listening.getsockname(), timeout=5) as client:
        Listener(listening).deafen()
        client.sendall(b"asked before it was accepted")
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.recv(100) == b"asked before it was accepted"
            accepted.sendall(b"answered")
        assert client.recv(100) == b"answered"


def test_nobody_new_comes_in_and_whoever_tries_is_refused_in_the_end(
    listening: socket.socket,
) -> None:
    Listener(listening).deafen()
    with pytest.raises(TimeoutError):
        socket.create_connection(listening.getsockname(), timeout=0.2)
    address = listening.getsockname()
    listening.close()
    # It would not be, if a copy of the socket were left open.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_a_closed_socket_resets_who_was_not_accepted(listening: socket.socket) -> None:
    """Why all this: the request of a client that the system has connected is lost."""
    with socket.create_connection(listening.getsockname(), timeout=5) as client:
        client.sendall(b"a request")
        listening.close()
        with pytest.raises(ConnectionResetError):
            client.recv(100)
