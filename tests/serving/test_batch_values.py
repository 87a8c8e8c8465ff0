"""A row of a file is taken or refused as the server takes or refuses it in a request."""

import csv
import io
import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv

from tests.serving.batch_case import spelled
from tests.serving.releases import FEATURES, publish
from trimaran_runtime.data.normal_form import normalise
from trimaran_runtime.errors import DataError
from trimaran_runtime.registry.release import Feature
from trimaran_runtime.serving.batch.answer import AnswerColumns
from trimaran_runtime.serving.batch.feed import Part, open_feed
from trimaran_runtime.serving.batch.portion import Portion, portions_of
from trimaran_runtime.serving.batch.raw_column import raw_values
from trimaran_runtime.serving.batch.scorer import OnBadRow, Scorer
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.service import Service, load
from trimaran_runtime.storage.store import Store

NAMES = [feature.name for feature in FEATURES]
TIMES = st.builds(timedelta, microseconds=st.integers(-(2**52), 2**52)).map(
    lambda since: datetime.fromisoformat("1970-01-01") + since
)
TYPED = {
    "distance": (pa.float64(), st.sampled_from([None, math.inf, -math.inf]) | st.floats()),
    "stops": (pa.float64(), st.sampled_from([0.0, 2.0, 2.5, 1e19, None, math.inf, math.nan])),
    "carrier": (pa.string(), st.none() | st.text(max_size=3)),
    "weekend": (pa.bool_(), st.none() | st.booleans()),
    "departs": (pa.timestamp("us"), st.none() | TIMES),
}
CELLS = st.sampled_from(
    ["", "1", "0", "-3", "2.5", "1e3", "1_0", " 7", "0x1A", "inf", "true", "FALSE", "yes", "AA"]
) | st.sampled_from(
    ["é", "a,b", 'q"', "2013-01-05", "2013-13-01", "2013-01-05T08:00+02:00", "9" * 20]
)


TAKEN: tuple[Any, ...] = (1.5, 2.0, "AA", True, datetime.fromisoformat("2013-01-05"))
"""A row that is taken, as typed files hold it; and as CSV does."""
TAKEN_CELLS = ("1.5", "2", "AA", "true", "2013-01-05")


@st.composite
def changed(draw: st.DrawFn, taken: tuple[Any, ...], values: Any) -> tuple[Any, ...]:
    """A row that is taken but for one value, if at all: two would hide each other."""
    place = draw(st.integers(0, len(taken) - 1))
    return (*taken[:place], draw(values[place]), *taken[place + 1 :])


@pytest.fixture(scope="module")
def service(store: Store) -> Service:
    loaded = load(store, publish(store), ServerConfig(), ServerMetrics())
    loaded.batcher.close()
    return loaded


def refused_by_server(service: Service, content_type: str, body: bytes) -> bool:
    """Whether the server answers a request of one row with an error."""
    try:
        service.reader.read(content_type, body)
    except Refusal:
        return True
    return False


@pytest.fixture(scope="module")
def answer(service: Service) -> AnswerColumns:
    return AnswerColumns.of(service, every_class=False)


def refused_here(
    service: Service, answer: AnswerColumns, portion: Portion, *, is_text: bool
) -> list[bool]:
    """Which rows have no prediction."""
    scorer = Scorer(service, answer, is_text=is_text, on_bad_row=OnBadRow.null)
    scored = scorer.score(portion)
    nulls = scored.table["label"].is_null().to_pylist()
    assert nulls == scored.refused.tolist()
    return nulls


def portion_of(features: pa.Table) -> Portion:
    part = Part(features=features, kept=features.select([]), origin="rows", first_row=1)
    (portion,) = portions_of([part], 1_000)
    return portion


@given(
    rows=st.lists(changed(TAKEN, [values for _, values in TYPED.values()]), min_size=1, max_size=6)
)
def test_values_of_typed_files(
    service: Service, answer: AnswerColumns, rows: Sequence[tuple[Any, ...]]
) -> None:
    columns = zip(TYPED.values(), zip(*rows, strict=True), strict=True)
    arrays = [pa.array(values, kind) for (kind, _), values in columns]
    table = normalise(pa.Table.from_arrays(arrays, names=NAMES), "rows")
    expected = []
    for row in rows:
        document = {name: spelled(value) for name, value in zip(NAMES, row, strict=True)}
        # JSON has no spelling of infinity: no request can hold such a row.
        infinite = any(isinstance(v, float) and math.isinf(v) for v in row)
        body = b"" if infinite else json.dumps({"instances": [document]}).encode()
        expected.append(refused_by_server(service, "application/json", body))
    assert refused_here(service, answer, portion_of(table), is_text=False) == expected


@given(rows=st.lists(changed(TAKEN_CELLS, [CELLS] * len(NAMES)), min_size=1, max_size=6))
def test_cells_of_csv(
    service: Service, answer: AnswerColumns, rows: Sequence[tuple[str, ...]]
) -> None:
    cells = zip(*rows, strict=True)
    table = pa.table({name: list(column) for name, column in zip(NAMES, cells, strict=True)})
    expected = [refused_by_server(service, "text/csv", body_of([row])) for row in rows]
    assert refused_here(service, answer, portion_of(table), is_text=True) == expected


@given(rows=st.lists(st.tuples(*[CELLS] * len(NAMES)), min_size=1, max_size=6))
def test_the_cells_of_a_csv_file_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: Sequence[tuple[str, ...]]
) -> None:
    path = tmp_path_factory.mktemp("cells") / "rows.csv"
    path.write_bytes(body_of(rows))
    (part,) = open_feed(str(path), NAMES, ()).parts()
    found = [tuple(cell or "" for cell in row.values()) for row in part.features.to_pylist()]
    assert found == rows


def body_of(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(NAMES)
    writer.writerows(rows)
    return text.getvalue().encode()


@given(
    sizes=st.lists(st.integers(0, 40), max_size=8),
    rows=st.integers(1, 50),
)
def test_portions_are_of_one_size_and_know_where_each_row_stands(
    sizes: list[int], rows: int
) -> None:
    numbers = np.arange(sum(sizes))
    parts, begin = [], 0
    for index, size in enumerate(sizes):
        table = pa.table({"x": numbers[begin : begin + size]})
        parts.append(Part(features=table, kept=table, origin=f"file {index}", first_row=1))
        begin += size
    portions = list(portions_of(parts, rows))
    assert all(p.features.num_rows == rows for p in portions[:-1])
    assert [x for p in portions for x in p.features["x"].to_pylist()] == numbers.tolist()
    places = [p.place(row) for p in portions for row in range(p.features.num_rows)]
    assert places == [(f"file {i}", row + 1) for i, n in enumerate(sizes) for row in range(n)]


def test_no_more_is_read_than_the_next_portion_needs() -> None:
    table = pa.table({"x": range(10)})
    taken = 0

    def parts() -> Any:
        nonlocal taken
        for number in range(1_000):
            taken += 1
            yield Part(features=table, kept=table, origin=str(number), first_row=1)

    portions = portions_of(parts(), 25)
    for number in range(1, 20):
        next(portions)
        assert taken * 10 < number * 25 + 10


def test_a_line_of_another_length_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    arrow_csv.write_csv(pa.table({name: ["1", "2"] for name in NAMES}), path)
    path.write_text(path.read_text() + '"1","2"\n')
    with pytest.raises(DataError, match="row 3 has 2 fields, the header has 5"):
        list(open_feed(str(path), NAMES, ()).parts())


@pytest.mark.parametrize(
    ("kind", "stored", "given"),
    [
        ("number", pa.float64(), 1.5),
        ("number", pa.int64(), 3),
        ("integer", pa.int64(), 2**53 + 1),
        ("integer", pa.float64(), 2.0),
        ("boolean", pa.bool_(), True),
        ("category", pa.string(), "é"),
        ("text", pa.string(), ""),
        ("timestamp", pa.timestamp("us"), datetime.fromisoformat("2013-01-05T08:00:00.000001")),
        ("timestamp", pa.string(), "2013-01-05T08:00:00+02:00"),
    ],
)
def test_missing_values_of_every_type_are_those_of_a_request(
    kind: Any, stored: Any, given: Any
) -> None:
    column = Column(Feature(name="x", type=kind, nullable=True))
    for values in ([given, None], [given, given], [None]):
        chunked = pa.chunked_array([pa.array(values, stored)])
        found = column.check(raw_values(column, kind, chunked, is_text=False))
        assert found == column.check([spelled(value) for value in values])
