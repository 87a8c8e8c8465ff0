"""Spark, Dask and Ray, when `make engines` has installed them beside the locked packages."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.docs.pages import BLOCKS, ROOT
from trimaran_runtime.drift import Profile

ENGINES = Path(sys.prefix) / "engines"
PAGE = ROOT / "docs" / "drift-engines.md"


@pytest.fixture(scope="session", autouse=True)
def _engines() -> Iterator[None]:
    """Put them last on the path, here and in their workers: what is locked comes first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(ENGINES)])
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ENGINES)]))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        yield


MASTERS = ("local[2]", "local-cluster[2,1,1024]")
"""Two Python workers of one JVM; two executors that are processes of their own."""


@pytest.fixture(scope="module", params=MASTERS)
def spark(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A Spark session that reaches nothing beyond this machine."""
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    options = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": str(folder),
        "spark.local.dir": str(folder),
        "spark.executor.memory": "1g",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "777",
    }
    builder = SparkSession.builder.master(request.param).appName("trimaran")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def rows_of(count: int, seed: int, *, shift: float = 0.0) -> pa.Table:
    """Rows of every kind that the engines carry."""
    draw = np.random.default_rng(seed)
    amount = draw.lognormal(3, 1, count) + 10 * shift
    amount[draw.random(count) < 0.01] = np.inf
    gone = draw.random(count) < 0.05
    return pa.table(
        {
            "amount": pa.array(amount, mask=gone),
            "whole": draw.integers(-(2**40), 2**40, count),
            "small": draw.integers(0, 9, count).astype(np.int32),
            "single": draw.normal(0, 1, count).astype(np.float32),
            "level": draw.choice(["de", "fr", "it", "é\u0000x"], count).tolist(),
            "flag": draw.random(count) < 0.3,
        }
    )


BEFORE, NOW = rows_of(20_000, 1), rows_of(12_000, 2, shift=1)


def code_of(engine: str) -> str:
    """The code of the page that runs on an engine."""
    named = f"tests/engines/test_{engine}.py::test_the_page"
    (block,) = [block for block in BLOCKS if block.page == PAGE and block.held_by == named]
    return block.text


def started() -> Profile:
    """What a reference begins with."""
    return Profile.of(BEFORE.slice(0, 5_000))
