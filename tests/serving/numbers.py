"""A release whose features are all numbers, and bodies for it in every content type."""

import io
import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from tests.serving.releases import publish
from trimaran_runtime.registry.release import Feature
from trimaran_runtime.storage.store import Store

NUMBERS = (
    Feature(name="length", type="number", nullable=False, example=1.5),
    Feature(name="width", type="number", nullable=True, example=0.5),
    Feature(name="height", type="number", nullable=False, example=2.0),
)
NAMES = [feature.name for feature in NUMBERS]
ROWS: list[list[float | None]] = [[1.5, 0.5, 2.0], [0.25, None, -1.0], [3.0, 1.0, 0.125]]
AS_ARRAY = np.array(ROWS, dtype=np.float64)


def model() -> Pipeline:
    random = np.random.default_rng(7)
    frame = pd.DataFrame(random.normal(size=(40, 3)), columns=NAMES)
    late = frame["length"] + frame["height"] > 0
    return make_pipeline(SimpleImputer(), LogisticRegression()).fit(frame, late)


def publish_numbers(store: Store, features: tuple[Feature, ...] = NUMBERS) -> str:
    """Write the release; returns the full id."""
    return publish(store, model=model(), features=features, trusted=("numpy.dtype",))


def npy(array: "np.ndarray[Any, Any]") -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def arrow(table: pa.Table, form: str = "stream", **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    new = pa.ipc.new_stream if form == "stream" else pa.ipc.new_file
    with new(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def table() -> pa.Table:
    columns = zip(*ROWS, strict=True)
    return pa.table({n: pa.array(c, pa.float64()) for n, c in zip(NAMES, columns, strict=True)})


def csv_lines(rows: list[list[Any]]) -> bytes:
    cells = (",".join("" if v is None else str(v) for v in row) for row in rows)
    return ("\n".join(cells) + "\n").encode()


def json_lines(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def named(rows: list[list[Any]] = ROWS) -> list[dict[str, Any]]:
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


JSON = "application/json"
LINES = "application/jsonlines"
CSV = "text/csv"
NPY = "application/x-npy"
ARROW = "application/vnd.apache.arrow.stream"
ARROW_FILE = "application/vnd.apache.arrow.file"
_BACK = table().select(NAMES[::-1])
BODIES: dict[str, tuple[str, bytes]] = {
    "instances of lists": (JSON, json.dumps({"instances": ROWS}).encode()),
    "instances of objects": (JSON, json.dumps({"instances": named()}).encode()),
    "inputs of lists": (JSON, json.dumps({"inputs": ROWS}).encode()),
    "inputs of objects": (JSON, json.dumps({"inputs": named()}).encode()),
    "inputs of columns": (JSON, json.dumps({"inputs": table().to_pydict()}).encode()),
    "dataframe_split": (
        JSON,
        json.dumps(
            {"dataframe_split": {"columns": NAMES[::-1], "data": [r[::-1] for r in ROWS]}}
        ).encode(),
    ),
    "dataframe_records": (JSON, json.dumps({"dataframe_records": named()}).encode()),
    "lines of objects": (LINES, json_lines(named())),
    "lines of lists": (LINES, json_lines(ROWS)),
    "ndjson": ("application/x-ndjson", json_lines(ROWS).replace(b"\n", b"\r\n\n")),
    "csv with a header": (CSV, csv_lines([NAMES[::-1], *(row[::-1] for row in ROWS)])),
    "csv without one": (CSV, csv_lines(ROWS)),
    "csv, header told": (f"{CSV}; header=present", csv_lines([NAMES, *ROWS])),
    "csv, no header told": (f"{CSV};header=absent; charset=utf-8", csv_lines(ROWS)),
    "npy": (NPY, npy(AS_ARRAY)),
    "npy by column": (NPY, npy(np.asfortranarray(AS_ARRAY))),
    "npy float32": (NPY, npy(AS_ARRAY.astype(np.float32))),
    "npy big endian": (NPY, npy(AS_ARRAY.astype(">f8"))),
    "arrow stream": (ARROW, arrow(table())),
    "arrow file": (ARROW_FILE, arrow(table(), "file")),
    "arrow compressed": (ARROW, arrow(table(), compression="zstd")),
    "arrow float32, any order": (
        ARROW,
        arrow(_BACK.cast(pa.schema([pa.field(n, pa.float32()) for n in NAMES[::-1]]))),
    ),
    "arrow in batches": (ARROW, arrow(pa.concat_tables([table().slice(0, 1), table().slice(1)]))),
}
"""The same rows in every way to write them: content type and body."""
