"""One table, whatever it is kept in: every kind of source gives the same rows and fingerprint."""

import gzip
import http.server
import sqlite3
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyarrow import csv, feather, ipc, parquet

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.table import DataRecord, write_table
from trimaran_runtime.user_code import UserCode

ROWS = 300
TABLE = pa.table(
    {
        "x": np.arange(ROWS),
        "y": np.arange(ROWS) % 2,
        "f": np.arange(ROWS) / 7,
        "s": pa.array([["Zürich", "Bern", None][row % 3] for row in range(ROWS)]),
        "at": pa.array(np.arange(ROWS) * 1_000_000, pa.int64()).cast(pa.timestamp("us")),
    }
)


def record(folder: Path, source: str, **changes: object) -> DataRecord:
    config = DataConfig.model_validate({"source": source, "target": "y", "min_rows": 10, **changes})
    return write_table(config, UserCode(folder), folder / ".written")


def written(folder: Path) -> pa.Table:
    return parquet.read_table(folder / ".written")


def as_csv(path: Path, delimiter: str = ",") -> None:
    csv.write_csv(TABLE, path, csv.WriteOptions(delimiter=delimiter))


def as_parquet(folder: Path) -> str:
    parquet.write_table(TABLE, folder / "rows.parquet", row_group_size=70)
    return "rows.parquet"


def as_parquet_folder(folder: Path) -> str:
    (folder / "rows" / "deeper").mkdir(parents=True)
    parquet.write_table(TABLE.slice(100), folder / "rows" / "a.parquet")
    parquet.write_table(TABLE.slice(0, 100), folder / "rows" / "deeper" / "b.parquet")
    return "rows"


def as_glob(folder: Path) -> str:
    as_parquet_folder(folder)
    (folder / "rows" / "notes.txt").write_text("not data")
    return "rows/**/*.parquet"


def as_text(folder: Path) -> str:
    as_csv(folder / "rows.csv")
    return "rows.csv"


def as_semicolons(folder: Path) -> str:
    as_csv(folder / "rows.csv", ";")
    return "rows.csv"


def as_tabs(folder: Path) -> str:
    as_csv(folder / "rows.tsv", "\t")
    return "rows.tsv"


def as_gzip(folder: Path) -> str:
    as_csv(folder / "plain.csv")
    (folder / "rows.csv.gz").write_bytes(gzip.compress((folder / "plain.csv").read_bytes()))
    return "rows.csv.gz"


def as_feather(folder: Path) -> str:
    feather.write_feather(TABLE, folder / "rows.feather", compression="zstd", chunksize=64)
    return "rows.feather"


def as_arrow_stream(folder: Path) -> str:
    with ipc.new_stream(folder / "rows.arrow", TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=17)
    return "rows.arrow"


def as_delta(folder: Path) -> str:
    write_deltalake(folder / "rows", TABLE.slice(0, 100))
    write_deltalake(folder / "rows", TABLE.slice(100), mode="append")
    parquet.write_table(TABLE, folder / "rows" / "left_behind.parquet")
    return "rows"


@pytest.mark.parametrize(
    "make",
    [
        as_parquet,
        as_parquet_folder,
        as_glob,
        as_text,
        as_semicolons,
        as_tabs,
        as_gzip,
        as_feather,
        as_arrow_stream,
        as_delta,
    ],
)
def test_the_fingerprint_is_of_the_content_not_of_the_file(
    tmp_path: Path, make: Callable[[Path], str]
) -> None:
    found = record(tmp_path, make(tmp_path))
    (tmp_path / "reference").mkdir()
    assert (
        found.fingerprint
        == record(tmp_path / "reference", as_parquet(tmp_path / "reference")).fingerprint
    )
    assert found.rows == ROWS
    assert written(tmp_path).sort_by("x").equals(TABLE)


def test_databases_and_queries_over_files_give_the_same(tmp_path: Path) -> None:
    as_parquet(tmp_path)
    with duckdb.connect(tmp_path / "rows.duckdb") as connection:
        connection.execute(f"create table t as select * from '{tmp_path / 'rows.parquet'}'")
    plain = record(tmp_path, "rows.parquet").fingerprint
    query = "select * from {} where x >= 0 order by y"
    assert record(tmp_path, "duckdb:///rows.duckdb", query=query.format("t")).fingerprint == plain
    over = record(tmp_path, "rows.parquet", query=query.format("source"))
    assert over.fingerprint == plain
    absolute = f"duckdb:///{tmp_path / 'rows.duckdb'}"
    assert record(tmp_path, absolute, query=query.format("t")).fingerprint == plain


def test_a_query_in_sqlite(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "rows.db") as connection:
        connection.execute("create table t (x, y, half, name)")
        rows = [(row, row % 2, row / 2 if row % 2 else row // 2, f"n{row}") for row in range(50)]
        connection.executemany("insert into t values (?, ?, ?, ?)", rows)
    found = record(tmp_path, "sqlite:///rows.db", query="select * from t where x < 40")
    assert (found.rows, found.columns["half"], found.columns["name"]) == (40, "double", "string")


def test_a_grouping_query_gives_its_rows_in_the_same_order_every_time(tmp_path: Path) -> None:
    as_parquet(tmp_path)
    query = "select x % 97 as x, max(y) as y, sum(f) as f from source group by 1"
    files = []
    for _ in range(2):
        record(tmp_path, "rows.parquet", query=query)
        files.append((tmp_path / ".written").read_bytes())
    assert files[0] == files[1]


def test_folders_of_a_partitioned_table_become_columns(tmp_path: Path) -> None:
    for year in (2025, 2026):
        for shop in ("a b", "c"):
            folder = tmp_path / "rows" / f"year={year}" / f"shop={shop.replace(' ', '%20')}"
            folder.mkdir(parents=True)
            parquet.write_table(TABLE, folder / "part.parquet")
    found = record(tmp_path, "rows")
    assert (found.columns["year"], found.columns["shop"]) == ("int64", "string")
    assert found.rows == 4 * ROWS
    assert set(written(tmp_path).column("shop").to_pylist()) == {"a b", "c"}


def test_whole_numbers_in_one_file_and_fractions_in_another_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    whole = pa.table({"x": [1] * 20, "y": [0, 1] * 10, "z": pa.nulls(20)})
    parts = pa.table({"z": ["a"] * 20, "y": [0, 1] * 10, "x": [0.5, None] * 10})
    parquet.write_table(whole, tmp_path / "rows" / "a.parquet")
    parquet.write_table(parts, tmp_path / "rows" / "b.parquet")
    assert record(tmp_path, "rows").columns == {"x": "double", "y": "int64", "z": "string"}


def test_a_later_row_of_a_csv_may_widen_its_column(tmp_path: Path) -> None:
    many = 700_000
    head = "x,y,late,never\n" + "1,0,,\n" * many
    (tmp_path / "rows.csv").write_text(head + "1.5,1,2026-01-01,\n" * 10)
    found = record(tmp_path, "rows.csv")
    assert found.rows == many + 10
    assert found.columns == {
        "x": "double",
        "y": "int64",
        "late": "timestamp[us]",
        "never": "double",
    }


def test_a_declared_type_is_what_a_csv_is_read_as(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("zip,y\n" + "01234,1\n08001,0\n" * 10)
    record(tmp_path, "rows.csv", columns={"zip": {"type": "category"}})
    assert written(tmp_path).column("zip")[0].as_py() == "01234"


def test_quoted_delimiters_and_line_breaks_belong_to_the_field(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('\ufeffs;y\n"a;b\nc";1\n"d,e";0\n' + '"f";1\n' * 10)
    record(tmp_path, "rows.csv")
    assert written(tmp_path).column("s").to_pylist()[:2] == ["a;b\nc", "d,e"]


RETURNS = {
    "an Arrow table": "return TABLE",
    "a generator of record batches": "yield from TABLE.to_batches(max_chunksize=13)",
    "an iterator of tables": "return iter([TABLE.slice(0, 100).to_pandas(), TABLE.slice(100)])",
    "a record batch reader": (
        "return pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches(max_chunksize=13))"
    ),
    "a polars frame": "return pl.from_arrow(TABLE)",
    "a lazy polars frame": "return pl.from_arrow(TABLE).lazy()",
}


@pytest.mark.parametrize("body", RETURNS.values(), ids=RETURNS)
def test_a_function_may_return_a_table_or_a_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    as_parquet(tmp_path)
    (tmp_path / "rows_of_mine.py").write_text(
        "from pathlib import Path\n"
        "import polars as pl\n"
        "import pyarrow as pa\n"
        "from pyarrow import parquet\n"
        "TABLE = parquet.read_table(Path(__file__).parent / 'rows.parquet')\n"
        f"def load():\n    {body}\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "rows_of_mine", raising=False)
    found = record(tmp_path, "rows_of_mine:load")
    assert found.fingerprint == record(tmp_path, "rows.parquet").fingerprint
    assert written(tmp_path).equals(TABLE)


def test_a_web_server(tmp_path: Path) -> None:
    as_parquet(tmp_path)
    as_gzip(tmp_path)
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            asked.append((self.command, path))
            return super().translate_path(path)

    handler = partial(Handler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        found = record(tmp_path, f"{root}/rows.csv.gz?signature=a%2Fb&of=us")
        server.shutdown()
    assert found.fingerprint == record(tmp_path, "rows.parquet").fingerprint
    # A signed address is asked for as it was given, and the file is fetched once.
    signed = "/rows.csv.gz?signature=a%2Fb&of=us"
    assert asked == [("HEAD", signed), ("GET", signed)]


def test_the_bytes_written_do_not_show_how_the_source_was_cut(tmp_path: Path) -> None:
    big = pa.table(
        {
            "y": np.arange(200_000) % 2,
            "s": pa.array([f"n{row % 9_000}" for row in range(200_000)]),
        }
    )
    files = []
    for size in (200_000, 777):
        parquet.write_table(big, tmp_path / "rows.parquet", row_group_size=size)
        record(tmp_path, "rows.parquet")
        files.append((tmp_path / ".written").read_bytes())
    assert files[0] == files[1]
