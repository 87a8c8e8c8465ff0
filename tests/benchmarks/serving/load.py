"""The load: connections that are kept and always have one request open, from one lean process.

`python load.py PORT CONNECTIONS SECONDS < REQUESTS`: standard input is a JSON list of whole
requests, one for each connection in turn, which are sent over and over. It prints a JSON object:
`seconds`, `latencies` (seconds, in order of arrival), `reconnected` (how often the server had
closed a connection), and `answers`, the different bodies that each request got. It uses the
standard library only, and as little processor time as that allows: both cores are the server's and
its.
"""

import json
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Connection:
    """A connection with one request open.

    Attributes:
        number: which of the requests it sends.
        sock: the socket.
        sent: when the request was sent, seconds.
        received: bytes of the answer so far.
        start: where its body starts; 0: its head is not complete.
        total: bytes of the whole answer; 0: it is chunked.
    """

    number: int
    sock: socket.socket
    sent: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    start: int = 0
    total: int = 0

    def is_answered(self) -> bool:
        """Whether the answer is complete; raises RuntimeError where it is not 200."""
        if not self.start:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = bytes(self.received[:end]).lower()
            if b" 200 " not in head.split(b"\r\n", 1)[0] + b" ":
                raise RuntimeError(f"refused: {bytes(self.received[:400])!r}")
            self.start = end + 4
            mark = head.find(b"content-length:")
            if mark >= 0:
                self.total = self.start + int(head[mark + 15 :].split(b"\r\n", 1)[0])
        if self.total:
            return len(self.received) >= self.total
        return self.received.endswith(b"0\r\n\r\n")

    def answer(self) -> bytes:
        """The body, without the lengths of its chunks."""
        body = bytes(self.received[self.start :])
        if self.total:
            return body
        parts = []
        while body:
            length, _, rest = body.partition(b"\r\n")
            parts.append(rest[: int(length, 16)])
            body = rest[int(length, 16) + 2 :]
        return b"".join(parts)

    def clear(self) -> None:
        """Forget the answer."""
        self.received.clear()
        self.start = self.total = 0


def run(port: int, connections: int, seconds: float, requests: list[bytes]) -> dict[str, Any]:
    """Load the server on a port of this machine."""
    poll, clock = select.epoll(), time.perf_counter

    def opened() -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(sock.fileno(), select.EPOLLIN)
        return sock

    open_ = {}
    for number in range(connections):
        connection = Connection(number % len(requests), opened())
        open_[connection.sock.fileno()] = connection
    answers: list[set[bytes]] = [set() for _ in requests]
    latencies: list[float] = []
    reconnected = 0
    started = clock()
    for connection in open_.values():
        connection.sent = clock()
        connection.sock.sendall(requests[connection.number])
    while open_:
        events = poll.poll(30)
        if not events:
            raise RuntimeError(f"no answer for 30 s to {len(open_)} requests")
        for file, _ in events:
            connection = open_[file]
            try:
                part = connection.sock.recv(1 << 20)
            except ConnectionResetError:
                part = b""
            if not part:
                if connection.received:
                    raise RuntimeError("the server closed a connection within an answer")
                reconnected += 1
                del open_[file]
                poll.unregister(file)
                connection.sock.close()
                connection.sock = opened()
                open_[connection.sock.fileno()] = connection
                connection.sock.sendall(requests[connection.number])
                continue
            connection.received += part
            if not connection.is_answered():
                continue
            now = clock()
            latencies.append(now - connection.sent)
            answers[connection.number].add(connection.answer())
            connection.clear()
            if now - started < seconds:
                connection.sent = now
                connection.sock.sendall(requests[connection.number])
            else:
                del open_[file]
                poll.unregister(file)
                connection.sock.close()
    return {
        "seconds": clock() - started,
        "latencies": latencies,
        "reconnected": reconnected,
        "answers": [[body.decode() for body in each] for each in answers],
    }


if __name__ == "__main__":
    told = json.load(sys.stdin)
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    print(json.dumps(run(port, connections, seconds, [text.encode() for text in told])))
