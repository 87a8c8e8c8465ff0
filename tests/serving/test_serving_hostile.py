"""Whatever the bytes are: an answer or one clear 4xx, never a 5xx, and memory within limits."""

import asyncio
import json
import struct
import time
import tracemalloc
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.serving.conftest import Client, Connect
from tests.serving.numbers import (
    ARROW,
    ARROW_FILE,
    AS_ARRAY,
    BODIES,
    CSV,
    LINES,
    NAMES,
    NPY,
    arrow,
    npy,
    table,
)
from tests.serving.releases import ROW
from trimaran_runtime.serving.adapters import Asgi
from trimaran_runtime.serving.config import LimitsConfig
from trimaran_runtime.serving.message import Refusal

MIB = 1 << 20


def ask(client: Client, kind: str, body: bytes) -> tuple[int, Any]:
    """Status and answer, through the ASGI application."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/invocations",
        "headers": [(b"content-type", kind.encode("latin-1"))],
    }
    application: Callable[..., Awaitable[None]] = Asgi(client.application)
    asyncio.run(application(scope, receive, send))  # type: ignore[arg-type]
    return sent[0]["status"], json.loads(sent[1]["body"])


def check(client: Client, kind: str, body: bytes) -> int:
    status, answer = ask(client, kind, body)
    assert status == 200 or (400 <= status < 500 and answer["error"]), answer
    return status


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A good body with bytes changed, cut, repeated or put in."""
    kind, good = BODIES[draw(st.sampled_from(sorted(BODIES)))]
    body = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(body) - 1, 0)))
        match draw(st.sampled_from(["change", "cut", "repeat", "insert", "claim"])):
            case "change":
                body[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del body[place : place + draw(st.integers(1, 40))]
            case "repeat":
                body += body[place : place + draw(st.integers(1, 200))]
            case "insert":
                body[place:place] = draw(st.binary(max_size=12))
            case _:
                # Where a format keeps lengths and offsets: a number that is a lie.
                number = draw(st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31), 2**20, 7]))
                place -= place % 4
                body[place : place + 4] = struct.pack("<i", number)
    return kind, bytes(body)


@given(damaged())
@settings(max_examples=400)
def test_a_damaged_body_is_answered_or_refused(
    numbers: Client, given_body: tuple[str, bytes]
) -> None:
    check(numbers, *given_body)


@given(damaged())
@settings(max_examples=200)
def test_a_damaged_body_of_another_release_is_refused(
    mixed: Client, given_body: tuple[str, bytes]
) -> None:
    check(mixed, *given_body)


KINDS = sorted({kind for kind, _ in BODIES.values()})


@given(st.sampled_from(KINDS), st.binary(max_size=300))
@example(ARROW, b"\xff\xff\xff\xff" + b"\xff" * 40)
@example(ARROW_FILE, b"ARROW1\0\0" + b"\0" * 8 + b"ARROW1")
@example(NPY, b"\x93NUMPY\x01\x00\xff\xff")
@settings(max_examples=300)
def test_any_bytes_are_refused(numbers: Client, kind: str, body: bytes) -> None:
    check(numbers, kind, body)


@given(st.text(alphabet='0123456789.,"\n\r -enaif_\x00é', max_size=80))
@settings(max_examples=300)
def test_any_csv_is_answered_or_refused(numbers: Client, body: str) -> None:
    check(numbers, CSV, body.encode())


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*NAMES, "columns", "data", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from(["instances", "inputs", "dataframe_split", "dataframe_records"]), ANY_JSON)
@settings(max_examples=150)
def test_any_json_under_any_form_is_answered_or_refused(
    numbers: Client, form: str, value: Any
) -> None:
    check(numbers, "application/json", json.dumps({form: value}).encode())
    check(numbers, LINES, json.dumps(value).encode())


GOOD = b"[1.0, 2.0, 3.0]"
MALFORMED: dict[str, list[bytes]] = {
    "truncated": [b"[1.0, 2.0"],
    "empty": [],
    "scalar": [b"3"],
    "NaN literal": [b"[NaN, 2.0, 3.0]"],
    "null": [b"null"],
    "string": [b'"text"'],
    "1e999": [b"[1e999, 2.0, 3.0]"],
    "400-digit integer": [b"[1" + b"0" * 400 + b", 2.0, 3.0]"],
    "too few values": [b"[1.0, 2.0]"],
    "ragged": [GOOD, b"[1.0, 2.0]"],
    "text for a number": [b'["a", 2.0, 3.0]'],
    "missing key": [b'{"length": 1.0, "width": 2.0}'],
    "deep nesting": [b"[" * 100_000 + b"]" * 100_000],
    "invalid UTF-8": [b'["\xff", 2.0, 3.0]'],
}
FORMS: dict[str, Callable[[list[bytes]], tuple[str, bytes]]] = {
    "instances": lambda rows: ("application/json", b'{"instances": [' + b",".join(rows) + b"]}"),
    "inputs": lambda rows: ("application/json", b'{"inputs": [' + b",".join(rows) + b"]}"),
    "dataframe_records": lambda rows: (
        "application/json",
        b'{"dataframe_records": [' + b",".join(rows) + b"]}",
    ),
    "dataframe_split": lambda rows: (
        "application/json",
        b'{"dataframe_split": {"columns": ["length", "width", "height"], "data": ['
        + b",".join(rows)
        + b"]}}",
    ),
    "lines": lambda rows: (LINES, b"\n".join(rows)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("problem", MALFORMED)
def test_malformed_json_is_a_400_in_every_form(numbers: Client, form: str, problem: str) -> None:
    status, answer = ask(numbers, *FORMS[form](MALFORMED[problem]))
    assert status == 400
    assert answer["error"]
    assert ask(numbers, *FORMS[form]([GOOD]))[0] == 200


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 3), }"
VALUES = AS_ARRAY.tobytes()


def npy_of(header: str, values: bytes = VALUES, version: bytes = b"\x01\x00") -> bytes:
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + values


LIES = {
    "more rows than bytes": HEADER.replace("(3, 3)", "(1000000000000, 3)"),
    "a product beyond 64 bits": HEADER.replace("(3, 3)", "(999999999999, 999999999999)"),
    "a row too few": HEADER.replace("(3, 3)", "(2, 3)"),
    "a negative shape": HEADER.replace("(3, 3)", "(-1, 3)"),
    "a shape of no width": HEADER.replace("(3, 3)", "(1000000000, 0)"),
    "a shape of words": HEADER.replace("(3, 3)", "(3, n)"),
    "digits without end": HEADER.replace("(3, 3)", f"({'9' * 3000}, 3)"),
    "three dimensions": HEADER.replace("(3, 3)", "(3, 3, 1)"),
    "no shape": HEADER.replace("'shape': (3, 3), ", ""),
    "a shape twice": HEADER.replace("'shape': (3, 3)", "'shape': (3, 3), 'shape': (3, 3)"),
    "another key": HEADER.replace("}", "'x': 1}"),
    "an expression": "__import__('os').getcwd()",
    "an expression inside": HEADER.replace("False", "print('x')"),
    "a pickle": HEADER.replace("<f8", "|O8"),
    "odd floats": HEADER.replace("<f8", "<f3"),
    "long floats": HEADER.replace("<f8", "<f16"),
    "no dictionary": "[" * 1000,
    "nothing": "",
}


def test_the_header_that_the_lies_are_made_of_is_good(numbers: Client) -> None:
    assert ask(numbers, NPY, npy_of(HEADER))[0] == 200


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_npy_header_is_refused_before_anything_is_allocated(
    numbers: Client, lie: str
) -> None:
    body = npy_of(LIES[lie])
    tracemalloc.start()
    status, answer = ask(numbers, NPY, body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert status == 400, answer
    assert peak < MIB


def test_an_unknown_version_of_npy_is_refused(numbers: Client) -> None:
    assert ask(numbers, NPY, npy_of(HEADER, version=b"\x09\x00"))[0] == 400


def test_every_byte_of_an_arrow_stream_may_lie(numbers: Client) -> None:
    for form, kind in (("stream", ARROW), ("file", ARROW_FILE)):
        good = arrow(table(), form)
        for place in range(len(good)):
            for value in (0x00, 0x7F, 0xFF):
                bad = bytearray(good)
                bad[place] = value
                decode(numbers, kind, bytes(bad))
        for end in range(0, len(good), 7):
            decode(numbers, kind, good[:end])


def decode(client: Client, kind: str, body: bytes) -> None:
    """The decoder alone, for what is tried thousands of times; only a refusal may be raised."""
    try:
        rows = client.service.reader.read(kind, body)
    except Refusal as refusal:
        status = refusal.status
    else:
        status = 200
        assert rows.count <= 100_000
    assert status in {200, 400, 413}


MANY = 50_000
LONG = "x" * MIB


def same_rows(**columns: pa.Array) -> pa.Table:
    return pa.table({name: [value] * MANY for name, value in ROW.items()} | columns)


def shared_text() -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * MANY, pa.int8()), [LONG])


def shared_view() -> pa.Array:
    # Length, first four bytes, buffer and offset of a text (Arrow columnar format).
    view = struct.pack("<i4sii", MIB, b"xxxx", 0, 0)
    buffers = [None, pa.py_buffer(view * MANY), pa.py_buffer(LONG.encode())]
    return pa.Array.from_buffers(pa.string_view(), MANY, buffers)


BOMBS: dict[str, Callable[[], pa.Table]] = {
    "a text that every row shares": lambda: same_rows(carrier=shared_text()),
    "a view that every row shares": lambda: same_rows(carrier=shared_view()),
    "zeros": lambda: pa.table({name: np.zeros(2 * MIB) for name in NAMES}),
    "nulls": lambda: pa.table({name: pa.nulls(10**9) for name in NAMES}),
    "batches": lambda: pa.concat_tables([table().slice(0, 1)] * 65),
}
"""Tables whose bodies are small, and stand for very much."""


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_body_that_stands_for_much_is_refused(
    numbers: Client, mixed: Client, name: str
) -> None:
    bomb = BOMBS[name]()
    body = arrow(bomb, compression="zstd")
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    tracemalloc.start()
    started = time.process_time()
    status, answer = ask(numbers if bomb.column_names == NAMES else mixed, ARROW, body)
    peak = tracemalloc.get_traced_memory()[1]
    seconds = time.process_time() - started
    tracemalloc.stop()
    assert len(body) < MIB
    assert status == 413, answer
    assert peak < 64 * MIB
    assert seconds < 1
    assert pool.bytes_allocated() - before < 64 * MIB


def test_values_are_counted_where_rows_are_not(of_numbers: str, connect: Connect) -> None:
    client = connect(of_numbers, limits=LimitsConfig(max_rows=10**9))
    status, answer = ask(client, ARROW, arrow(pa.table({n: pa.nulls(10**9) for n in NAMES})))
    assert status == 413
    assert "values" in answer["allowed"]


def test_the_footer_of_an_arrow_file_is_not_believed(numbers: Client) -> None:
    good = arrow(table(), "file")
    size = struct.unpack_from("<i", good, len(good) - 10)[0]
    lying = good[: -10 - size] + b"\xff" * size + good[-10:]
    assert ask(numbers, ARROW_FILE, lying) == ask(numbers, ARROW_FILE, good)


def test_an_arrow_file_needs_no_mark_of_its_end(numbers: Client) -> None:
    good = arrow(table(), "file")
    end = len(good) - 10 - struct.unpack_from("<i", good, len(good) - 10)[0]
    assert good[end - 8 : end] == b"\xff\xff\xff\xff\0\0\0\0"
    assert ask(numbers, ARROW_FILE, good[: end - 8] + good[end:])[0] == 200


def test_an_arrow_text_never_reaches_into_what_lies_behind_it(mixed: Client) -> None:
    def body(ends: int) -> bytes:
        # The first text ends where it says; the second is missing, and its end is good.
        offsets = pa.py_buffer(struct.pack("<iii", 0, ends, 2))
        buffers = [pa.py_buffer(b"\x01"), offsets, pa.py_buffer(b"ab")]
        carrier = pa.Array.from_buffers(pa.string(), 2, buffers)
        return arrow(
            pa.table({name: [value] * 2 for name, value in ROW.items()} | {"carrier": carrier})
        )

    assert ask(mixed, ARROW, body(2))[0] == 200
    assert ask(mixed, ARROW, body(20))[0] == 400


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (CSV, b"\n" * (6 * MIB - 1)),
        (CSV, b"1,2,3\n" * (MIB - 1)),
        (CSV, b"," * (6 * MIB - 1)),
        (CSV, b'"' + b"x" * (6 * MIB - 2)),
        (LINES, b"\n" * (6 * MIB - 1)),
        (LINES, b"1\n" * (3 * MIB - 1)),
        (NPY, npy(np.zeros((2 * MIB - 100, 3), np.int8))),
    ],
    ids=["lines", "rows", "commas", "a cell", "empty lines", "scalars", "bytes"],
)
def test_the_largest_bodies_take_a_bounded_multiple_of_their_size(
    numbers: Client, kind: str, body: bytes
) -> None:
    tracemalloc.start()
    status = check(numbers, kind, body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert status in {400, 413}
    assert peak < 40 * len(body)
