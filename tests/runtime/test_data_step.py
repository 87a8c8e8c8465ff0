"""Reading the rows of a run: every bad source is told in a sentence that says what to do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.features import column_type, feature_names
from trimaran_runtime.data.normal_form import normalise
from trimaran_runtime.data.readers.function import as_table
from trimaran_runtime.data.source import open_source
from trimaran_runtime.data.table import write_table
from trimaran_runtime.errors import DataError, Exit
from trimaran_runtime.user_code import UserCode

ROWS = 40


def table(**columns: object) -> pd.DataFrame:
    """Forty rows with a target y and a feature x."""
    return pd.DataFrame({"x": np.arange(ROWS), "y": np.arange(ROWS) % 2, **columns})


def read(folder: Path, source: str, **changes: object) -> pa.Table:
    config = DataConfig.model_validate({"source": source, "target": "y", "min_rows": 10, **changes})
    write_table(config, UserCode(folder), folder / ".written")
    return parquet.read_table(folder / ".written")


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_files_are_read_relative_to_the_project(tmp_path: Path, name: str) -> None:
    frame = table()
    frame.to_parquet(tmp_path / name) if "parquet" in name else frame.to_csv(
        tmp_path / name, index=False
    )
    assert read(tmp_path, name).column("x").to_pylist() == list(range(ROWS))
    assert read(tmp_path, (tmp_path / name).as_uri()).num_rows == ROWS


def test_a_folder_of_parquet_files_is_one_table(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    table().to_parquet(tmp_path / "parts" / "a.parquet")
    table().to_parquet(tmp_path / "parts" / "b.parquet")
    assert read(tmp_path, "parts").num_rows == 2 * ROWS


def truncated(path: Path) -> str:
    table().to_parquet(path / "cut.parquet")
    content = (path / "cut.parquet").read_bytes()
    (path / "cut.parquet").write_bytes(content[: len(content) // 2])
    return "cut.parquet"


def ragged(path: Path) -> str:
    (path / "ragged.csv").write_text("x,y\n1,0\n2\n")
    return "ragged.csv"


def repeated(path: Path) -> str:
    lines = "\n".join("1,0,2" for _ in range(ROWS))
    (path / "twice.csv").write_text(f"x,y,x\n{lines}\n")
    return "twice.csv"


def empty(path: Path) -> str:
    (path / "empty.csv").write_text("x,y\n")
    return "empty.csv"


def few(path: Path) -> str:
    table().head(5).to_parquet(path / "few.parquet")
    return "few.parquet"


def other_kind(path: Path) -> str:
    (path / "rows.xlsx").write_text("")
    return "rows.xlsx"


def absent(path: Path) -> str:
    table().to_parquet(path / "there.parquet")
    return "not_there.parquet"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (absent, "there is no file 'not_there.parquet'"),
        (absent, "there: there.parquet"),
        (truncated, "cut.parquet: cannot be read"),
        (ragged, "ragged.csv: row 2 has 1 fields, the header has 2"),
        (repeated, "column names occur more than once: x"),
        (empty, "gave no rows"),
        (few, "gave 5 rows"),
        (other_kind, "'rows.xlsx' is of an unknown kind"),
        (lambda _: "ftp://host/rows.csv", "cannot open 'ftp://host/rows.csv'"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, make: Callable[[Path], str], message: str) -> None:
    source = make(tmp_path)
    with pytest.raises(DataError) as error:
        read(tmp_path, source)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"target": "z"}, "data.target", "column 'z' is not in the table"),
        ({"time": "departure"}, "data.time", "did you mean 'departed'?"),
        ({"id": "key"}, "data.id", "column 'key'"),
        ({"segments": ["shop"]}, "data.segments", "column 'shop'"),
        ({"exclude": ["secret"]}, "data.exclude", "column 'secret'"),
    ],
)
def test_a_named_column_that_is_absent_is_told_with_those_that_are_there(
    tmp_path: Path, changes: dict[str, object], where: str, message: str
) -> None:
    table(departed=pd.Timestamp("2026-01-01")).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DataError) as error:
        read(tmp_path, "rows.parquet", **changes)
    assert error.value.where == where
    assert message in str(error.value)
    assert "x, y, departed" in str(error.value)


def test_features_are_what_no_part_of_the_configuration_names() -> None:
    names = ["a", "y", "at", "key", "who", "memo", "late", "b"]
    config = DataConfig.model_validate(
        {
            "source": "a:b",
            "target": "y",
            "time": "at",
            "id": "key",
            "group": "who",
            "exclude": ["memo"],
            "known_later": ["late"],
        }
    )
    assert feature_names(config, names) == ["a", "b"]


@pytest.mark.parametrize(
    ("rows", "distinct", "kind"),
    [
        (99, 99, "category"),
        (100, 50, "category"),
        (100, 51, "text"),
        (30_000, 10_000, "category"),
        (30_000, 10_001, "text"),
    ],
)
def test_a_text_of_many_values_is_no_category(rows: int, distinct: int, kind: str) -> None:
    assert column_type(pa.array([f"n{row % distinct}" for row in range(rows)])) == kind


def test_a_later_table_of_a_stream_is_held_to_the_first(tmp_path: Path) -> None:
    (tmp_path / "streamed.py").write_text(
        "import pyarrow as pa\n"
        "def load():\n"
        "    yield pa.table({'x': [1.0, 2.0], 'y': [0, 1]})\n"
        "    yield pa.table({'x': ['a', 'b'], 'y': [0, 1]})\n"
    )
    with pytest.raises(DataError, match="column 'x' is string here and double in streamed:load"):
        read(tmp_path, "streamed:load")


def test_a_column_known_later_need_not_be_there(tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "rows.parquet")
    assert read(tmp_path, "rows.parquet", known_later=["refunded"]).num_rows == ROWS


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "returned NoneType, not a table"),
        ({"x": [1]}, "returned dict, not a table"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "column names occur more than once: x"),
        (pd.DataFrame({"x": [1, "a", 2.5]}), "mixes types"),
    ],
)
def test_what_is_no_table_is_refused(result: object, message: str) -> None:
    with pytest.raises(DataError) as error:
        as_table(result, "mine:load")
    assert message in str(error.value)


def test_an_arrow_table_is_taken_as_it_is() -> None:
    given = pa.table({"x": [1]})
    assert as_table(given, "mine:load") is given


def test_anything_that_speaks_arrow_is_a_table() -> None:
    class Foreign:
        """Like a polars frame: columns, and the Arrow stream."""

        columns = ("x",)

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.table({"x": [1, 2]}).__arrow_c_stream__(requested_schema)

    assert as_table(Foreign(), "mine:load").column("x").to_pylist() == [1, 2]


def test_types_become_few_and_missing_has_one_meaning() -> None:
    given = pa.table(
        {
            "small": pa.array([1, 2, None], pa.int8()),
            "single": pa.array([1.5, float("nan"), None], pa.float32()),
            "level": pa.array(["a", None, "b"]).dictionary_encode(),
            "large": pa.array(["a", "b", "c"], pa.large_string()),
            "day": pa.array([0, 1, 2], pa.date32()),
            "zoned": pa.array([0, 1, 2], pa.timestamp("s", tz="America/New_York")),
            "nothing": pa.nulls(3),
        }
    )
    made = normalise(given, "mine:load")
    assert [str(field.type) for field in made.schema] == [
        "int64",
        "double",
        "string",
        "string",
        "timestamp[us]",
        "timestamp[us]",
        "double",
    ]
    assert made.column("single").null_count == 2
    assert str(made.column("zoned")[1].as_py()) == "1970-01-01 00:00:01"


def test_a_column_no_model_takes_is_named() -> None:
    with pytest.raises(DataError, match="column 'tags' is of type list"):
        normalise(pa.table({"tags": [["a"], ["b"]]}), "mine:load")


@pytest.mark.parametrize("query", [None, "SELECT x, y, tags FROM source"])
def test_a_column_no_model_takes_is_refused_before_a_row_is_read(
    tmp_path: Path, query: str | None
) -> None:
    parquet.write_table(
        pa.Table.from_pandas(table(tags=[[1.0, 2.0]] * ROWS)), tmp_path / "rows.parquet"
    )
    with pytest.raises(DataError, match=r"rows.parquet: column 'tags' is of type list") as told:
        read(tmp_path, "rows.parquet", query=query)
    assert "no model takes" in told.value.what
    assert not (tmp_path / ".written").exists()


def test_a_part_of_the_columns_has_the_rows_of_the_whole(tmp_path: Path) -> None:
    given = pa.Table.from_pandas(table(part=["a"] * ROWS))
    parquet.write_table(given, tmp_path / "rows.parquet", row_group_size=7)
    feather.write_feather(given, tmp_path / "rows.arrow", chunksize=9)
    csv.write_csv(given, tmp_path / "rows.csv")
    (tmp_path / "k=1").mkdir()
    parquet.write_table(given, tmp_path / "k=1" / "rows.parquet")
    for source in ("rows.parquet", "rows.arrow", "rows.csv", "k=1"):
        config = DataConfig(source=source, target="y")
        rows = open_source(config, UserCode(tmp_path)).only(["part", "x", "none"])
        found = pa.concat_tables(chunk.table for chunk in rows.chunks())
        assert list(rows.types) == found.column_names == ["x", "part"]
        assert found.to_pylist() == given.select(["x", "part"]).to_pylist()


def test_the_record_says_what_was_read(toy: ToyRun) -> None:
    toy.configure(toy_config())
    assert toy.step("data") == Exit.OK
    record = toy.output("table/data.json")
    assert record["rows"] == 6000
    assert record["columns"]["bought"] == "bool"
    assert record["fingerprint"].startswith("sha256:")
    written = parquet.read_table(toy.work / "table" / "table.parquet")
    assert sorted(written.column_names) == list(record["columns"])


def test_the_split_step_records_the_classes_of_each_split(toy: ToyRun) -> None:
    toy.configure(toy_config())
    assert toy.steps("data", "data") == toy.step("split") == Exit.OK
    record = toy.output("splits/split.json")
    for name, rows in record["rows"].items():
        assert sum(record["classes"][name].values()) == rows
        written = parquet.read_table(toy.work / "splits" / f"{name}.parquet")
        assert written.num_rows == rows
        assert set(record["classes"][name]) == {"False", "True"}
    assert record["dropped"] == {}
