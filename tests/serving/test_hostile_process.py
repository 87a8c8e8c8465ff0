"""Callers that mean harm, at the real process, while others are served in time.

Meanwhile good requests are sent without pause: each is answered, 19 of 20 within 100 ms. Beside
bodies of 6 MiB it is every second one: reading JSON holds the interpreter for that long, and here
the attackers want the same cores. The process grows by a stated amount at most. What the decoders
make of damaged bodies is in `test_serving_hostile.py`.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.serving.numbers import CSV, publish_numbers
from tests.serving.process import Server
from tests.serving.test_serving_hostile import FORMS, GOOD, MALFORMED
from tests.serving.traffic import Hammer, ask
from tests.serving.wire import Heard, converse, post
from trimaran_runtime.serving.config import LimitsConfig, ServerConfig
from trimaran_runtime.storage.store import Store

FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
MIB = 1 << 20
BODY_SECONDS = 10 if FULL else 3
"""How long a body may take: the default, or less for the sake of the test's time."""
HEADER_SECONDS = 5
LATE = 3
"""Seconds that a busy machine may be late."""
GROWTH = 512 * MIB
"""What the process may grow by under any of this: a body of 6 MiB with 100,000 rows takes up to
100 MiB while it is read and answered, others are received meanwhile, and allocators keep some."""


@pytest.fixture(scope="module")
def server(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(store, tmp_path_factory.mktemp("hostile"), ServerConfig()) as running:
        yield running


@pytest.fixture(scope="module")
def hasty(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that waits for no body longer than `BODY_SECONDS`."""
    config = ServerConfig(limits=LimitsConfig(timeout_seconds=BODY_SECONDS))
    with a_server(store, tmp_path_factory.mktemp("hasty"), config) as running:
        yield running


@contextmanager
def a_server(store: Store, work: Path, config: ServerConfig) -> Iterator[Server]:
    with Server.running(work, store, publish_numbers(store), config) as running:
        yield running
        # Whatever was sent: it is still there, and nothing went wrong inside.
        assert ask(running.url())[0] == 200
        assert "Traceback" not in running.log


@contextmanager
def others_are_served(server: Server, share: float = 0.95) -> Iterator[None]:
    """Good requests while the block runs, so many of them in time; how much the process grows."""
    process = psutil.Process(server.process.pid)
    before = peak = process.memory_info().rss
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.01):
            peak = max(peak, process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    good = {"instances": [[1.5, 0.5, 2.0]]}
    try:
        with Hammer(server.url(), connections=2, pause=0.005, body=good, fresh=1) as hammer:
            yield
            hammer.wait_for(40)
    finally:
        done.set()
        watching.join()
    seconds = sorted(hammer.seconds)
    middle, late = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.95)]
    in_time = seconds[int(len(seconds) * share)]
    print(
        f"{len(seconds)} good requests, median {middle * 1e3:.1f} ms, 95th percentile "
        f"{late * 1e3:.1f} ms, last {seconds[-1] * 1e3:.0f} ms; "
        f"grown {(peak - before) / MIB:.0f} MiB"
    )
    assert hammer.statuses == {200}, hammer.broken
    assert in_time < 0.1
    assert peak - before < GROWTH


def clean(heard: Heard, *statuses: int) -> None:
    """One 4xx of these, or the connection closed without a word; and closed it is."""
    assert heard.is_closed
    assert heard.statuses in ([], *([status] for status in statuses)), heard.content[:300]


# --- bodies -------------------------------------------------------------------------------------


def test_malformed_bodies_are_400_each_and_the_connection_goes_on(server: Server) -> None:
    with others_are_served(server):
        for form in FORMS:
            for problem, rows in MALFORMED.items():
                kind, body = FORMS[form](rows)
                good = FORMS[form]([GOOD])
                heard = converse(
                    server.url(),
                    [post(body, kind=kind), post(good[1], "connection: close", kind=kind)],
                )
                assert heard.statuses == [400, 200], (form, problem, heard.content[:300])


DEEP = 3 * MIB
NESTED: dict[str, bytes] = {
    "lists": b'{"instances": ' + b"[" * DEEP + b"]" * (DEEP - 100) + b"}",
    "objects": b'{"instances": ' + b'{"a":' * (DEEP // 5) + b"1" + b"}" * (DEEP // 5) + b"}",
    "lists that do not end": b"[" * (6 * MIB - 1),
    "at the depth that is read": b'{"instances": ' + b"[" * 1000 + b"]" * 1000 + b"}",
}


@pytest.mark.parametrize("name", NESTED)
def test_deep_nesting_is_a_400(server: Server, name: str) -> None:
    with others_are_served(server, 0.5), ThreadPoolExecutor(4) as pool:
        request = post(NESTED[name], "connection: close")
        for heard in pool.map(lambda _: converse(server.url(), [request]), range(8)):
            assert heard.statuses == [400], heard.content[:300]


def _rows(size: int, row: str, start: str, end: str, most: int = 100_000) -> bytes:
    count = min((size - len(start) - len(end)) // (len(row) + 1), most)
    return (start + ",".join([row] * count) + end).encode()


ROW = "[1.2345678901234567,0.1234567890123,2.345678901234567]"
COLUMN = ",".join(["1.234567890123456"] * 100_000)
TENSORS = [
    f'{{"name":"{name}","datatype":"FP64","shape":[100000],"data":[{COLUMN}]}}'
    for name in ("length", "width", "height")
]
LARGEST: dict[str, tuple[str, str, bytes, int]] = {
    "JSON rows": (
        "/invocations",
        "application/json",
        _rows(6 * MIB, ROW, '{"instances":[', "]}"),
        200,
    ),
    "JSON objects": (
        "/invocations",
        "application/json",
        _rows(6 * MIB, '{"length":1.25,"width":0.5,"height":2.125}', '{"instances":[', "]}"),
        200,
    ),
    "CSV": (
        "/invocations",
        CSV,
        b"1.234567890123456,0.12345678901234,2.34567890123\n" * 100_000,
        200,
    ),
    "too many rows of CSV": ("/invocations", CSV, b"1,2,3\n" * (MIB - 1), 413),
    "JSON tensors": (
        "/v2/models/flights/infer",
        "application/json",
        ('{"inputs":[' + ",".join(TENSORS) + "]}").encode(),
        200,
    ),
    "one long row": (
        "/invocations",
        "application/json",
        _rows(6 * MIB, "1", '{"instances":[[', "]]}", 10**7),
        400,
    ),
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_bodies_hold_nobody_up(server: Server, name: str) -> None:
    path, kind, body, status = LARGEST[name]
    assert 4 * MIB < len(body) <= 6 * MIB
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\nconnection: close\r\n"
    request = head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body
    with others_are_served(server, 0.5), ThreadPoolExecutor(2) as pool:
        for heard in pool.map(lambda _: converse(server.url(), [request]), range(4)):
            assert heard.statuses == [status], heard.content[:300]


def chunked(size: int) -> Iterator[bytes]:
    yield b"POST /invocations HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    for _ in range(size // MIB):
        yield b"100000\r\n" + b"x" * MIB + b"\r\n"
    yield b"0\r\n\r\n"


OVERSIZED: dict[str, Callable[[], Iterator[bytes]]] = {
    "announced, and not sent": lambda: iter([post().replace(b"-length: 0", b"-length: 59768832")]),
    "announced, and sent": lambda: iter(
        [post().replace(b"-length: 0", b"-length: 59768832"), *[b"x" * MIB] * 57]
    ),
    "more than 64 bits": lambda: iter([post().replace(b"-length: 0", b"-length: " + b"9" * 30)]),
    "in chunks": lambda: chunked(57 * MIB),
}


@pytest.mark.parametrize("name", OVERSIZED)
def test_an_oversized_body_is_refused_before_it_is_there(server: Server, name: str) -> None:
    with others_are_served(server), ThreadPoolExecutor(4) as pool:
        for heard in pool.map(lambda _: converse(server.url(), OVERSIZED[name]()), range(8)):
            clean(heard, 413, 400)
            assert heard.seconds < BODY_SECONDS + LATE


# --- requests that two readers would understand differently -------------------------------------

HIDDEN = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n"
"""A request in the body of another: answered, it would be smuggled past whoever is in front."""


def raw(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"POST /invocations HTTP/1.1", b"host: x", *lines, b"", body])


SMUGGLED = {
    "length and chunks": raw(
        b"content-length: 5", b"transfer-encoding: chunked", body=b"0\r\n\r\n" + HIDDEN
    ),
    "chunks and length": raw(
        b"transfer-encoding: chunked",
        b"content-length: " + str(len(HIDDEN) + 5).encode(),
        body=b"0\r\n\r\n" + HIDDEN,
    ),
    "two lengths": raw(b"content-length: 0", b"content-length: 45", body=HIDDEN),
    "two lengths in one": raw(b"content-length: 0, 45", body=HIDDEN),
    "a negative length": raw(b"content-length: -1", body=HIDDEN),
    "a length with a sign": raw(b"content-length: +0", body=HIDDEN),
    "a length in hex": raw(b"content-length: 0x2d", body=HIDDEN),
    "a length with a space in it": raw(b"content-length: 4 5", body=HIDDEN),
    "no length": raw(b"content-length:", body=HIDDEN),
    "an unknown coding": raw(b"transfer-encoding: xchunked", body=b"0\r\n\r\n" + HIDDEN),
    "chunked before another": raw(
        b"transfer-encoding: chunked, identity", body=b"0\r\n\r\n" + HIDDEN
    ),
    "a space before the colon": raw(
        b"transfer-encoding : chunked", b"content-length: 0", body=b"0\r\n\r\n" + HIDDEN
    ),
    "a folded header": raw(b"content-length: 0", b"x: y", b" transfer-encoding: chunked"),
    "a chunk of no size": raw(b"transfer-encoding: chunked", body=b"zz\r\n" + HIDDEN),
    "a chunk beyond 64 bits": raw(b"transfer-encoding: chunked", body=b"f" * 17 + b"\r\n" + HIDDEN),
    "a chunk with a sign": raw(b"transfer-encoding: chunked", body=b"-1\r\n" + HIDDEN),
    "a chunk extension without end": raw(b"transfer-encoding: chunked", body=b"1;" + b"x" * MIB),
    "trailers without end": raw(
        b"transfer-encoding: chunked", body=b"0\r\n" + b"x: y\r\n" * 200_000
    ),
    "a NUL in a header": raw(b"x: a\0b", b"content-length: 0"),
    "a carriage return in a header": raw(b"x: a\rcontent-length: 45", b"content-length: 0"),
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(range(189)),
    "no HTTP": b"\0\xff" * 5000 + b"\r\n\r\n",
    "another version": b"GET / HTTP/3.7\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "HTTP/2 and then nothing of it": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
    "a header of 500 kB": raw(b"x: " + b"y" * 500_000, b"content-length: 0"),
    "10,000 headers": raw(*[b"x%d: y" % n for n in range(10_000)], b"content-length: 0"),
    "an address of 500 kB": b"GET /" + b"x" * 500_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\ncontent-length: -1\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_what_can_be_understood_twice_is_refused_and_the_connection_closed(
    hasty: Server, name: str
) -> None:
    heard = converse(hasty.url(), [SMUGGLED[name]])
    clean(heard, 400, 404, 408, 413, 414, 415, 431)
    assert heard.seconds < max(HEADER_SECONDS, BODY_SECONDS) + LATE
    assert b'"openapi"' not in heard.content


@pytest.mark.parametrize("name", ["a header of 500 kB", "10,000 headers"])
def test_headers_have_a_limit(hasty: Server, name: str) -> None:
    assert converse(hasty.url(), [SMUGGLED[name]]).statuses in ([431], [])


def test_others_are_served_while_it_is_tried(hasty: Server) -> None:
    with others_are_served(hasty), ThreadPoolExecutor(8) as pool:
        for heard in pool.map(lambda sent: converse(hasty.url(), [sent]), SMUGGLED.values()):
            assert heard.is_closed


TORN = {
    "fewer bytes than told": post(b"1,2,3\n" * 9, kind=CSV)[:-12],
    "chunks that stop": raw(
        b"content-type: text/csv", b"transfer-encoding: chunked", body=b"6\r\n1,2,3\n\r\n"
    ),
    "a chunk that is none": raw(
        b"content-type: text/csv",
        b"transfer-encoding: chunked",
        body=b"6\r\n1,2,3\n\r\n" + b"zz\r\n",
    ),
    "a chunk without its end": raw(
        b"content-type: text/csv", b"transfer-encoding: chunked", body=b"6\r\n1,2,3\n0\r\n\r\n"
    ),
    "a large body": post(b"1,2,3\n" * 50_000, kind=CSV)[:-12],
}
WHOLE = raw(
    b"content-type: text/csv", b"transfer-encoding: chunked", body=b"6\r\n1,2,3\n\r\n0\r\n\r\n"
)


def predicted(server: Server) -> int:
    """Rows that the model was asked for."""
    lines = ask(server.url(), "/metrics")[2].splitlines()
    return sum(int(float(x.split()[-1])) for x in lines if x.startswith("trimaran_rows_total"))


@pytest.mark.parametrize("name", TORN)
def test_a_body_that_is_torn_is_not_taken_for_a_whole_one(server: Server, name: str) -> None:
    """Half of a table is a table as well: it must be neither answered nor recorded."""
    before = predicted(server)
    clean(converse(server.url(), [TORN[name]], is_torn=True), 400)
    time.sleep(0.05)
    assert predicted(server) == before
    assert converse(server.url(), [WHOLE]).statuses == [200]
    assert predicted(server) == before + 1


# --- callers that take their time ---------------------------------------------------------------

KEPT = "asked once, and then nothing"
SLOW: dict[str, tuple[int, float, Callable[[], Iterator[bytes]]]] = {
    # name: how many, the longest that one may last, what is sent every 0.2 s
    "headers that drip": (
        30,
        HEADER_SECONDS,
        lambda: iter([b"POST /invocations HTTP/1.1\r\n", *[b"x-a: b\r\n"] * 150]),
    ),
    "a first line that drips": (10, HEADER_SECONDS, lambda: iter([b"G", *[b"E"] * 150])),
    "half a header": (30, HEADER_SECONDS, lambda: iter([b"GET / HTTP/1.1\r\nhost: x\r\nx-a"])),
    "nothing": (10, HEADER_SECONDS, lambda: iter(())),
    "the beginning of HTTP/2": (10, HEADER_SECONDS, lambda: iter([b"PRI * HT"])),
    "HTTP/2 and no frame": (
        10,
        HEADER_SECONDS,
        lambda: iter([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]),
    ),
    KEPT: (10, HEADER_SECONDS, lambda: iter([b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"])),
    "half a body": (20, BODY_SECONDS, lambda: iter([post(b"x" * 1000)[:-500]])),
    "a body that drips": (
        10,
        BODY_SECONDS,
        lambda: iter([post(b"x" * 1000)[:-1000], *[b"x"] * 150]),
    ),
    "chunks that drip": (
        10,
        BODY_SECONDS,
        lambda: iter([raw(b"transfer-encoding: chunked"), *[b"1\r\nx\r\n"] * 150]),
    ),
}


@pytest.mark.timeout(120)
def test_slow_callers_are_cut_off_and_hold_nobody_up(hasty: Server) -> None:
    attackers = [(name, SLOW[name]) for name in SLOW for _ in range(SLOW[name][0])]
    with others_are_served(hasty), ThreadPoolExecutor(len(attackers)) as pool:
        began = time.monotonic()
        running = [
            (name, longest, pool.submit(converse, hasty.url(), pieces(), pause=0.2))
            for name, (_, longest, pieces) in attackers
        ]
        for name, longest, future in running:
            heard = future.result()
            assert heard.is_closed, name
            expected = ([200],) if name == KEPT else ([], [408])
            assert heard.statuses in expected, (name, heard.content[:300])
            assert heard.seconds < longest + LATE, name
        assert time.monotonic() - began < max(HEADER_SECONDS, BODY_SECONDS) + 2 * LATE
