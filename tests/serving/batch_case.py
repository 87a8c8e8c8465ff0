"""Rows for batch jobs, as files and as requests; and how a job is run."""

import json
import math
import sys
import types
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, ipc, parquet

from tests.serving.releases import FEATURES, publish
from trimaran_runtime.serving.batch.__main__ import main
from trimaran_runtime.storage.store import Store

SEEING = """
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin


class Seeing(RegressorMixin, BaseEstimator):
    def fit(self, frame, target):
        return self

    def predict(self, frame):
        typed = frame.assign(types=" ".join(map(str, [*frame.columns, *frame.dtypes])))
        return (pd.util.hash_pandas_object(typed, index=False).to_numpy() >> 12).astype(float)
"""
"""User code whose model answers a digest of each row, with names and types of its columns."""


def publish_seeing(store: Store) -> str:
    """A release that answers otherwise where a model is handed anything else."""
    module = types.ModuleType("misbehaving")
    sys.modules["misbehaving"] = module
    exec(SEEING.replace("Seeing", "Misbehaving"), module.__dict__)
    return publish(
        store,
        marker=500,
        model=module.Misbehaving().fit(None, None),
        task="regression",
        classes=(),
        code=SEEING.replace("Seeing", "Misbehaving"),
        trusted=("misbehaving.Misbehaving",),
    )


def rows(count: int, seed: int = 0) -> pa.Table:
    """Rows of the releases' signature behind an id, with missing values where they may be."""
    draw = np.random.default_rng(seed)
    distance = draw.normal(500, 100, count)
    seconds = draw.integers(0, 10**9, count)
    return pa.table(
        {
            "id": pa.array([f"{number:05d}" for number in range(count)]),
            "distance": pa.array(distance, mask=draw.random(count) < 0.1),
            "stops": draw.integers(0, 4, count),
            "carrier": pa.array(draw.choice(["AA", "B6", "é,\n"], count).tolist()),
            "weekend": draw.random(count) < 0.3,
            "departs": pa.array(seconds.astype("datetime64[s]").astype("datetime64[us]")),
        }
    )


def write(table: pa.Table, path: Path) -> Path:
    """A file in the kind that its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".csv":
            csv.write_csv(table, path)
        case ".arrow":
            with ipc.new_file(path, table.schema) as writer:
                writer.write_table(table)
        case _:
            parquet.write_table(table, path, row_group_size=50)
    return path


def request(table: pa.Table) -> list[dict[str, Any]]:
    """The same rows as a request spells them."""
    names = [feature.name for feature in FEATURES]
    return [{n: spelled(v) for n, v in row.items()} for row in table.select(names).to_pylist()]


def spelled(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return None if isinstance(value, float) and math.isnan(value) else value


@dataclass(frozen=True, slots=True)
class Done:
    """A job that ended."""

    code: int
    out: str
    err: str
    path: Path

    @property
    def table(self) -> pa.Table:
        """What it wrote."""
        return parquet.read_table(self.path)

    @property
    def manifest(self) -> Any:
        """What it wrote of it."""
        return json.loads(self.path.with_name(f"_{self.path.name}.manifest.json").read_bytes())


@dataclass(frozen=True, slots=True)
class Batch:
    """Runs jobs in this process.

    Attributes:
        folder: of the output.
    """

    store: Store
    release: str
    folder: Path
    capture: pytest.CaptureFixture[str]
    log: pytest.LogCaptureFixture

    def __call__(
        self, source: Path | str, *options: str, output: str = "out.parquet", release: str = ""
    ) -> Done:
        """Predict the rows of a source into a file of the folder."""
        return self.to(str(self.folder / output), source, *options, release=release)

    def to(self, output: str, source: Path | str, *options: str, release: str = "") -> Done:
        """Predict the rows of a source."""
        named = {
            "store": self.store.uri,
            "release": release or self.release,
            "input": source,
            "output": output,
        }
        self.log.clear()
        code = main([*(f"--{name}={value}" for name, value in named.items()), *options])
        return Done(code, self.capture.readouterr().out, self.log.text, Path(output))
