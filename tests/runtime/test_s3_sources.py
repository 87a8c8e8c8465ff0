"""Sources in S3, through the wire."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from tests.aws.moto_server import make_bucket, moto_server
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.table import DataRecord, write_table
from trimaran_runtime.errors import DataError
from trimaran_runtime.user_code import UserCode

ROWS = 300
TABLE = pa.table(
    {
        "x": np.arange(ROWS),
        "y": np.arange(ROWS) % 2,
        "s": pa.array(["abc"[row % 3] for row in range(ROWS)]),
    }
)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A table as one Parquet file of several row groups, as a folder of two, and as CSV."""
    folder = tmp_path_factory.mktemp("rows")
    parquet.write_table(TABLE, folder / "whole.parquet", row_group_size=70)
    parquet.write_table(TABLE.slice(0, 100), folder / "first.parquet")
    parquet.write_table(TABLE.slice(100), folder / "second.parquet")
    csv.write_csv(TABLE, folder / "rows.csv")
    with moto_server():
        uri, s3 = make_bucket("rows"), boto3.client("s3")
        for file, key in (
            ("whole.parquet", "one/rows.parquet"),
            ("first.parquet", "two/day=1/rows.parquet"),
            ("second.parquet", "two/day=2/rows.parquet"),
            ("second.parquet", "two-more/rows.parquet"),
            ("rows.csv", "text/rows.csv"),
        ):
            s3.upload_file(str(folder / file), "rows", key)
        yield uri


def record(folder: Path, source: str, **changes: object) -> DataRecord:
    config = DataConfig.model_validate({"source": source, "target": "y", "min_rows": 10, **changes})
    return write_table(config, UserCode(folder), folder / ".written")


@pytest.mark.parametrize("source", ["one/rows.parquet", "one", "one/*.parquet", "text/rows.csv"])
def test_an_object_a_prefix_and_a_glob_are_one_table(
    bucket: str, tmp_path: Path, source: str
) -> None:
    record(tmp_path, f"{bucket}/{source}")
    assert parquet.read_table(tmp_path / ".written").equals(TABLE)


def test_folders_of_a_prefix_become_columns_and_its_neighbours_are_left_alone(
    bucket: str, tmp_path: Path
) -> None:
    found = record(tmp_path, f"{bucket}/two")
    assert (found.rows, found.columns["day"]) == (ROWS, "int64")


@pytest.mark.parametrize("key", ["one/row.parquet", "none", "none/*.parquet"])
def test_a_key_that_is_not_there(bucket: str, tmp_path: Path, key: str) -> None:
    with pytest.raises(DataError) as error:
        record(tmp_path, f"{bucket}/{key}")
    assert f"there is no data file at '{bucket}/{key}'" in str(error.value)
    assert "check the bucket, the prefix and the rights" in str(error.value)


@pytest.mark.parametrize("key", ["rows.parquet", "rows", "*.parquet"])
def test_a_bucket_that_is_not_there(bucket: str, tmp_path: Path, key: str) -> None:
    del bucket
    with pytest.raises(DataError) as error:
        record(tmp_path, f"s3://nobodys-rows/{key}")
    told = str(error.value)
    assert f"there is no bucket 'nobodys-rows', which 's3://nobodys-rows/{key}' names" in told
    assert "<" not in told


def test_a_truncated_object_is_named(bucket: str, tmp_path: Path) -> None:
    s3 = boto3.client("s3")
    content = s3.get_object(Bucket="rows", Key="one/rows.parquet")["Body"].read()
    s3.put_object(Bucket="rows", Key="cut/rows.parquet", Body=content[: len(content) // 2])
    with pytest.raises(DataError, match=r"cut/rows.parquet: cannot be read"):
        record(tmp_path, f"{bucket}/cut/rows.parquet")
