"""A lowered model answers as the original does, and its file is data that can be checked."""

import itertools
import struct
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, PolynomialFeatures, RobustScaler

from trimaran_runtime.data.config import Task
from trimaran_runtime.errors import Corrupted
from trimaran_runtime.lowering.answer import Linear, Trees
from trimaran_runtime.lowering.boundaries import boundary_rows
from trimaran_runtime.lowering.file import dump, load
from trimaran_runtime.lowering.from_steps import CannotLower
from trimaran_runtime.lowering.lower import lower
from trimaran_runtime.lowering.lowered import Lowered
from trimaran_runtime.lowering.prove import Differs, Parity, prove
from trimaran_runtime.registry.release import Feature, Signature
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.lowered_predictor import LoweredPredictor
from trimaran_runtime.serving.predictor import Predictor
from trimaran_runtime.training.learner.portfolio import LEARNERS, Ask
from trimaran_runtime.training.learner.preparation import Columns

ROWS = 600
FEATURES = (
    Feature(name="distance", type="number", nullable=True),
    Feature(name="stops", type="integer", nullable=False),
    Feature(name="carrier", type="category", nullable=True),
    Feature(name="departs", type="timestamp", nullable=True),
    Feature(name="weekend", type="boolean", nullable=False),
    Feature(name="origin", type="category", nullable=False),
)
COLUMNS = Columns(
    numbers=("distance", "stops", "weekend"), categories=("carrier", "origin"), times=("departs",)
)


def time(days: float) -> datetime:
    """So many days after 1970, without a zone, as the server hands times to a model."""
    return datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(days=days)


ODD: tuple[tuple[Any, ...], ...] = (
    (None, float("nan"), float("inf"), 0.0, -0.0, 5e-324, 1e30, -1e30),
    (-(2**63), 2**63 - 1, 0, 2**53 + 1),
    (None, "never seen", "", "a", "nan"),
    (None, time(-719_162), time(2_932_896), time(0)),
    (True, False),
    ("never seen", "k1", ""),
)
PREPARED = make_column_transformer(
    (make_pipeline(SimpleImputer(add_indicator=True), RobustScaler()), ["distance", "stops"]),
    (OneHotEncoder(drop="first", handle_unknown="ignore", min_frequency=40), ["carrier"]),
    (MinMaxScaler(clip=True), ["weekend"]),
    remainder="drop",
)
MODELS = {
    "logistic": LogisticRegression(),
    "ridge": Ridge(),
    "poisson": PoissonRegressor(),
    "forest": RandomForestClassifier(20, random_state=0),
    "gradient": GradientBoostingClassifier(n_estimators=20, random_state=0),
}


def by_column() -> list[list[Any]]:
    rng = np.random.default_rng(0)
    minutes = rng.integers(0, 10**6, ROWS).tolist()

    def holed(values: list[Any], share: float) -> list[Any]:
        return [None if rng.random() < share else value for value in values]

    return [
        holed(rng.normal(size=ROWS).tolist(), 0.05),
        rng.integers(0, 20, ROWS).tolist(),
        holed(rng.choice(list("abcdefg"), ROWS).tolist(), 0.1),
        holed([time(18_262 + m / 1440) for m in minutes], 0.03),
        (rng.random(ROWS) < 0.5).tolist(),
        [f"k{k}" for k in rng.geometric(0.1, ROWS)],
    ]


def odd_rows() -> list[list[Any]]:
    longest = max(map(len, ODD))
    rows = [[column[i % len(column)] for i in range(longest)] for column in ODD]
    pairs = list(itertools.product(*(column[:3] for column in ODD)))
    return [
        [*column, *values] for column, values in zip(rows, zip(*pairs, strict=True), strict=True)
    ]


def frame(values: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame({f.name: Column(f).array(v) for f, v in zip(FEATURES, values, strict=True)})


VALUES = by_column()
FRAME = frame(VALUES)
SCORE = (
    np.nan_to_num(FRAME["distance"].to_numpy())
    + FRAME["stops"].to_numpy() / 10
    + np.random.default_rng(1).normal(size=ROWS)
)


def signature(classes: int) -> Signature:
    return Signature(
        features=FEATURES,
        target="late",
        task="classification" if classes else "regression",
        classes=tuple(range(classes)),
    )


def target(classes: int) -> Any:
    cuts = np.quantile(SCORE, np.arange(1, classes) / classes)
    return np.digitize(SCORE, cuts) if classes else np.exp(SCORE)


def answers(model: Any, classes: int, values: list[list[Any]]) -> Any:
    asked = frame(values)
    return model.predict_proba(asked) if classes else model.predict(asked).reshape(-1, 1)


def learnt(name: str, classes: int) -> Any:
    task = Task.classification if classes else Task.regression
    learner = LEARNERS[name]
    built = learner.build(Ask(columns=COLUMNS, task=task, seed=0), learner.first)
    shortened = {"boosting": {"max_iter": 30}, "extra_trees": {"n_estimators": 20}}
    built[-1].set_params(**shortened.get(name, {}))
    return built.fit(FRAME, target(classes))


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("name", list(LEARNERS))
def test_every_built_in_learner_answers_the_same_lowered_also_for_odd_values(
    name: str, classes: int
) -> None:
    model = learnt(name, classes)
    lowered = load(dump(lower(model, signature(classes))))
    for values in (VALUES, odd_rows()):
        np.testing.assert_allclose(
            lowered.predict(values), answers(model, classes, values), rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize("name", list(MODELS))
def test_a_pipeline_of_the_users_answers_the_same_lowered(name: str) -> None:
    classes = 3 if hasattr(MODELS[name], "predict_proba") else 0
    model = make_pipeline(PREPARED, MODELS[name]).fit(FRAME, target(classes))
    lowered = lower(model, signature(classes))
    np.testing.assert_allclose(
        lowered.predict(VALUES), answers(model, classes, VALUES), rtol=1e-9, atol=1e-12
    )


def test_what_the_original_refuses_the_lowered_form_refuses() -> None:
    model = make_pipeline(PREPARED, LogisticRegression()).fit(FRAME, target(2))
    trees = learnt("extra_trees", 2)
    for refusing, value in ((model, float("inf")), (trees, 1e300)):
        row = [column[:1] for column in VALUES]
        row[0] = [value]
        for ask in (lower(refusing, signature(2)).predict, partial(answers, refusing, 2)):
            with pytest.raises(ValueError, match="infin"):
                ask(row)


@pytest.mark.parametrize("name", ["linear", "boosting", "extra_trees"])
def test_values_at_and_beside_every_threshold_go_the_same_way(name: str) -> None:
    model = learnt(name, 2)
    lowered = lower(model, signature(2))
    forest = lowered.answer.forest if isinstance(lowered.answer, Trees) else None
    cuts = np.unique(forest.threshold)[:300] if forest is not None else np.array([0.0])
    near = np.concatenate([cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf)])
    rows = [(column * (len(near) // ROWS + 1))[: len(near)] for column in VALUES]
    rows[0] = near.tolist()
    np.testing.assert_allclose(
        lowered.predict(rows), answers(model, 2, rows), rtol=1e-9, atol=1e-12
    )


THREE = tuple(Feature(name=name, type="number", nullable=False) for name in "abc")
SPLITTING = {
    "boosting": (HistGradientBoostingClassifier(max_iter=10, random_state=0), np.float64),
    # Its trees round what they compare to float32.
    "extra trees": (ExtraTreesClassifier(10, random_state=0), np.float32),
}


@pytest.mark.parametrize("name", SPLITTING)
def test_a_single_threshold_that_is_off_by_the_least_is_found(name: str) -> None:
    model, precision = SPLITTING[name]
    draw = np.random.default_rng(0)
    table = pd.DataFrame(draw.normal(size=(ROWS, 3)), columns=list("abc"))
    model.fit(table, draw.random(ROWS) < 0.5)
    taken = Signature(features=THREE, target="y", task=Task.classification, classes=(False, True))
    original = Predictor(model, taken, [Column(f) for f in THREE]).predict
    values = [table[name].tolist() for name in "abc"]
    right = lower(model, taken)

    def proven(form: Lowered) -> Parity:
        ours = LoweredPredictor(form, taken).predict
        return prove(original, ours, taken, values, boundary_rows(form, THREE, values))

    assert proven(right).max_difference < 1e-12
    assert isinstance(right.answer, Trees)
    forest = right.answer.forest
    # Splits into two leaves: elsewhere both sides may have the same answer for a row.
    leaf = forest.feature < 0
    last = np.flatnonzero(~leaf & leaf[forest.left] & leaf[forest.right])
    for node in last[:: len(last) // 10]:
        threshold = forest.threshold.copy()
        for _ in range(2):  # the first step may stay between the same two values of the input
            threshold[node] = np.nextafter(precision(threshold[node]), precision(-np.inf))
        with pytest.raises(Differs):
            proven(with_thresholds(right, threshold))


def with_thresholds(form: Lowered, threshold: Any) -> Lowered:
    assert isinstance(form.answer, Trees)
    forest = replace(form.answer.forest, threshold=threshold)
    return replace(form, answer=replace(form.answer, forest=forest))


def test_one_row_and_many_rows_have_the_same_answers_of_trees() -> None:
    lowered = lower(learnt("boosting", 2), signature(2))
    alone = [lowered.predict([column[i : i + 1] for column in VALUES]) for i in range(200)]
    together = lowered.predict([column[:200] for column in VALUES])
    assert np.concatenate(alone).tolist() == together.tolist()


def test_what_has_no_lowered_form_is_told() -> None:
    other = make_pipeline(PREPARED, PolynomialFeatures(), LogisticRegression())
    with pytest.raises(CannotLower, match="PolynomialFeatures has no lowered form"):
        lower(other.fit(FRAME, target(2)), signature(2))


def test_a_class_of_the_users_is_not_the_one_it_is_derived_from() -> None:
    class Mine(LogisticRegression):
        def predict_proba(self, rows: Any) -> Any:
            return 1 - super().predict_proba(rows)

    with pytest.raises(CannotLower, match="Mine"):
        lower(make_pipeline(PREPARED, Mine()).fit(FRAME, target(2)), signature(2))


LINEAR = lower(learnt("linear", 2), signature(2))
FILE = dump(LINEAR)


def test_a_file_holds_the_model_and_is_the_same_for_the_same_model() -> None:
    assert dump(load(FILE)) == FILE
    assert dump(lower(learnt("linear", 2), signature(2))) == FILE


def test_another_coefficient_is_another_file() -> None:
    assert isinstance(LINEAR.answer, Linear)
    moved = LINEAR.answer.coefficients.copy()
    moved[0, 0] = np.nextafter(moved[0, 0], np.inf)
    other = replace(LINEAR, answer=replace(LINEAR.answer, coefficients=moved))
    assert dump(other) != FILE


@given(st.data())
def test_a_damaged_file_is_refused_or_read_never_worse(data: st.DataObject) -> None:
    damaged = bytearray(FILE)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(FILE) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(FILE)))])
    for content in (bytes(damaged), cut):
        try:
            assert isinstance(load(content), Lowered)
        except Corrupted as refusal:
            assert "cannot be read" in str(refusal)  # noqa: PT017 - both ends are allowed


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
    ],
)
def test_no_file_of_a_model_is_refused(content: bytes) -> None:
    with pytest.raises(Corrupted, match="cannot be read"):
        load(content)


def test_trees_that_run_in_circles_are_refused() -> None:
    lowered = lower(learnt("boosting", 2), signature(2))
    assert isinstance(lowered.answer, Trees)
    forest = lowered.answer.forest
    with pytest.raises(ValueError, match="not below it"):
        replace(forest, left=np.zeros_like(forest.left))


def test_reading_a_file_and_answering_load_none_of_the_heavy_libraries(tmp_path: Any) -> None:
    (tmp_path / "model").write_bytes(FILE)
    code = (
        "import sys; from pathlib import Path; from trimaran_runtime.lowering.file import load; "
        "from datetime import UTC, datetime; "
        "load(Path(sys.argv[1]).read_bytes()).predict("
        "[[1.0], [1], ['a'], [datetime(2020, 1, 1)], [True], ['k1']]); "
        "print([n for n in ('sklearn', 'pandas', 'pyarrow', 'skops', 'scipy') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
