"""Spark with real executors gives the bytes that one machine gives."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.engines.conftest import BEFORE, ENGINES, NOW, code_of
from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.partitions import SCHEMA, PartitionProfiler, merge_all, merge_bytes

pytestmark = [
    pytest.mark.skipif(not (ENGINES / "pyspark").is_dir(), reason="needs `make engines`"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    pytest.mark.timeout(400),
]


def bytes_of(spark: Any, folder: Path, partitions: int, start: Profile) -> list[bytes]:
    """Profiles of the partitions of the table, read from Parquet."""
    from pyarrow import parquet

    path = folder / "before.parquet"
    if not path.exists():
        parquet.write_table(BEFORE, path, row_group_size=1_500)
    frame = spark.read.parquet(str(path)).repartition(partitions)
    parts = frame.mapInArrow(PartitionProfiler.of(start).stream, SCHEMA)
    return [bytes(row[0]) for row in parts.collect()]


def test_the_page(spark: Any, tmp_path: Path) -> None:
    from pyarrow import parquet

    frames = {}
    for name, table in (("before", BEFORE), ("now", NOW)):
        parquet.write_table(table, tmp_path / f"{name}.parquet")
        frames[name] = spark.read.parquet(str(tmp_path / f"{name}.parquet")).repartition(7)
    namespace: dict[str, Any] = dict(frames)
    exec(compile(code_of("spark"), "drift-engines.md", "exec"), namespace)
    reference = Profile.of(BEFORE, reference=namespace["start"])
    current = Profile.of(NOW, reference=reference)
    assert namespace["reference"].to_bytes() == reference.to_bytes()
    assert namespace["current"].to_bytes() == current.to_bytes()
    assert namespace["verdict"].drifted == ("amount",)


@pytest.mark.parametrize("partitions", [1, 9])
def test_any_number_of_partitions_gives_the_same_bytes(
    spark: Any, tmp_path: Path, partitions: int
) -> None:
    start = Profile.of(BEFORE.slice(0, 3_000))
    found = bytes_of(spark, tmp_path, partitions, start)
    assert len(found) == partitions
    expected = Profile.of(BEFORE, reference=start).to_bytes()
    assert merge_all(found).to_bytes() == expected
    added = spark.sparkContext.parallelize(found, partitions).treeReduce(merge_bytes, depth=3)
    assert added == expected


def test_it_ran_in_other_processes(spark: Any) -> None:
    import os

    def who(batches: Any) -> Any:
        import pyarrow as pa

        for _ in batches:
            pass
        yield pa.RecordBatch.from_pydict({"pid": [os.getpid()]})

    rows = spark.range(0, 1000, 1, 4).mapInArrow(who, "pid long").collect()
    assert os.getpid() not in {row.pid for row in rows}
