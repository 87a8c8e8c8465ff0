"""Bytes on a connection, as no HTTP client would send them, and what comes back."""

import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Heard:
    """What a server said until it closed the connection.

    Attributes:
        content: all bytes.
        seconds: from the first byte sent to the end of the connection.
        is_closed: whether the server closed it.
    """

    content: bytes
    seconds: float
    is_closed: bool

    @property
    def statuses(self) -> list[int]:
        """Status of every answer, where no answer's body has a status line in it."""
        lines = self.content.split(b"HTTP/1.1 ")[1:]
        return [int(line[:3]) for line in lines]


def converse(
    url: str,
    pieces: Iterable[bytes],
    *,
    pause: float = 0,
    patience: float = 20,
    is_torn: bool = False,
) -> Heard:
    """Send the pieces, and listen until the server closes the connection.

    Args:
        url: of the server.
        pieces: what to send; it is stopped when the server closes.
        pause: seconds between two pieces.
        is_torn: say that nothing follows after the pieces, as a caller that dies does.
        patience: longest wait for the end of the connection, seconds from the start.
    """
    parts = urlsplit(url)
    started = time.monotonic()
    heard: list[bytes] = []
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=patience) as s:
        sending = threading.Thread(target=_send, args=[s, pieces, pause, is_torn], daemon=True)
        sending.start()
        is_closed = False
        try:
            while chunk := s.recv(1 << 16):
                heard.append(chunk)
            is_closed = True
        except TimeoutError:
            pass
        except ConnectionError:
            is_closed = True  # reset: it does not want to read what is still being sent
        seconds = time.monotonic() - started
        s.close()
        sending.join()
    return Heard(b"".join(heard), seconds, is_closed)


def _send(s: socket.socket, pieces: Iterable[bytes], pause: float, is_torn: bool) -> None:
    try:
        for piece in pieces:
            s.sendall(piece)
            time.sleep(pause)
        if is_torn:
            s.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # closed


def post(body: bytes = b"", *more: str, kind: str = "application/json") -> bytes:
    """A request to predict, with its length and further header lines."""
    lines = ["POST /invocations HTTP/1.1", "host: x", f"content-type: {kind}"]
    lines += [*more, f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
