"""The guard in tests/conftest.py."""

import socket

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 443)])
def test_a_test_cannot_leave_the_machine(address: tuple[str, int]) -> None:
    with socket.socket() as client:
        client.settimeout(0.1)
        with pytest.raises(pytest.fail.Exception, match="tried to reach"):
            client.connect(address)


def test_a_test_can_talk_to_its_own_server() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        server.accept()[0].sendall(b"ok")
        assert client.recv(2) == b"ok"
