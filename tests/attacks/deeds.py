"""What an attacker, or a torn pipeline, does to the files of a run."""

import json
import pickle
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.attacks.case import Deed
from tests.runtime.toy_run import ToyRun


class Opener:
    """Of a type that no configuration names."""


def split_of(run: ToyRun, name: str) -> pa.Table:
    return pq.read_table(run.work / "splits" / f"{name}.parquet")


def write_split(run: ToyRun, name: str, table: pa.Table) -> None:
    pq.write_table(table, run.work / "splits" / f"{name}.parquet")


def measured_on_train(run: ToyRun) -> None:
    """The test rows are the training rows."""
    write_split(run, "test", split_of(run, "train"))


def train_among_test(run: ToyRun) -> None:
    """A twentieth of the test rows are training rows."""
    test, train = split_of(run, "test"), split_of(run, "train")
    write_split(run, "test", pa.concat_tables([test, train.slice(0, test.num_rows // 20)]))


def test_among_train(run: ToyRun) -> None:
    """Every test row is trained on."""
    write_split(run, "train", pa.concat_tables([split_of(run, "train"), split_of(run, "test")]))


def exchanged(run: ToyRun) -> None:
    """A hundred rows of train and of test change places: of groups, and of times."""
    train, test = split_of(run, "train"), split_of(run, "test")
    write_split(run, "train", pa.concat_tables([train.slice(100), test.slice(0, 100)]))
    write_split(run, "test", pa.concat_tables([test.slice(100), train.slice(0, 100)]))


def without_the_west(run: ToyRun) -> None:
    """The test rows of one region are left out."""
    keep = np.array(split_of(run, "test").column("region").to_pylist()) != "west"
    write_split(run, "test", split_of(run, "test").filter(pa.array(keep)))


def edited(path: str, change: Callable[[Any], None]) -> Deed:
    """A JSON file of the run, changed in place."""

    def deed(run: ToyRun) -> None:
        document = run.output(path)
        change(document)
        (run.work / path).write_text(json.dumps(document))

    return deed


def put(path: str, **values: Any) -> Deed:
    """Values of a JSON file of the run, replaced."""
    return edited(path, lambda document: document.update(values))


def accepts(document: Any) -> None:
    """A verdict in which every check has passed."""
    document["accepted"] = True
    for check in document["checks"]:
        check["passed"] = True


def other_champion_rows(document: Any) -> None:
    document["champion"]["held_out"] = "sha256:" + "0" * 64


def flattered(document: Any) -> None:
    """An evaluation with a gain that nobody measured."""
    document["champion"]["gain"] = {"value": 0.2, "standard_error": 0.001}


def model_pickled(run: ToyRun) -> None:
    """The model file is a pickle."""
    (run.work / "model" / "model.skops").write_bytes(pickle.dumps({"model": "any code at all"}))


def model_truncated(run: ToyRun) -> None:
    path = run.work / "model" / "model.skops"
    path.write_bytes(path.read_bytes()[:-200])


def model_of_other_types(run: ToyRun) -> None:
    """The model file builds a type that nobody named."""
    import skops.io

    content = skops.io.dumps(Opener())
    (run.work / "model" / "model.skops").write_bytes(content)


def other_model(run: ToyRun) -> None:
    """The model file is another than the one that was measured: here the same with a comment."""
    path = run.work / "model" / "model.skops"
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"measured yesterday"
