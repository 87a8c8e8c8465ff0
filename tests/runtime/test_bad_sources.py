"""Every bad source gets one message that names the file, the column and the row that are wrong."""

import gzip
import io
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.readers import inflate
from trimaran_runtime.data.readers import parquet as parquet_reader
from trimaran_runtime.data.table import refuse_infinite, write_table
from trimaran_runtime.errors import DataError, Exit
from trimaran_runtime.user_code import UserCode

ROWS = 40
MANY = 700_000
"""Rows of a CSV file that is longer than the block its types are inferred from (4 MiB)."""


def table(rows: int = ROWS, **columns: object) -> pa.Table:
    return pa.table({"x": np.arange(rows), "y": np.arange(rows) % 2, **columns})


def refused(folder: Path, source: str, **changes: object) -> str:
    config = DataConfig.model_validate({"source": source, "target": "y", "min_rows": 10, **changes})
    with pytest.raises(DataError) as error:
        write_table(config, UserCode(folder), folder / ".written")
    return str(error.value)


def lines(rows: int, value: Callable[[int], str] = str) -> list[str]:
    return ["x,y", *(f"{value(row)},{row % 2}" for row in range(rows))]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "there is no file 'rows.csv'" in refused(tmp_path, "rows.csv")


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.arrow", "rows.csv.gz"])
def test_a_file_of_no_bytes(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert f"{name}: is empty (0 bytes)" in refused(tmp_path, name)


def test_a_csv_of_blank_lines(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("\n\n")
    assert "rows.csv: is empty: it has no header" in refused(tmp_path, "rows.csv")


def test_a_truncated_parquet_file(tmp_path: Path) -> None:
    parquet.write_table(table(), tmp_path / "rows.parquet")
    content = (tmp_path / "rows.parquet").read_bytes()
    for size in (3, len(content) // 2, len(content) - 1):
        (tmp_path / "rows.parquet").write_bytes(content[:size])
        assert "rows.parquet: cannot be read" in refused(tmp_path, "rows.parquet")


def test_a_damaged_page_of_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    given = table(5000, z=np.random.default_rng(0).normal(size=5000))
    parquet.write_table(given, path, write_page_checksum=True, use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[2000] ^= 0xFF
    path.write_bytes(content)
    assert "rows.parquet: cannot be read" in refused(tmp_path, "rows.parquet")


def test_a_truncated_arrow_file(tmp_path: Path) -> None:
    feather.write_feather(table(5000), tmp_path / "rows.feather")
    content = (tmp_path / "rows.feather").read_bytes()
    (tmp_path / "rows.feather").write_bytes(content[: len(content) // 2])
    assert "rows.feather: cannot be read" in refused(tmp_path, "rows.feather")


def test_a_truncated_gzip_file(tmp_path: Path) -> None:
    content = gzip.compress("\n".join(lines(5000)).encode())
    (tmp_path / "rows.csv.gz").write_bytes(content[: len(content) // 2])
    assert "rows.csv.gz: is cut off: the compressed data end after" in refused(
        tmp_path, "rows.csv.gz"
    )


def test_text_that_calls_itself_gzip(tmp_path: Path) -> None:
    (tmp_path / "rows.csv.gz").write_text("\n".join(lines(50)))
    assert "rows.csv.gz: is no gzip file" in refused(tmp_path, "rows.csv.gz")


def test_gzip_that_calls_itself_text(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(gzip.compress(b"x,y\n"))
    assert "is gzip, not UTF-8 text" in refused(tmp_path, "rows.csv")


def test_a_gzip_bomb(tmp_path: Path) -> None:
    # Eighty megabytes; a gzip file may be of several members.
    bomb = gzip.compress(b"x,y\n") + 20 * gzip.compress(b"1,0\n" * (1 << 20))
    (tmp_path / "rows.csv.gz").write_bytes(bomb)
    assert "rows.csv.gz: inflates to more than 67,108,864 bytes" in refused(tmp_path, "rows.csv.gz")


def test_a_gzip_file_may_hold_as_much_as_its_size_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflate, "FREE_BYTES", 1000)

    def read(content: bytes) -> bytes:
        stored = gzip.compress(content)
        with inflate.Inflated(io.BytesIO(stored), "rows.csv.gz", len(stored)) as stream:
            return stream.read()

    honest = np.random.default_rng(0).bytes(100_000)
    assert read(honest) == honest
    with pytest.raises(DataError, match="inflates to more than"):
        read(bytes(1 << 20))


def test_latin_1_in_the_first_block(tmp_path: Path) -> None:
    text = "x,y,town\n" + "".join(f"{row},{row % 2},Bern\n" for row in range(30))
    (tmp_path / "rows.csv").write_bytes(text.encode() + "30,0,Zürich\n".encode("latin-1"))
    assert "rows.csv: column 'town', row 31: the bytes are no UTF-8" in refused(
        tmp_path, "rows.csv"
    )


def test_latin_1_after_the_first_block(tmp_path: Path) -> None:
    text = "\n".join(f"{line},Bern" for line in lines(MANY)[1:])
    content = b"x,y,town\n" + text.encode() + "\n1,0,Zürich\n".encode("latin-1")
    (tmp_path / "rows.csv").write_bytes(content)
    assert f"column 'town', row {MANY + 1:,}: the bytes are no UTF-8" in refused(
        tmp_path, "rows.csv"
    )


def test_utf_16(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes("x,y\n1,0\n".encode("utf-16"))
    assert "rows.csv: is UTF-16, not UTF-8 text" in refused(tmp_path, "rows.csv")


def test_a_row_of_too_many_fields(tmp_path: Path) -> None:
    rows = lines(30)
    rows[12] = "1,2,3"
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    assert "rows.csv: row 12 has 3 fields, the header has 2" in refused(tmp_path, "rows.csv")


def test_a_text_among_numbers_after_the_first_block(tmp_path: Path) -> None:
    rows = lines(MANY)
    rows[MANY - 3] = "12O,1"
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    told = refused(tmp_path, "rows.csv")
    assert f"rows.csv: column 'x', row {MANY - 3:,}: '12O' is no int64" in told
    assert "set data.columns.x.type: text" in told


def test_a_value_that_is_not_of_the_declared_type(tmp_path: Path) -> None:
    rows = lines(30)
    rows[12] = "twelve,1"
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    told = refused(tmp_path, "rows.csv", columns={"x": {"type": "integer"}})
    assert "rows.csv: column 'x', row 12: 'twelve' is no int64" in told


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('x,y\n"1,0\n' + "1,0\n" * 2_000_000)
    told = refused(tmp_path, "rows.csv")
    assert "rows.csv: row 1 has 1 fields" in told
    assert "close every quote" in told


def test_a_row_without_an_end(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x,y\n1," + "0" * (9 << 20))
    assert "rows.csv: a row is longer than 4 MiB" in refused(tmp_path, "rows.csv")


def test_two_delimiters_that_fit(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x;y,z\n" + "1;0,5\n" * 20)
    assert "may be delimited by ',' or ';'" in refused(tmp_path, "rows.csv")


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_ten_thousand_columns(tmp_path: Path, name: str) -> None:
    names = ["y", *(f"x{index}" for index in range(9_999))]
    if name == "rows.csv":
        (tmp_path / name).write_text(",".join(names) + "\n" + ",".join("1" * 10_000) + "\n")
    else:
        parquet.write_table(pa.table({each: [1] for each in names}), tmp_path / name)
    told = refused(tmp_path, name)
    assert f"{name}: has 10,000 columns" in told
    assert "at most 5,000" in told


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.arrow"])
def test_a_column_name_that_occurs_twice(tmp_path: Path, name: str) -> None:
    twice = pa.table([[1], [0], [2]], names=["x", "y", "x"])
    if name == "rows.csv":
        (tmp_path / name).write_text("x,y,x\n1,0,2\n")
    elif name == "rows.parquet":
        parquet.write_table(twice, tmp_path / name)
    else:
        with ipc.new_file(tmp_path / name, twice.schema) as writer:
            writer.write_table(twice)
    assert f"{name}: column names occur more than once: x" in refused(tmp_path, name)


def test_the_first_infinite_value_of_a_column_is_recorded_for_validation(tmp_path: Path) -> None:
    values = np.arange(200_000, dtype=np.float64)
    values[[150_000, 170_000]] = -np.inf
    (tmp_path / "rows").mkdir()
    parquet.write_table(table(200_000, z=np.zeros(200_000)), tmp_path / "rows" / "a.parquet")
    parquet.write_table(table(200_000, z=values), tmp_path / "rows" / "b.parquet")
    config = DataConfig(source="rows", target="y")
    found = write_table(config, UserCode(tmp_path), tmp_path / ".written")
    assert {name: str(place) for name, place in found.infinite.items()} == {
        "z": "b.parquet, row 150,001"
    }
    with pytest.raises(DataError, match=r"b.parquet: column 'z', row 150,001: .* is infinite"):
        refuse_infinite(found)


def test_an_infinite_value_that_no_model_sees_is_none_of_our_business(tmp_path: Path) -> None:
    parquet.write_table(table(z=np.full(ROWS, np.inf)), tmp_path / "rows.parquet")
    config = DataConfig(source="rows.parquet", target="y", min_rows=10, exclude=("z",))
    found = write_table(config, UserCode(tmp_path), tmp_path / ".written")
    assert (found.rows, found.infinite) == (ROWS, {})


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (table().rename_columns(["z", "y"]), "it lacks x and has also z"),
        (table().append_column("z", [[1] * ROWS]), "it has also z"),
        (table().set_column(0, "x", [["a"] * ROWS]), "column 'x' is string here and int64 in"),
    ],
)
def test_files_of_a_folder_that_differ(tmp_path: Path, other: pa.Table, message: str) -> None:
    (tmp_path / "rows").mkdir()
    parquet.write_table(table(), tmp_path / "rows" / "a.parquet")
    parquet.write_table(other, tmp_path / "rows" / "b.parquet")
    told = refused(tmp_path, "rows")
    assert told.startswith("b.parquet: ")
    assert message in told
    assert "a.parquet" in told


def test_files_of_a_folder_of_csv_that_differ(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("x,y\n1,0\n")
    (tmp_path / "rows" / "b.csv").write_text("x,z\n1,0\n")
    assert "b.csv: its columns differ from those of a.csv: it lacks y" in refused(tmp_path, "rows")


def test_a_folder_of_several_kinds(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    parquet.write_table(table(), tmp_path / "rows" / "a.parquet")
    (tmp_path / "rows" / "b.csv").write_text("x,y\n1,0\n")
    assert "several kinds: Parquet (a.parquet), CSV (b.csv)" in refused(tmp_path, "rows")


@pytest.mark.parametrize("source", ["rows", "rows/*.parquet"])
def test_a_folder_without_a_data_file(tmp_path: Path, source: str) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "_SUCCESS").write_text("")
    assert f"{source!r} holds no data file" in refused(tmp_path, source)


def test_a_scheme_that_nobody_knows(tmp_path: Path) -> None:
    told = refused(tmp_path, "ftp://host/rows.csv")
    assert "cannot open 'ftp://host/rows.csv'" in told
    assert "s3://" in told


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    parquet.write_table(table(), tmp_path / "rows.parquet")
    (tmp_path / "rows.parquet").chmod(0o000)
    for folder in (tmp_path, *tmp_path.parents):
        # pytest's folders are its user's alone; those above are everybody's, and stay as they are.
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(0o755)
    is_root = os.geteuid() == 0
    if is_root:  # who may read everything, and so becomes somebody else
        os.seteuid(65534)
    try:
        told = refused(tmp_path, "rows.parquet")
    finally:
        if is_root:
            os.seteuid(0)
    assert "rows.parquet: may not be read: permission denied" in told


def test_a_parquet_file_that_claims_absurdly_much(tmp_path: Path) -> None:
    # A gibibyte of one byte, compressed at every level: honest, and only good to fill a memory.
    text = pa.array(["a" * (64 << 20)])
    with parquet.ParquetWriter(
        tmp_path / "rows.parquet",
        pa.schema({"x": pa.string()}),
        compression="zstd",
        use_dictionary=False,
    ) as writer:
        writer.write_table(pa.table({"x": pa.chunked_array([text] * 5)}))
    told = refused(tmp_path, "rows.parquet", target="x")
    assert "rows.parquet: column 'x' claims 335," in told


def test_one_row_that_claims_a_list_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_reader, "FREE_ROWS", 1_000_000)
    values = pa.array(np.zeros(1_000_001, np.int8))
    endless = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    parquet.write_table(pa.table({"x": endless}), tmp_path / "rows.parquet")
    assert (tmp_path / "rows.parquet").stat().st_size < 1_000
    told = refused(tmp_path, "rows.parquet", target="x")
    assert "rows.parquet: column 'x.list.element' claims 1,000,001 values" in told


def test_few_codes_that_stand_for_many_long_texts(tmp_path: Path) -> None:
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 60_000, pa.int32()), ["a" * 100_000])
    parquet.write_table(table(60_000, z=long), tmp_path / "rows.parquet", store_schema=False)
    assert (tmp_path / "rows.parquet").stat().st_size < 1 << 20
    told = refused(tmp_path, "rows.parquet")
    assert "rows.parquet: column 'z' decodes to 6,000,000,000 bytes" in told


def test_an_arrow_file_that_claims_absurdly_much(tmp_path: Path) -> None:
    honest = pa.table({"x": pa.array(np.zeros(100_000)), "y": pa.array(np.zeros(100_000))})
    options = ipc.IpcWriteOptions(compression="zstd")
    with ipc.new_file(tmp_path / "rows.arrow", honest.schema, options=options) as writer:
        writer.write_table(honest)
    content = (tmp_path / "rows.arrow").read_bytes()
    size = (800_000).to_bytes(8, "little")
    assert content.count(size) == 2
    (tmp_path / "rows.arrow").write_bytes(content.replace(size, (1 << 42).to_bytes(8, "little"), 1))
    told = refused(tmp_path, "rows.arrow")
    assert "rows.arrow: record batch 1 claims 4,398,0" in told


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("selec * from source", "Parser Error: syntax error at or near"),
        ("select * from sources", "Table with name sources does not exist"),
        ("select zz from source", 'Referenced column "zz" not found'),
        ("select * from read_csv('/etc/passwd')", "disabled"),
        ("create table t as select 1", ""),
    ],
)
def test_a_wrong_query(tmp_path: Path, query: str, message: str) -> None:
    parquet.write_table(table(), tmp_path / "rows.parquet")
    told = refused(tmp_path, "rows.parquet", query=query)
    assert told.startswith(("data.query: the query on 'rows.parquet' fails:", "data.target:"))
    assert message in told


@pytest.mark.parametrize("scheme", ["duckdb", "sqlite"])
def test_a_database_that_is_none(tmp_path: Path, scheme: str) -> None:
    source = f"{scheme}:///rows.db"
    assert f"there is no database '{source}'" in refused(tmp_path, source, query="select 1")
    (tmp_path / "rows.db").write_text("not a database, but more than a few bytes of text" * 100)
    assert "data.query: the query on" in refused(tmp_path, source, query="select * from t")
    assert "is a database, and there is no query" in refused(tmp_path, source)


def test_a_sqlite_column_that_mixes_types(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "rows.db") as connection:
        connection.execute("create table t (x, y)")
        connection.executemany("insert into t values (?, ?)", [(1, 0), (2, 1), ("three", 0)])
    told = refused(tmp_path, "sqlite:///rows.db", query="select * from t")
    assert "column 'x', row 3: 'three' is str, unlike the values before it" in told


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cut.parquet", b"PAR1", "cut.parquet: cannot be read"),
        ("wide.csv", b"at,shop,bought\n2026-01-01,a,1,7\n", "wide.csv: row 1 has 4 fields"),
        ("latin.csv", b"at,shop,bought\n2026-01-01,Z\xfcrich,1\n", "'shop', row 1: the bytes"),
        ("empty.csv", b"", "empty.csv: is empty (0 bytes)"),
    ],
)
def test_the_step_tells_it_and_its_status_says_bad_input(
    toy: ToyRun, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    data = {**toy_config()["data"], "source": str(tmp_path / name), "segments": []}
    toy.configure(toy_config(data=data))
    assert toy.step("data") == Exit.BAD_INPUT
    assert message in toy.error("data")["message"]
