"""A release carries the lowered form of its model where that was proven to answer the same."""

import json
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_runtime.errors import Exit
from trimaran_runtime.lowering.answer import Linear
from trimaran_runtime.lowering.file import dump, load
from trimaran_runtime.lowering.record import (
    LOWERED,
    LOWERED_ROLE,
    LOWERING,
    LOWERING_ROLE,
    Lowering,
    power_of_ten,
)
from trimaran_runtime.registry.release import Release, read_release
from trimaran_runtime.registry.serving_files import serving_prefix
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.lowered_predictor import LoweredPredictor
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.predictor import Predictor
from trimaran_runtime.serving.service import load as load_service

CODE = '''
"""A shop's visits: who buys. Prices hold gaps, and a shop that only some rows know."""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROWS = 1_500
MODELS = {
    "linear": LogisticRegression,
    "trees": lambda: HistGradientBoostingClassifier(max_iter=20, random_state=0),
    "neighbours": KNeighborsClassifier,
    "network": lambda: MLPClassifier((4,), max_iter=20, random_state=0),
}


def load():
    rng = np.random.default_rng(0)
    price = rng.normal(size=ROWS)
    shop = rng.choice(["north", "south"], ROWS)
    return pd.DataFrame(
        {
            "at": pd.date_range("2024-01-01", periods=ROWS, freq="h"),
            "price": np.where(rng.random(ROWS) < 0.1, np.nan, price),
            "visits": rng.integers(0, 9, ROWS),
            "shop": shop,
            "bought": price + (shop == "north") + rng.normal(size=ROWS) > 0.5,
        }
    )


def fit(train, validation, parameters):
    prepared = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["price", "visits"]),
        (OneHotEncoder(handle_unknown="ignore"), ["shop"]),
    )
    model = make_pipeline(prepared, MODELS[parameters["model"]]())
    return model.fit(train.drop(columns="bought"), train["bought"])
'''


def project(folder: Path, model: str) -> ToyRun:
    code = folder / "code"
    code.mkdir(parents=True)
    (code / "visits.py").write_text(textwrap.dedent(CODE))
    toy = ToyRun(folder, code=code)
    toy.parameters = {"export": "serving", "code": toy.store.put_blob(b"a bundle")}
    toy.configure(
        toy_config(
            data={"source": "visits:load", "target": "bought", "time": "at"},
            training={"train": "visits:fit", "parameters": {"model": model}},
            gate__segments={"min_rows": 20},
            explain={"enabled": False},
        )
    )
    return toy


def released(toy: ToyRun) -> Release:
    return read_release(toy.store, toy.output("release/release.json")["release"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, ToyRun]:
    found = {}
    for model in ("linear", "trees", "neighbours"):
        found[model] = project(tmp_path_factory.mktemp(model), model)
        assert found[model].steps() == Exit.OK
    return found


def record_of(toy: ToyRun) -> Lowering:
    return Lowering.parse(toy.store.read_blob(released(toy).files[LOWERING_ROLE].digest))


@pytest.mark.parametrize("model", ["linear", "trees"])
def test_a_release_carries_the_lowered_form_and_how_it_was_proven(
    made: Mapping[str, ToyRun], model: str
) -> None:
    release, record = released(made[model]), record_of(made[model])
    assert (record.model, record.form) == (release.model.file.digest, model)
    assert record.lowered == release.files[LOWERED_ROLE].digest
    assert record.rows == 1_500
    assert record.odd_rows > 500
    assert record.max_difference is not None
    assert record.max_difference <= 1e-12
    assert load(made[model].store.read_blob(record.lowered)).form == model


@pytest.mark.parametrize("model", ["linear", "trees"])
def test_the_card_says_how_it_is_served(made: Mapping[str, ToyRun], model: str) -> None:
    toy, files = made[model], released(made[model]).files
    for role in ("model_card", "model_card_page"):
        told = toy.store.read_blob(files[role].digest).decode()
        assert f"Served as NumPy ({model}): " in told
        assert "equal to the original on 1,500 rows" in told


def test_a_model_without_a_lowered_form_is_served_as_it_is(made: Mapping[str, ToyRun]) -> None:
    toy, record = made["neighbours"], record_of(made["neighbours"])
    assert LOWERED_ROLE not in released(toy).files
    assert (record.lowered, record.form, record.max_difference) == (None, None, None)
    assert "KNeighborsClassifier is neither a linear model nor an ensemble" in record.reason
    card = toy.store.read_blob(released(toy).files["model_card"].digest).decode()
    assert f"Served as it is: {record.reason}." in card


def test_a_server_answers_with_the_lowered_form_unless_told_not_to(
    made: Mapping[str, ToyRun],
) -> None:
    toy = made["trees"]
    services = [
        load_service(toy.store, released(toy).id, ServerConfig(lowered=lowered), ServerMetrics())
        for lowered in (True, False)
    ]
    assert [type(each.predictor) for each in services] == [LoweredPredictor, Predictor]
    values = [[0.3, None, 1e300], [1, 2, -(2**63)], ["north", "never seen", "south"]]
    ours, theirs = (each.predictor.predict(values) for each in services)
    assert [label for label, _ in ours] == [label for label, _ in theirs]
    chances = [np.array([chance for _, chance in each]) for each in (ours, theirs)]
    np.testing.assert_allclose(*chances, rtol=0, atol=record_of(toy).max_difference or 0)


def test_the_files_that_serve_hold_the_lowered_form(made: Mapping[str, ToyRun]) -> None:
    for model, toy in made.items():
        folder = serving_prefix(released(toy).id)
        assert toy.store.exists(f"{folder}/{LOWERED}") is (model != "neighbours")


def test_a_second_process_makes_the_same_files(made: Mapping[str, ToyRun], tmp_path: Path) -> None:
    again = project(tmp_path / "again", "trees")
    assert again.steps() == Exit.OK
    assert released(again).files[LOWERED_ROLE] == released(made["trees"]).files[LOWERED_ROLE]
    assert released(again).files[LOWERING_ROLE] == released(made["trees"]).files[LOWERING_ROLE]


@pytest.mark.parametrize("model", ["linear", "trees"])
def test_a_converter_that_errs_is_found_and_the_original_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    from trimaran_runtime.steps import lowered_files

    right = lowered_files.lower

    def wrong(*given: Any) -> Any:
        found = right(*given)
        answer = found.answer
        if model == "linear":
            bent = replace(answer, coefficients=answer.coefficients * (1 + 1e-6))
        else:
            lower = np.nextafter(answer.forest.threshold, -np.inf)
            bent = replace(answer, forest=replace(answer.forest, threshold=lower))
        return replace(found, answer=bent)

    monkeypatch.setattr(lowered_files, "lower", wrong)
    toy = project(tmp_path, model)
    assert toy.steps() == Exit.OK
    assert LOWERED_ROLE not in released(toy).files
    assert "the lowered form" in record_of(toy).reason
    service = load_service(toy.store, released(toy).id, ServerConfig(), ServerMetrics())
    assert type(service.predictor) is Predictor


@pytest.mark.parametrize("what", ["the form", "the record", "its absence"])
def test_what_was_not_proven_is_not_registered(tmp_path: Path, what: str) -> None:
    toy = project(tmp_path, "linear")
    assert toy.steps(last="gate") == Exit.OK
    folder = toy.work / "evaluation"
    form = load((folder / LOWERED).read_bytes())
    match what:
        case "the form":
            assert isinstance(form.answer, Linear)
            twice = replace(form.answer, coefficients=form.answer.coefficients * 2)
            (folder / LOWERED).write_bytes(dump(replace(form, answer=twice)))
        case "the record":
            record = json.loads((folder / LOWERING).read_bytes())
            (folder / LOWERING).write_text(json.dumps({**record, "model": "sha256:0"}))
        case _:
            (folder / LOWERED).unlink()
    assert toy.steps(first="register") == Exit.BAD_INPUT
    assert "not the one that was proven" in toy.error("register")["message"]


@pytest.mark.parametrize(
    ("difference", "told"),
    [(0.0, 0.0), (1e-15, 1e-15), (1.1e-16, 1e-15), (9.99e-16, 1e-15), (1.0000001e-15, 1e-14)],
)
def test_a_difference_is_told_as_the_power_of_ten_above(difference: float, told: float) -> None:
    assert power_of_ten(difference) == told
