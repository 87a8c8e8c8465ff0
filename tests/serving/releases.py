"""Releases for the serving tests: tiny models in a real store."""

import io
import sys
import tarfile
import textwrap
import types
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import skops.io
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from trimaran_runtime.explain.explanation import Explanation, Method, Permutation, Scale
from trimaran_runtime.lowering.file import dump
from trimaran_runtime.lowering.lower import lower, numpy_answer
from trimaran_runtime.lowering.record import LOWERED_ROLE
from trimaran_runtime.registry.channels import Channel, current, move
from trimaran_runtime.registry.release import (
    Feature,
    File,
    Lineage,
    ModelFile,
    Release,
    Signature,
    Verdict,
    write_release,
)
from trimaran_runtime.registry.serving_files import EXPLANATION_ROLE
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.storage.store import Store

FEATURES = (
    Feature(name="distance", type="number", nullable=True, example=500.0),
    Feature(name="stops", type="integer", nullable=False, example=1),
    Feature(name="carrier", type="category", nullable=True, example="AA"),
    Feature(name="weekend", type="boolean", nullable=False, example=False),
    Feature(name="departs", type="timestamp", nullable=False, example="2013-01-05T08:00:00"),
)
ROW: dict[str, Any] = {feature.name: feature.example for feature in FEATURES}

MISBEHAVING = textwrap.dedent(
    '''
    """User code whose model misbehaves on request: `stops` above 100 sets it off."""

    import os
    import time

    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin


    class Misbehaving(ClassifierMixin, BaseEstimator):
        def __init__(self, kind="fine", always=False):
            self.kind = kind
            self.always = always

        def fit(self, frame, target):
            self.classes_ = np.array([False, True])
            return self

        def predict_proba(self, frame):
            if self.always or (frame["stops"] > 100).any():
                if self.kind == "exit":
                    os._exit(7)
                if self.kind == "raise":
                    raise ValueError("secret inside of the model")
                if self.kind == "sleep":
                    time.sleep(0.3)
                if self.kind == "nan":
                    return np.full((len(frame), 2), np.nan)
            return np.tile([0.25, 0.75], (len(frame), 1))

        def predict(self, frame):
            return self.predict_proba(frame)[:, 1] > 0.5
    '''
)


def new_store(path: Any) -> Store:
    return Store.open_directory(path, create=True)


def table() -> pd.DataFrame:
    rows = [
        {**ROW, "distance": 100.0 * i, "stops": i % 3, "carrier": "AA" if i % 2 else "B6"}
        for i in range(20)
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(departs=pd.to_datetime(frame["departs"]).astype("datetime64[us]"))


def classifier() -> BaseEstimator:
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["carrier"]), ("passthrough", ["stops"])
    )
    frame = table()
    return make_pipeline(columns, LogisticRegression()).fit(frame, frame["distance"] > 900)


def regressor() -> BaseEstimator:
    columns = make_column_transformer(("passthrough", ["stops"]))
    frame = table()
    return make_pipeline(columns, LinearRegression()).fit(frame, frame["distance"])


def publish(
    store: Store,
    marker: int = 0,
    *,
    model: BaseEstimator | None = None,
    task: str = "classification",
    classes: tuple[Any, ...] = (False, True),
    code: str = "",
    trusted: tuple[str, ...] = (),
    lowered: bool = False,
    answer: Any = numpy_answer,
    features: tuple[Feature, ...] = FEATURES,
    target: str = "late",
    reference: Mapping[str, Sequence[Any]] | None = None,
) -> str:
    """Write a release; `marker` makes its id differ. Returns the full id.

    With a `reference`, values by column, it can explain its answers.
    """
    model = classifier() if model is None else model
    content = skops.io.dumps(model)
    signature = Signature(features=features, target=target, task=task, classes=classes)
    release = Release(
        model_name="flights",
        model=ModelFile(
            format="skops",
            file=put(store, content),
            trusted_types=trusted,
        ),
        signature=signature,
        verdict=Verdict(accepted=True, metric="roc_auc", value=0.7, interval=(0.6, 0.8), checks=()),
        metrics={"roc_auc": 0.7},
        lineage=Lineage(
            config="sha256:0",
            code=store.put_blob(bundle(code)),
            data="sha256:0",
            environment="sha256:0",
            rows={"train": 20},
            parameters={"marker": marker},
            seed=0,
        ),
        files=_files(store, model if lowered else None, signature, reference, answer),
    )
    return write_release(store, release)


def _files(
    store: Store,
    lowered: BaseEstimator | None,
    signature: Signature,
    reference: Mapping[str, Sequence[Any]] | None,
    answer: Any,
) -> dict[str, File]:
    files = {}
    if lowered is not None:
        files[LOWERED_ROLE] = put(store, dump(lower(lowered, signature, answer)))
    if reference is not None:
        explanation = Explanation(
            method=Method.linear,
            why="as the step evaluate writes it",
            scale=Scale.value,
            outputs=(),
            base=(),
            rows=0,
            importances=(),
            permutation=Permutation(metric="roc_auc", rows=0, repeats=2, losses=()),
            examples=(),
            seed=0,
            reference={name: tuple(values) for name, values in reference.items()},
        )
        content = canonical_json(explanation.model_dump(mode="json"))
        files[EXPLANATION_ROLE] = put(store, content)
    return files


def put(store: Store, content: bytes) -> File:
    return File(digest=store.put_blob(content), size_bytes=len(content))


def publish_misbehaving(store: Store, kind: str, *, always: bool = False, marker: int = 0) -> str:
    """A release whose model does something bad."""
    module = types.ModuleType("misbehaving")
    sys.modules["misbehaving"] = module
    exec(MISBEHAVING, module.__dict__)
    model = module.Misbehaving(kind=kind, always=always).fit(None, None)
    return publish(
        store, marker, model=model, code=MISBEHAVING, trusted=("misbehaving.Misbehaving",)
    )


def bundle(code: str) -> bytes:
    """The code bundle: a tar.gz, here of one module at most."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        if code:
            content = code.encode()
            member = tarfile.TarInfo("misbehaving.py")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def promote(store: Store, release_id: str) -> None:
    """Point production at a release."""
    now = current(store, Channel.production)
    move(store, Channel.production, release_id, expected=now.release if now else None, why="test")
