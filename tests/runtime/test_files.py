"""The files behind a source, in a fixed order, and what a query may reach."""

import sqlite3
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.files import File, local_files, partition_of
from trimaran_runtime.data.readers.arrow_files import partition_types
from trimaran_runtime.data.table import write_table
from trimaran_runtime.errors import DataError
from trimaran_runtime.user_code import UserCode


def test_files_come_in_order_and_hidden_ones_not_at_all(tmp_path: Path) -> None:
    names = ("b.csv", "a.csv", "x=1/c.csv", ".d.csv", "_e.csv", "_tmp/f.csv", "x=1/.g/h.csv")
    for name in names:
        (tmp_path / "all rows" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all rows" / name).write_text("x,y\n1,0\n")
    for source in ("all rows", "all rows/**/*.csv", f"file://{tmp_path}/all%20rows"):
        found = [(file.name, file.partition) for file in local_files(source, tmp_path)]
        assert sorted(found) == [("a.csv", {}), ("b.csv", {}), ("x=1/c.csv", {"x": "1"})]
        assert found == sorted(found)


def test_folders_name_columns_and_their_values() -> None:
    folders = ("2026", "day=7", "a%20b=x%2Fy", "shop=__HIVE_DEFAULT_PARTITION__", "=none")
    assert partition_of(folders) == {"day": "7", "a b": "x/y", "shop": None}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("1", "-2"), pa.int64()),
        (("1", None), pa.int64()),
        (("1", "x"), pa.string()),
        (("x", "1"), pa.string()),
        (("9" * 18,), pa.int64()),
        (("9" * 19,), pa.string()),
        (("1.5",), pa.string()),
    ],
)
def test_a_folders_values_are_whole_numbers_or_texts(
    values: tuple[str | None, ...], kind: pa.DataType
) -> None:
    files = [
        File(name="f", size_bytes=1, open=lambda: None, partition={"x": value}) for value in values
    ]
    assert partition_types(files) == {"x": kind}


def refused(folder: Path, source: str, query: str) -> str:
    config = DataConfig.model_validate(
        {"source": source, "query": query, "target": "y", "min_rows": 1}
    )
    with pytest.raises(DataError) as error:
        write_table(config, UserCode(folder), folder / ".written")
    return str(error.value)


def test_a_query_changes_no_database(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "rows.sqlite") as lite:
        lite.execute("CREATE TABLE t (x INTEGER, y INTEGER)")
    lite.close()
    with duckdb.connect(str(tmp_path / "rows.duckdb")) as duck:
        duck.execute("CREATE TABLE t (x INTEGER, y INTEGER)")
    insert = "INSERT INTO t VALUES (1, 0) RETURNING x, y"
    assert "readonly" in refused(tmp_path, "sqlite:///rows.sqlite", insert)
    assert "read-only" in refused(tmp_path, "duckdb:///rows.duckdb", insert)


def test_a_query_over_a_source_sees_that_source_alone(tmp_path: Path) -> None:
    for name in ("rows.csv", "others.csv"):
        (tmp_path / name).write_text("x,y\n1,0\n")
    query = f"SELECT * FROM read_csv('{tmp_path / 'others.csv'}')"
    assert "disabled" in refused(tmp_path, "rows.csv", query)
