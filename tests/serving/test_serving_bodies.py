"""Request bodies: the same rows in every content type get the same prediction, and one record."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving.conftest import Client, Connect
from tests.serving.numbers import (
    ARROW,
    AS_ARRAY,
    BODIES,
    CSV,
    LINES,
    NAMES,
    NPY,
    NUMBERS,
    ROWS,
    arrow,
    csv_lines,
    json_lines,
    model,
    named,
    npy,
    table,
)
from tests.serving.releases import ROW
from tests.serving.test_serving_capture import lines
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.config import CaptureConfig, LimitsConfig
from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.rows import RowReader
from trimaran_runtime.storage.store import Store


def ask(client: Client, kind: str, body: bytes, **headers: str) -> tuple[int, Any]:
    response, answer = client.ask("POST", "/invocations", body, content_type=kind, **headers)
    return response.status, answer


@pytest.mark.parametrize("name", BODIES)
def test_every_way_to_write_the_rows_gets_the_models_prediction(numbers: Client, name: str) -> None:
    status, answer = ask(numbers, *BODIES[name])
    expected = model().predict_proba(pd.DataFrame(AS_ARRAY, columns=NAMES))[:, 1]
    assert status == 200, answer
    assert [p["probability"] for p in answer["predictions"]] == pytest.approx(expected)


@pytest.mark.parametrize("name", BODIES)
def test_every_content_type_is_recorded_by_column_as_it_was_given(
    store: Store, of_numbers: str, connect: Connect, name: str
) -> None:
    endpoint = name.replace(" ", "-").replace(",", "")
    client = connect(of_numbers, endpoint=endpoint, capture=CaptureConfig())
    assert ask(client, *BODIES[name])[0] == 200
    client.service.capture.close()
    (record,) = lines(store, endpoint)
    assert record["request"] == named()


def test_what_was_given_keeps_its_type_in_the_record(
    store: Store, of_numbers: str, connect: Connect
) -> None:
    client = connect(of_numbers, endpoint="whole", capture=CaptureConfig())
    ask(client, "application/json", b'{"instances": [[1, 2, 3]]}')
    client.service.capture.close()
    (record,) = lines(store, "whole")
    assert json.dumps(list(record["request"][0].values())) == "[1, 2, 3]"


def test_rows_of_numbers_are_one_matrix_of_the_training_type(numbers: Client) -> None:
    for kind, body in BODIES.values():
        values = numbers.service.reader.read(kind, body).values
        assert isinstance(values, np.ndarray)
        assert (values.dtype, values.flags.c_contiguous) == (np.float64, True)
        np.testing.assert_array_equal(values, AS_ARRAY.T)


def test_rows_of_several_types_are_lists(mixed: Client) -> None:
    values = mixed.service.reader.read(None, json.dumps({"instances": [ROW]}).encode()).values
    assert [type(column) for column in values] == [list] * len(ROW)


ONE = [1.0, 2.0, 3.0]
WRONG: list[tuple[str, Any, str]] = [
    ("a boolean", [1.0, 2.0, True], "height"),
    ("text", [1.0, 2.0, "3"], "height"),
    ("null", [None, 2.0, 3.0], "length"),
    ("a list", [1.0, [2.0], 3.0], "width"),
    ("an object", [1.0, 2.0, {}], "height"),
]


@pytest.mark.parametrize(("value", "column"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
@pytest.mark.parametrize("form", ["instances", "inputs", "dataframe_records", "columns", "lines"])
def test_a_wrong_value_is_named_by_column_and_row(
    numbers: Client, form: str, value: list[Any], column: str
) -> None:
    rows = [ONE, value]
    if form == "lines":
        status, answer = ask(numbers, LINES, json_lines(rows))
    elif form == "columns":
        columns = {n: [row[i] for row in rows] for i, n in enumerate(NAMES)}
        status, answer = ask(numbers, "", json.dumps({"inputs": columns}).encode())
    else:
        rows = named(rows) if form == "dataframe_records" else rows
        status, answer = ask(numbers, "application/json", json.dumps({form: rows}).encode())
    assert status == 400
    assert answer["field"] == column
    assert f"column {column!r}, row 1" in answer["error"]


@given(
    st.lists(
        st.lists(
            st.booleans() | st.none() | st.floats(-9, 9) | st.integers(-9, 9),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["r", "f", "x", "a[0"]),
    st.booleans(),
)
def test_a_boolean_is_never_taken_for_a_number(
    rows: list[list[Any]], name: str, named: bool
) -> None:
    features = tuple(NUMBERS[1].model_copy(update={"name": n}) for n in ("b", "c", name))
    reader = RowReader(Signature(features=features, target="late", task="regression"), 10)
    written: list[Any] = (
        [dict(zip(("b", "c", name), r, strict=True)) for r in rows] if named else rows
    )
    has_boolean = any(isinstance(value, bool) for row in rows for value in row)
    bodies = {
        "application/json": json.dumps({"parameters": {}, "instances": written}).encode(),
        LINES: json_lines(written),
    }
    for kind, body in bodies.items():
        if has_boolean:
            with pytest.raises(Refusal, match="wrong type"):
                reader.read(kind, body)
        else:
            values = reader.read(kind, body).values
            np.testing.assert_array_equal(values, np.array(rows, dtype=np.float64).T)


BAD: list[tuple[str, str, bytes, int, str]] = [
    ("inputs is text", "", b'{"inputs": "x"}', 400, "must be a list"),
    ("inputs misses a column", "", b'{"inputs": {"length": [1]}}', 400, "is missing"),
    (
        "inputs holds a scalar",
        "",
        b'{"inputs": {"length": 1, "width": [1], "height": [1]}}',
        400,
        "is not a list",
    ),
    (
        "inputs is ragged",
        "",
        b'{"inputs": {"length": [1], "width": [1, 2], "height": [1]}}',
        400,
        "not as many values",
    ),
    ("inputs is empty", "", b'{"inputs": {"length":[],"width":[],"height":[]}}', 400, "no row"),
    ("inputs and instances", "", b'{"inputs": [], "instances": []}', 400, "given 2 times"),
    ("no line", LINES, b"\n\n", 400, "no row"),
    ("a line that ends early", LINES, b"[1, 2, 3]\n[1, 2", 400, "line 2 is not JSON"),
    ("two halves of a row", LINES, b"[1, 2,\n3]\n", 400, "line 1 is not JSON"),
    ("two rows on a line", LINES, b"[1,2,3],[4\n5,6]\n", 400, "line 1 is not JSON"),
    ("a line that is no row", LINES, b"[1, 2, 3]\n4\n", 400, "row 1"),
    ("lines of both kinds", LINES, b'{"length": 1}\n[1, 2, 3]\n', 400, "missing in row 0"),
    ("csv of one name", CSV, b"length,b,c\n1,2,3\n", 400, "unknown column 'b'"),
    ("csv of no name", CSV, b"a,b,c\n1,2,3\n", 400, "row 0: the value is of the wrong type"),
    ("csv too wide", CSV, b"1,2,3,4\n", 400, "does not have 3 values"),
    ("csv, header missed", f"{CSV};header=present", b"1,2,3\n", 400, "unknown column '1'"),
    ("csv, header denied", f"{CSV};header=absent", b"length,width,height\n", 400, "wrong type"),
    ("csv, header odd", f"{CSV};header=perhaps", b"1,2,3\n", 415, "parameter header"),
    ("csv of a huge number", CSV, b"1" + b"0" * 400 + b",2,3\n", 400, "wrong type"),
    ("csv of a huge cell", CSV, b"1" * 200_000 + b",2,3\n", 400, "not CSV"),
    ("csv of an infinity", CSV, b"1e999,2,3\n", 400, "wrong type"),
    ("npy of text", NPY, npy(np.array([["a", "b", "c"]])), 400, "unsupported type"),
    ("npy of objects", NPY, npy(np.array([[1, None, 2]], dtype=object)), 400, "unsupported type"),
    ("npy of times", NPY, npy(np.zeros((1, 3), "datetime64[s]")), 400, "unsupported type"),
    ("npy of complex", NPY, npy(np.zeros((1, 3), complex)), 400, "unsupported type"),
    ("npy of records", NPY, npy(np.zeros(1, "f8,f8,f8")), 400, "header"),
    ("npy of booleans", NPY, npy(np.ones((1, 3), bool)), 400, "wrong type"),
    ("npy too narrow", NPY, npy(np.zeros((3, 2))), 400, "wrong shape"),
    ("npy of one row", NPY, npy(np.zeros(3)), 400, "wrong shape"),
    ("npy of no row", NPY, npy(np.zeros((0, 3))), 400, "no row"),
    ("npy of infinity", NPY, npy(np.full((1, 3), np.inf)), 400, "not finite"),
    ("npy of NaN where none may be", NPY, npy(np.full((1, 3), np.nan)), 400, "must not be null"),
    ("npy truncated", NPY, npy(AS_ARRAY)[:-1], 400, "needs 72 bytes"),
    ("npy with more behind it", NPY, npy(AS_ARRAY) + b"0", 400, "needs 72 bytes"),
    ("no npy", NPY, b"PK\x03\x04", 400, "no NumPy array"),
    ("arrow misses a column", ARROW, arrow(table().drop_columns("width")), 400, "is missing"),
    (
        "arrow of text",
        ARROW,
        arrow(table().set_column(0, "length", pa.array(["1", "2", "3"]))),
        400,
        "wrong type",
    ),
    (
        "arrow of lists",
        ARROW,
        arrow(table().set_column(0, "length", pa.array([[1.0]] * 3))),
        400,
        "an Arrow type that is not taken",
    ),
    (
        "arrow of null where none may be",
        ARROW,
        arrow(table().set_column(0, "length", pa.nulls(3))),
        400,
        "must not be null",
    ),
    ("arrow of no row", ARROW, arrow(table().slice(0, 0)), 400, "no row"),
    ("arrow truncated", ARROW, arrow(table())[:-200], 400, "not usable Arrow"),
    ("no arrow", ARROW, b"no arrow at all", 400, "not usable Arrow"),
    ("an arrow file cut short", ARROW, arrow(table(), "file")[:-1], 400, "truncated"),
    ("an unknown type", "application/x-parquet", b"", 415, "unsupported content type"),
]


@pytest.mark.parametrize(
    ("kind", "body", "status", "says"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_a_bad_body_is_refused_with_the_reason(
    numbers: Client, kind: str, body: bytes, status: int, says: str
) -> None:
    answered, answer = ask(numbers, kind, body)
    assert answered == status, answer
    assert says in answer["error"]


def test_a_vector_is_a_matrix_of_one_column() -> None:
    lone = Signature(features=NUMBERS[:1], target="late", task="regression")
    rows = RowReader(lone, 10).read(NPY, npy(np.array([1.0, 2.0])))
    np.testing.assert_array_equal(rows.values, [[1.0, 2.0]])
    assert list(rows.raw) == [[1.0, 2.0]]


def test_arrow_takes_text_categories_booleans_and_times(mixed: Client) -> None:
    zoned = datetime.fromisoformat(ROW["departs"]).replace(tzinfo=UTC)
    columns = {
        "departs": pa.array([zoned] * 2, pa.timestamp("ms", tz="Europe/Berlin")),
        "weekend": pa.array([False, False]),
        "carrier": pa.array(["AA", None]).dictionary_encode(),
        "stops": pa.array([1, 1], pa.int8()),
        "distance": pa.array([500.0, None], pa.float32()),
    }
    status, answer = ask(mixed, ARROW, arrow(pa.table(columns)))
    rows = [ROW, {**ROW, "carrier": None, "distance": None}]
    assert status == 200, answer
    assert answer == mixed.predict({"instances": rows})[1]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_arrow_text_of_every_layout_is_the_same(mixed: Client, kind: pa.DataType) -> None:
    carriers = pa.array(["A carrier with a long name", None, "AA"], kind)
    columns = {name: [value] * 3 for name, value in ROW.items()} | {"carrier": carriers}
    rows = mixed.service.reader.read(ARROW, arrow(pa.table(columns)))
    assert rows.raw[list(ROW).index("carrier")] == ["A carrier with a long name", None, "AA"]


def test_an_arrow_time_beyond_the_calendar_is_refused(mixed: Client) -> None:
    columns = {n: [v] for n, v in ROW.items()} | {"departs": pa.array([2**60], pa.timestamp("s"))}
    status, answer = ask(mixed, ARROW, arrow(pa.table(columns)))
    assert (status, answer["field"]) == (400, "body")


def test_npy_gives_booleans_and_whole_numbers_where_columns_are_some() -> None:
    kinds = ("integer", "boolean", "number")
    features = tuple(f.model_copy(update={"type": t}) for f, t in zip(NUMBERS, kinds, strict=True))
    reader = RowReader(Signature(features=features, target="late", task="regression"), 10)
    rows = reader.read(NPY, npy(np.array([[3.0, 1.0, 0.5], [4.0, 0.0, 1.5]])))
    assert list(rows.values) == [[3, 4], [True, False], [0.5, 1.5]]
    assert [type(column[0]) for column in rows.values] == [int, bool, float]
    with pytest.raises(Refusal, match="column 'width', row 0: the value is of the wrong type"):
        reader.read(NPY, npy(np.array([[3.0, 2.0, 0.5]])))


def test_npy_is_not_taken_where_a_column_is_text(mixed: Client) -> None:
    status, answer = ask(mixed, NPY, npy(AS_ARRAY))
    assert status == 415
    assert NPY not in answer["allowed"]
    assert ARROW in answer["allowed"]


def test_the_lines_of_a_transform_job_are_answered_line_by_line(mixed: Client) -> None:
    cells = [["" if v is None else v for v in ROW.values()]] * 3
    body = csv_lines(cells).replace(b"False", b"false")
    for kind, content in [(CSV, body), (LINES, json_lines([ROW] * 3))]:
        for accept in (CSV, LINES):
            status, answer = ask(mixed, kind, content, accept=accept)
            assert status == 200, answer
            assert len(answer.splitlines()) == 3


def test_too_many_rows_are_refused_in_every_content_type(of_numbers: str, connect: Connect) -> None:
    client = connect(of_numbers, limits=LimitsConfig(max_rows=2))
    for name, (kind, body) in BODIES.items():
        status, answer = ask(client, kind, body)
        assert (status, answer["allowed"]) == (413, "at most 2"), name
    assert len(ROWS) == 3


def test_requests_of_different_content_types_share_a_call(numbers: Client) -> None:
    async def together() -> list[Any]:
        requests = (
            numbers.application.handle("POST", "/invocations", {"content-type": kind}, body)
            for kind, body in BODIES.values()
        )
        return await asyncio.gather(*requests)

    answers = [json.loads(r.body)["predictions"] for r in asyncio.run(together())]
    alone = ask(numbers, *BODIES["npy"])[1]["predictions"]
    for answer in answers:
        assert [p["probability"] for p in answer] == pytest.approx(
            [p["probability"] for p in alone], abs=1e-12
        )
