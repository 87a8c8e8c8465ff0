"""Predictions on Spark's executors are those of a batch job on one machine."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from tests.docs.pages import BLOCKS, ROOT
from tests.engines.conftest import ENGINES
from tests.serving.batch_case import rows
from tests.serving.releases import new_store, publish, publish_misbehaving, regressor, table
from trimaran_runtime.serving.batch.job import BatchJob
from trimaran_runtime.serving.batch.scorer import OnBadRow
from trimaran_runtime.serving.batch.spark import FramePredictor
from trimaran_runtime.serving.batch.stored_code import StoredReleaseWithCode
from trimaran_runtime.storage.store import Store

pytestmark = [
    pytest.mark.skipif(not (ENGINES / "pyspark").is_dir(), reason="needs `make engines`"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    pytest.mark.timeout(400),
]
PAGE = ROOT / "docs" / "batch.md"
ROWS = 3_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return new_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def tree(store: Store) -> str:
    """A release whose answers do not depend on which rows share a call."""
    frame = table()
    columns = make_column_transformer(("passthrough", ["stops", "distance"]))
    model = make_pipeline(columns, DecisionTreeClassifier()).fit(frame, frame["distance"] > 900)
    return publish(store, 601, model=model, trusted=("sklearn.tree._tree.Tree",))


def alone(store: Store, release: str, folder: Path, given: pa.Table, **options: Any) -> pa.Table:
    """What a job on one machine writes."""
    parquet.write_table(given, folder / "alone.parquet")
    BatchJob(
        source=StoredReleaseWithCode(store.uri, release),
        input=str(folder / "alone.parquet"),
        output=str(folder / "predicted.parquet"),
        keep=("id",),
        **options,
    ).run()
    return parquet.read_table(folder / "predicted.parquet")


def spread(spark: Any, folder: Path, given: pa.Table, partitions: int) -> Any:
    """The rows as a data frame, in partitions and in another order of columns."""
    path = folder / "spread.parquet"
    parquet.write_table(given.select(given.column_names[::-1]), path, row_group_size=500)
    return spark.read.parquet(str(path)).repartition(partitions)


def collected(frame: Any) -> pa.Table:
    """The rows of a data frame in the order of their ids."""
    return frame.toArrow().sort_by("id")


@pytest.mark.parametrize("partitions", [1, 5])
def test_the_bits_are_those_of_one_machine(
    spark: Any, store: Store, tree: str, tmp_path: Path, partitions: int
) -> None:
    given = rows(ROWS)
    expected = alone(store, tree, tmp_path, given, every_class=True)
    predictor = FramePredictor(
        store_uri=store.uri, release_id=tree, keep=("id",), every_class=True, rows_per_batch=512
    )
    found = collected(predictor.predict(spread(spark, tmp_path, given, partitions)))
    assert found.column_names == expected.column_names
    assert found.to_pylist() == expected.to_pylist()


@pytest.mark.parametrize("make", [None, regressor])
def test_a_matrix_product_may_round_the_last_bits_otherwise(
    spark: Any, store: Store, tmp_path: Path, make: Callable[[], Any] | None
) -> None:
    changes = {} if make is None else {"model": make(), "task": "regression", "classes": ()}
    release = publish(store, 602, **changes)
    given = rows(ROWS)
    expected = alone(store, release, tmp_path, given)
    predictor = FramePredictor(store_uri=store.uri, release_id=release, keep=("id",))
    found = collected(predictor.predict(spread(spark, tmp_path, given, 5)))
    name = expected.column_names[-1]
    one, other = np.array(found[name]), np.array(expected[name])
    np.testing.assert_array_max_ulp(one, other, maxulp=4)


def test_refused_rows_can_be_null(spark: Any, store: Store, tree: str, tmp_path: Path) -> None:
    given = rows(ROWS)
    gone = np.zeros(ROWS, dtype=bool)
    gone[[7, 1_500]] = True
    stops = pa.array(given["stops"].to_numpy(), mask=gone)
    given = given.set_column(2, "stops", stops)
    predictor = FramePredictor(
        store_uri=store.uri, release_id=tree, keep=("id",), on_bad_row=OnBadRow.null
    )
    found = collected(predictor.predict(spread(spark, tmp_path, given, 5)))
    assert found["label"].is_null().to_pylist() == gone.tolist()
    expected = alone(store, tree, tmp_path, given, on_bad_row=OnBadRow.null)
    assert found.to_pylist() == expected.to_pylist()


def test_a_refused_row_ends_the_job_with_the_column_named(
    spark: Any, store: Store, tree: str, tmp_path: Path
) -> None:
    stops = pa.nulls(ROWS, pa.int64())
    frame = spread(spark, tmp_path, rows(ROWS).set_column(2, "stops", stops), 2)
    predictor = FramePredictor(store_uri=store.uri, release_id=tree)
    with pytest.raises(Exception, match="column 'stops', row 1: the model does not take a missing"):
        predictor.predict(frame).collect()


def test_the_users_own_class_comes_with_the_release(
    spark: Any, store: Store, tmp_path: Path
) -> None:
    release = publish_misbehaving(store, "fine", marker=603)
    predictor = FramePredictor(store_uri=store.uri, release_id=release, keep=("id",))
    found = predictor.predict(spread(spark, tmp_path, rows(100), 2)).toArrow()
    assert found["probability"].to_pylist() == [0.75] * 100


def test_the_page(spark: Any, store: Store, tree: str, tmp_path: Path) -> None:
    named = "tests/engines/test_spark_batch.py::test_the_page"
    (block,) = [block for block in BLOCKS if block.page == PAGE and block.held_by == named]
    given = rows(ROWS)
    namespace: dict[str, Any] = {
        "store": store.uri,
        "release": tree,
        "frame": spread(spark, tmp_path, given, 3),
        "folder": str(tmp_path / "predictions"),
    }
    exec(compile(block.text, "batch.md", "exec"), namespace)
    found = collected(spark.read.parquet(namespace["folder"]))
    assert found.to_pylist() == alone(store, tree, tmp_path, given).to_pylist()
