"""Models in ONNX: made by skl2onnx, proven like any lowered form, refused where they reach out."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from trimaran_runtime.errors import ConfigError, Corrupted
from trimaran_runtime.lowering import onnx_session
from trimaran_runtime.lowering.boundaries import boundary_rows
from trimaran_runtime.lowering.device import Device
from trimaran_runtime.lowering.file import dump, load
from trimaran_runtime.lowering.from_steps import CannotLower
from trimaran_runtime.lowering.graph import Graph
from trimaran_runtime.lowering.lower import lower
from trimaran_runtime.lowering.lowered import Lowered
from trimaran_runtime.lowering.onnx_file import RefusedModel, check_model
from trimaran_runtime.lowering.placed import placed, provider_of
from trimaran_runtime.lowering.prove import Differs, Parity, Tolerance, prove
from trimaran_runtime.lowering.ranks import Rank
from trimaran_runtime.lowering.to_onnx import onnx_answer
from trimaran_runtime.registry.release import Feature, Signature
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.lowered_predictor import LoweredPredictor
from trimaran_runtime.serving.predictor import Predictor
from trimaran_runtime.training.model_file import dump_model, load_model_bytes, trusted_types
from trimaran_runtime.training.onnx_model import OnnxClassifier, OnnxRegressor

ROWS = 800
FEATURES = (
    Feature(name="price", type="number", nullable=True),
    Feature(name="visits", type="integer", nullable=False),
    Feature(name="shop", type="category", nullable=False),
)
NUMBERS = (
    Feature(name="a", type="number", nullable=True),
    Feature(name="b", type="number", nullable=True),
)
WITHIN = Tolerance(difference=1e-5)
MODELS = {
    "logistic": LogisticRegression(),
    "ridge": Ridge(),
    "network": MLPClassifier((8,), max_iter=40, random_state=0),
    "boosting": HistGradientBoostingClassifier(max_iter=8, random_state=0),
    "boosted numbers": HistGradientBoostingRegressor(max_iter=8, random_state=0),
    "gradient": GradientBoostingClassifier(n_estimators=20, random_state=0),
    "forest": ExtraTreesClassifier(15, max_depth=6, random_state=0),
    "forest of numbers": RandomForestRegressor(20, random_state=0),
}
EXACT = {"logistic", "ridge"}
"""Computed in float64."""


def table(features: tuple[Feature, ...]) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    holed = np.where(draw.random(ROWS) < 0.1, np.nan, draw.normal(size=ROWS))
    if features == NUMBERS:
        return pd.DataFrame({"a": draw.normal(size=ROWS), "b": draw.normal(size=ROWS)})
    shops = draw.choice(["north", "south", "east"], ROWS)
    visits = draw.integers(0, 9, ROWS)
    return pd.DataFrame({"price": holed, "visits": visits, "shop": shops})


def target(frame: pd.DataFrame, classes: int) -> Any:
    draw = np.random.default_rng(1)
    score = np.nan_to_num(frame.iloc[:, 0].to_numpy()) + draw.normal(size=ROWS)
    cuts = np.quantile(score, np.arange(1, classes) / classes)
    return np.digitize(score, cuts) if classes else score


def signature(features: tuple[Feature, ...], classes: int) -> Signature:
    return Signature(
        features=features,
        target="y",
        task="classification" if classes else "regression",
        classes=tuple(range(classes)),
    )


def by_column(frame: pd.DataFrame) -> list[list[Any]]:
    columns = [frame[name].tolist() for name in frame.columns]
    return [[None if value != value else value for value in column] for column in columns]


def fitted(name: str, classes: int, features: tuple[Feature, ...] = FEATURES) -> Any:
    prepared = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["price", "visits"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["shop"]),
    )
    frame = table(features)
    steps = (prepared,) if features is FEATURES else ()
    return make_pipeline(*steps, MODELS[name]).fit(frame, target(frame, classes))


def proven(
    form: Lowered,
    model: Any,
    taken: Signature,
    tolerance: Tolerance = WITHIN,
    splits: Lowered | None = None,
) -> Parity:
    values = by_column(table(taken.features))
    original = Predictor(model, taken, [Column(f) for f in taken.features]).predict
    near = boundary_rows(splits or form, taken.features, values)
    ours = LoweredPredictor(form, taken).predict
    return prove(original, ours, taken, values, near, tolerance)


def classes_of(name: str, many: int) -> int:
    return many if hasattr(MODELS[name], "predict_proba") else 0


@pytest.mark.parametrize(
    ("name", "many"),
    [*((name, 2) for name in MODELS), ("boosting", 3), ("logistic", 3), ("forest", 3)],
)
def test_a_model_in_onnx_answers_as_the_original_also_for_odd_values(name: str, many: int) -> None:
    classes = classes_of(name, many)
    model, taken = fitted(name, classes), signature(FEATURES, classes)
    form = load(dump(lower(model, taken, onnx_answer)))
    assert form.form == "onnx"
    splits = None if name == "network" else lower(model, taken)
    parity = proven(form, model, taken, splits=splits)
    assert parity.flipped_rows == 0
    assert parity.odd_rows > 50
    if name in EXACT:
        assert parity.max_difference < 1e-9


def test_rows_beside_a_threshold_go_the_same_way_although_trees_compare_in_float32() -> None:
    model, taken = fitted("boosting", 2, NUMBERS), signature(NUMBERS, 2)
    trees = lower(model, taken)
    form = lower(model, taken, onnx_answer)
    assert proven(form, model, taken, splits=trees).flipped_rows == 0
    # Without the ranks, values in float64 would be compared in float32.
    ranks = next(each for each in form.operations if isinstance(each, Rank))
    assert len(ranks.thresholds) > 20
    shifted = replace(ranks, thresholds=np.float64(np.float32(ranks.thresholds)))
    bent = replace(form, operations=tuple(shifted if e is ranks else e for e in form.operations))
    with pytest.raises(Differs):
        proven(bent, model, taken, splits=trees)


@given(
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=9, unique=True),
    st.lists(st.floats(), min_size=1, max_size=9),
)
def test_a_value_is_at_most_a_threshold_where_its_rank_is(
    thresholds: list[float], values: list[float]
) -> None:
    known = np.array(sorted(set(thresholds)))
    operation = Rank(np.array([len(known)], dtype=np.int32), known)
    given = np.array([*values, *known, *np.nextafter(known, np.inf)])[:, None]
    ranks = operation(given)
    assert np.isnan(ranks).tolist() == np.isnan(given).tolist()
    for place, threshold in enumerate(known):
        assert ((ranks <= place) == (given <= threshold)).all()
    assert np.float32(ranks[~np.isnan(ranks)]).tolist() == ranks[~np.isnan(ranks)].tolist()


def test_a_label_that_flips_is_refused_unless_the_tolerance_says_otherwise() -> None:
    frame = table(NUMBERS)
    model = RandomForestClassifier(20, max_depth=2, random_state=0)
    model.fit(frame, target(frame, 2))
    taken = signature(NUMBERS, 2)
    form = lower(model, taken, onnx_answer)
    assert isinstance(form.answer, Graph)
    original = Predictor(model, taken, [Column(f) for f in NUMBERS]).predict
    ours = LoweredPredictor(form, taken).predict

    def flipped(rows: Any) -> Any:
        """The original's answers, the first of them with the other label."""
        return [
            (1 - label, p) if at == 0 else (label, p)
            for at, (label, p) in enumerate(original(rows))
        ]

    values, none = by_column(frame), [[], []]
    with pytest.raises(Differs, match="another label for row 0"):
        prove(flipped, ours, taken, values, none, WITHIN)
    with pytest.raises(Differs, match=r"another label for \d+ of \d+ rows"):
        prove(flipped, ours, taken, values, none, Tolerance(difference=1e-5, flipped=1e-9))
    allowed = prove(flipped, ours, taken, values, none, Tolerance(difference=1e-5, flipped=0.5))
    assert allowed.flipped_rows >= 2


def test_what_differs_by_more_than_the_tolerance_is_refused() -> None:
    model, taken = fitted("boosting", 2), signature(FEATURES, 2)
    form = lower(model, taken, onnx_answer)
    difference = proven(form, model, taken).max_difference
    assert 0 < difference < 1e-5
    with pytest.raises(Differs, match="differs by"):
        proven(form, model, taken, Tolerance(difference=difference / 2))


def test_trees_that_split_categories_have_no_form_in_onnx() -> None:
    frame = table(FEATURES).assign(shop=lambda f: f["shop"].astype("category"))
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype")
    model.fit(frame, target(frame, 2))
    with pytest.raises(CannotLower, match="splits categories"):
        lower(model, signature(FEATURES, 2), onnx_answer)


def test_the_same_model_makes_the_same_file() -> None:
    files = [
        dump(lower(fitted("boosting", 2), signature(FEATURES, 2), onnx_answer)) for _ in range(2)
    ]
    assert files[0] == files[1]


# What is not loaded


def network(**changes: Any) -> onnx.ModelProto:
    """Two columns to three probabilities, as a network of one layer."""
    weights = np.arange(6, dtype=np.float32).reshape(2, 3) / 7
    given = helper.make_tensor_value_info("rows", TensorProto.FLOAT, changes.get("shape", ["n", 2]))
    told = helper.make_tensor_value_info("told", TensorProto.FLOAT, ["n", 3])
    nodes = [
        helper.make_node("MatMul", ["rows", "w"], ["scores"], domain=changes.get("domain", "")),
        helper.make_node("Softmax", ["scores"], ["told"], axis=1),
    ]
    held = onnx.numpy_helper.from_array(weights, "w")
    graph = helper.make_graph(nodes, "network", [given], [told], [held])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def outside() -> onnx.ModelProto:
    made = network()
    held = made.graph.initializer[0]
    held.ClearField("raw_data")
    held.data_location = TensorProto.EXTERNAL
    held.external_data.add(key="location", value="/etc/passwd")
    return made


def nested(inner: onnx.ModelProto) -> onnx.ModelProto:
    """A model that hides another's graph in a branch."""
    made = network()
    branch = helper.make_node(
        "If", ["rows"], ["x"], then_branch=inner.graph, else_branch=inner.graph
    )
    made.graph.node.append(branch)
    return made


def in_function() -> onnx.ModelProto:
    made = network()
    node = helper.make_node("Evil", ["a"], ["b"], domain="of.mine")
    opset = [helper.make_opsetid("", 17)]
    made.functions.append(helper.make_function("f", "g", ["a"], ["b"], [node], opset))
    return made


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (outside(), "data outside of it"),
        (nested(outside()), "data outside of it"),
        (network(domain="com.mine"), "com.mine"),
        (nested(network(domain="com.mine")), "com.mine"),
        (in_function(), "of.mine"),
    ],
    ids=["data outside", "hidden data outside", "own operator", "hidden operator", "function"],
)
def test_a_model_that_reaches_outside_of_itself_is_refused(
    model: onnx.ModelProto, why: str
) -> None:
    with pytest.raises(RefusedModel, match=why):
        check_model(model.SerializeToString())
    held = np.frombuffer(model.SerializeToString(), dtype=np.uint8)
    with pytest.raises(RefusedModel, match=why):
        Graph(held, "told", 2, 3, "share")


def test_a_model_of_the_standard_is_let_through() -> None:
    check_model(network().SerializeToString())
    check_model(nested(network()).SerializeToString())


def test_a_model_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = network().SerializeToString()
    monkeypatch.setattr("trimaran_runtime.lowering.onnx_file.MOST_BYTES", len(content) - 1)
    with pytest.raises(RefusedModel, match="bytes, of at most"):
        check_model(content)


@given(st.data())
def test_a_damaged_model_is_refused_or_read_never_worse(data: st.DataObject) -> None:
    content = bytearray(network().SerializeToString())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    for damaged in (bytes(content), cut):
        try:
            check_model(damaged)
        except RefusedModel as refusal:
            assert str(refusal)  # noqa: PT017 - both ends are allowed


@pytest.mark.parametrize("content", [b"", b"\xff" * 20, b"\x3a\x05ab", b"no model at all"])
def test_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(RefusedModel):
        check_model(content)


# A model of the user's


def of_mine(**changes: Any) -> OnnxClassifier:
    given = {"columns": 2, "output": "told", **changes}
    return OnnxClassifier(network(), ["low", "mid", "high"], **given)


def test_a_model_of_the_users_is_saved_and_lowered_as_it_is() -> None:
    model = of_mine()
    content = dump_model(model)
    again = load_model_bytes(content, trusted_types(content, ()))
    frame = table(NUMBERS)
    assert again.predict_proba(frame).tolist() == model.predict_proba(frame).tolist()
    assert set(again.predict(frame)) <= {"low", "mid", "high"}
    taken = Signature(
        features=NUMBERS, target="y", task="classification", classes=("low", "mid", "high")
    )
    for answer in ({}, {"answer": onnx_answer}):
        form = load(dump(lower(again, taken, **answer)))
        assert form.form == "onnx"
        assert proven(form, again, taken).max_difference == 0


def test_logits_become_probabilities_and_numbers_stay() -> None:
    frame = table(NUMBERS)
    scores = np.log(of_mine().predict_proba(frame))
    of_scores = of_mine(gives="logits", output="told").predict_proba(frame)
    powers = np.exp(np.exp(scores))
    np.testing.assert_allclose(of_scores, powers / powers.sum(axis=1, keepdims=True), rtol=1e-12)
    held = onnx.numpy_helper.from_array(np.ones((2, 1), dtype=np.float32), "w")
    sums = helper.make_graph(
        [helper.make_node("MatMul", ["rows", "w"], ["sum"])],
        "sums",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("sum", TensorProto.FLOAT, [None, 1])],
        [held],
    )
    made = helper.make_model(sums, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    numbers = OnnxRegressor(made.SerializeToString(), columns=2, output="sum").predict(frame)
    np.testing.assert_allclose(numbers, frame.sum(axis=1), rtol=1e-5, atol=1e-6)
    chances = OnnxClassifier(made, [0, 1], columns=2, output="sum", gives="logit")
    np.testing.assert_allclose(chances.predict_proba(frame)[:, 1], 1 / (1 + np.exp(-numbers)))


def test_a_model_of_the_users_that_reaches_out_is_refused_with_the_way_on() -> None:
    with pytest.raises(ConfigError, match="without external data"):
        OnnxClassifier(outside(), [0, 1, 2], columns=2, output="told")
    with pytest.raises(ConfigError, match="logits"):
        of_mine(gives="odds")


@pytest.mark.parametrize("shape", [[1, 2], ["n", 3], [2]])
def test_a_model_of_another_shape_is_refused(shape: list[Any]) -> None:
    model = OnnxClassifier(network(shape=shape), [0, 1, 2], columns=2, output="told")
    with pytest.raises(Corrupted, match="cannot be read"):
        model.predict_proba(np.zeros((4, 2)))


# Where it is computed


def test_the_provider_is_the_one_that_onnx_runtime_has() -> None:
    import onnxruntime

    there = onnxruntime.get_available_providers()
    assert onnx_session.CPU in there
    form = lower(of_mine(), signature(NUMBERS, 3))
    assert provider_of(form) is None
    assert provider_of(placed(form, Device.cpu)) == onnx_session.CPU
    has_gpu = onnx_session.CUDA in there
    if not has_gpu:
        with pytest.raises(ConfigError, match="CPUExecutionProvider") as refused:
            placed(form, Device.cuda)
        assert refused.value.where == "endpoint.compute.gpu"
        assert "endpoint.gpu" in refused.value.next_step
    preferred = placed(form, Device.cuda_or_cpu)
    assert provider_of(preferred) in {onnx_session.CPU, onnx_session.CUDA}
    frame = table(NUMBERS)
    values = by_column(frame)
    np.testing.assert_allclose(preferred.predict(values), form.predict(values), atol=1e-6)


def test_making_one_writes_nothing_below_home(tmp_path: Path) -> None:
    code = (
        "from tests.runtime.test_onnx_form import *; "
        "form = lower(fitted('logistic', 2), signature(FEATURES, 2), onnx_answer); "
        "form.predict(by_column(table(FEATURES)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*")) == []


def test_nothing_is_loaded_before_a_model_in_onnx_is_asked(tmp_path: Path) -> None:
    taken = signature(NUMBERS, 2)
    model = tmp_path / "model"
    model.write_bytes(dump(lower(fitted("boosting", 2, NUMBERS), taken, onnx_answer)))
    code = (
        "import sys; from pathlib import Path; from trimaran_runtime.lowering.file import load; "
        "form = load(Path(sys.argv[1]).read_bytes()); heavy = ('sklearn', 'pandas', 'onnx', "
        "'skl2onnx', 'onnxruntime'); print([n for n in heavy if n in sys.modules]); "
        "form.predict([[0.1], [0.2]]); print([n for n in heavy if n in sys.modules])"
    )
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, str(model)],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(home / "cache")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["[]", "['onnxruntime']"], done.stderr
    assert list(home.rglob("*")) == []
