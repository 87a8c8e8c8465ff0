"""The load: connections that are kept and always have one request open, from one lean process.

`python load.py PORT CONNECTIONS SECONDS < REQUEST` sends the bytes of standard input over and over
and prints JSON. It uses the standard library only, and as little processor time as that allows:
both cores are the server's and its.
"""

import json
import select
import socket
import sys
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Connection:
    """A connection with one request open.

    Attributes:
        sock: the socket.
        sent: when the request was sent, seconds.
        received: bytes of the answer so far.
        total: bytes of the whole answer; 0: its head is not complete.
    """

    sock: socket.socket
    sent: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    total: int = 0

    def is_answered(self) -> bool:
        """Whether the answer is complete; raises RuntimeError where it is not 200."""
        if not self.total:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = bytes(self.received[:end]).lower()
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                raise RuntimeError(f"refused: {bytes(self.received[:400])!r}")
            mark = head.find(b"content-length:")
            if mark < 0:
                # Chunked: the last chunk ends it; answers here never hold that text.
                return self.received.endswith(b"0\r\n\r\n")
            self.total = end + 4 + int(head[mark + 15 :].split(b"\r\n", 1)[0])
        return len(self.received) >= self.total


def run(port: int, connections: int, seconds: float, request: bytes) -> dict[str, float]:
    """Requests a second and seconds of latency at the 50th and 99th percentile."""
    poll = select.epoll()
    open_ = {}
    for _ in range(connections):
        sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        open_[sock.fileno()] = Connection(sock)
        poll.register(sock.fileno(), select.EPOLLIN)
    clock = time.perf_counter
    latencies = []
    started = clock()
    for connection in open_.values():
        connection.sent = clock()
        connection.sock.sendall(request)
    waiting = len(open_)
    while waiting:
        events = poll.poll(30)
        if not events:
            raise RuntimeError(f"no answer for 30 s to {waiting} requests")
        for number, _ in events:
            connection = open_[number]
            part = connection.sock.recv(1 << 20)
            if not part:
                raise RuntimeError("the server closed a connection")
            connection.received += part
            if connection.is_answered():
                now = clock()
                latencies.append(now - connection.sent)
                if now - started < seconds:
                    connection.received.clear()
                    connection.total = 0
                    connection.sent = now
                    connection.sock.sendall(request)
                else:
                    waiting -= 1
    passed = clock() - started
    latencies.sort()
    return {
        "requests": len(latencies),
        "per_second": len(latencies) / passed,
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[int(len(latencies) * 0.99)],
    }


if __name__ == "__main__":
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    print(json.dumps(run(port, connections, seconds, sys.stdin.buffer.read())))
