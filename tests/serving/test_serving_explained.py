"""Reasons of answers, for requests that ask: what moved this answer, in the model's own score."""

import asyncio
import json
import subprocess
import sys
from math import log
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from tests.serving.conftest import Client, Connect
from tests.serving.releases import FEATURES, ROW, classifier, publish, regressor, table
from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.explain_request import MOST_REASONS, USUAL_REASONS
from trimaran_runtime.serving.message import Refusal, Response
from trimaran_runtime.storage.store import Store

REFERENCE = {
    name: tuple(
        value.isoformat() if name == "departs" else value for value in table()[name].tolist()
    )
    for name in (feature.name for feature in FEATURES)
}
ASKED = {**ROW, "stops": 2, "carrier": "B6"}
BODY = {"instances": [ROW, ASKED], "parameters": {"explain": True}}


def explained(store: Store, **release: Any) -> str:
    return publish(store, reference=REFERENCE, **release)


@pytest.fixture
def client(store: Store, connect: Connect) -> Client:
    return connect(explained(store, lowered=True), explanations=True)


def log_odds(probability: float) -> float:
    return log(probability / (1 - probability))


def total(explanation: Any) -> float:
    parts = [reason["contribution"] for reason in explanation["reasons"]]
    return float(explanation["base"] + sum(parts) + explanation["rest"])


def naive(store: Store) -> str:
    columns = classifier()[:-1]
    model = make_pipeline(columns, GaussianNB()).fit(table(), table()["distance"] > 900)
    return explained(store, model=model)


def forest(store: Store) -> str:
    columns = classifier()[:-1]
    model = make_pipeline(columns, RandomForestClassifier(5, random_state=0, max_depth=3))
    return explained(store, model=model.fit(table(), table()["distance"] > 900), lowered=True)


@pytest.mark.parametrize("lowered", [True, False])
def test_base_and_contributions_add_up_to_the_log_odds_of_the_answer(
    store: Store, connect: Connect, lowered: bool
) -> None:
    client = connect(explained(store, lowered=lowered), explanations=True)
    response, answer = client.predict(BODY)
    assert response.status == 200, answer
    for prediction, why in zip(answer["predictions"], answer["explanations"], strict=True):
        assert why["class"] is True
        assert (why["scale"], why["method"]) == ("log-odds", "linear")
        assert total(why) == pytest.approx(log_odds(prediction["probability"]), abs=1e-9)
        assert {reason["feature"] for reason in why["reasons"]} <= {"carrier", "stops"}


def test_of_a_forest_they_add_up_to_the_probability(store: Store, connect: Connect) -> None:
    _, answer = connect(forest(store), explanations=True).predict(BODY)
    for prediction, why in zip(answer["predictions"], answer["explanations"], strict=True):
        assert (why["scale"], why["method"]) == ("probability", "interventional")
        assert total(why) == pytest.approx(prediction["probability"], abs=1e-9)


def test_of_a_regression_they_add_up_to_the_number(store: Store, connect: Connect) -> None:
    release = explained(store, model=regressor(), task="regression", classes=(), lowered=True)
    _, answer = connect(release, explanations=True).predict(BODY)
    for prediction, why in zip(answer["predictions"], answer["explanations"], strict=True):
        assert "class" not in why
        assert total(why) == pytest.approx(prediction, abs=1e-9)


def test_a_model_of_no_known_form_is_sampled_and_says_how_sure_it_is(
    store: Store, connect: Connect
) -> None:
    _, answer = connect(naive(store), explanations=True).predict(BODY)
    why = answer["explanations"][1]
    assert (why["method"], why["scale"]) == ("sampled", "probability")
    assert total(why) == pytest.approx(answer["predictions"][1]["probability"], abs=1e-9)
    assert all(reason["error"] >= 0 for reason in why["reasons"])


def test_the_strongest_reasons_come_first_and_no_more_than_asked_for(client: Client) -> None:
    _, answer = client.predict({**BODY, "parameters": {"explain": 20}})
    for why in answer["explanations"]:
        sizes = [abs(reason["contribution"]) for reason in why["reasons"]]
        assert sizes == sorted(sizes, reverse=True)
        assert len(sizes) == 2, "three columns move nothing"
        assert why["rest"] == 0
    _, one = client.predict({**BODY, "parameters": {"explain": 1}})
    for first, why in zip(one["explanations"], answer["explanations"], strict=True):
        assert first["reasons"] == why["reasons"][:1]
        assert first["rest"] == pytest.approx(why["reasons"][1]["contribution"])


def test_a_header_asks_for_bodies_without_parameters(client: Client) -> None:
    body = b"distance,stops,carrier,weekend,departs\n500,2,B6,false,2013-01-05T08:00:00\n"
    response, answer = client.ask(
        "POST", "/invocations", body, content_type="text/csv", x_trimaran_explain="1"
    )
    assert response.status == 200, answer
    _, same = client.predict({"instances": [ASKED], "parameters": {"explain": 1}})
    assert answer["explanations"] == same["explanations"]


def test_explained_and_plain_answers_are_the_same_otherwise(client: Client) -> None:
    _, with_reasons = client.predict(BODY)
    _, plain = client.predict({"instances": BODY["instances"]})
    assert with_reasons.pop("explanations")
    assert with_reasons == plain
    _, neither = client.predict({**BODY, "parameters": {"explain": False}})
    assert neither == plain


def test_every_class_and_reasons_go_together(client: Client) -> None:
    _, answer = client.predict({**BODY, "parameters": {"explain": 2, "probabilities": True}})
    assert set(answer["predictions"][0]["probabilities"]) == {"false", "true"}
    assert len(answer["explanations"]) == 2


@pytest.mark.parametrize("wanted", [0, -1, MOST_REASONS + 1, "3", 1.5, None, [1]])
def test_what_is_no_number_of_reasons_is_refused(client: Client, wanted: Any) -> None:
    response, answer = client.predict({**BODY, "parameters": {"explain": wanted}})
    assert (response.status, answer["field"]) == (400, "parameters.explain")


@pytest.mark.parametrize("wanted", ["0", "21", "", "-1", "²", "1e1", "9" * 5000])
def test_a_header_that_holds_none_is_refused(client: Client, wanted: str) -> None:
    response, answer = client.predict({"instances": [ROW]}, x_trimaran_explain=wanted)
    assert (response.status, answer["field"]) == (400, "x-trimaran-explain")


def test_more_than_a_hundred_rows_are_refused(client: Client) -> None:
    for count, status in ((100, 200), (101, 413)):
        response, _ = client.predict({**BODY, "instances": [ROW] * count})
        assert response.status == status
    assert client.predict({"instances": [ROW] * 101})[0].status == 200


def test_explanations_are_json(client: Client) -> None:
    response, answer = client.predict(BODY, accept="text/csv")
    assert (response.status, answer["allowed"]) == (406, "application/json")


def test_a_server_explains_only_where_it_was_told_to(store: Store, connect: Connect) -> None:
    response, answer = connect(explained(store, lowered=True)).predict(BODY)
    assert response.status == 400
    assert "endpoint.explanations" in answer["error"]


def test_a_release_without_an_explanation_cannot_explain(connect: Connect) -> None:
    client = connect(explanations=True)
    for _ in range(2):
        response, answer = client.predict(BODY)
        assert response.status == 400
        assert answer["error"].startswith("this release cannot explain: ")
    assert client.predict({"instances": [ROW]})[0].status == 200


def test_explanations_are_not_part_of_what_is_recorded(store: Store, connect: Connect) -> None:
    client = connect(
        explained(store, lowered=True), explanations=True, endpoint="explained", capture={}
    )
    client.predict(BODY)
    client.service.close()
    (file,) = [entry for entry in store.list("capture/explained") if "jsonl" in entry.key]
    record = json.loads(store.read(file.key))
    assert set(record["prediction"][0]) == {"label", "probability"}
    assert "reasons" not in json.dumps(record)


def test_a_deadline_holds_for_explanations_too(client: Client) -> None:
    content = json.dumps(BODY).encode()

    async def late() -> None:
        call = client.application.begin("POST", "/invocations", {})
        assert isinstance(call, Call)
        rows = client.service.reader.read(None, content)
        predictions = await client.service.batcher.submit(rows.values, rows.count)
        call.deadline = call.started
        await client.service.explaining.explained(call, rows, predictions, rows.reasons)

    with pytest.raises(Refusal, match="no explanation within 0 s") as refused:
        asyncio.run(late())
    assert refused.value.status == 503
    assert client.predict(BODY)[0].status == 200


def test_too_many_at_a_time_are_asked_to_come_back(client: Client) -> None:
    content = json.dumps(BODY).encode()

    async def together() -> list[Response]:
        handle = client.application.handle
        asked = [handle("POST", "/invocations", {}, content) for _ in range(20)]
        plain = handle("POST", "/invocations", {}, json.dumps({"instances": [ROW]}).encode())
        return await asyncio.gather(plain, *asked)

    plain, *answers = asyncio.run(together())
    assert plain.status == 200
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) == 12
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert client.predict(BODY)[0].status == 200


def test_the_description_holds_for_answers_and_says_how_to_ask(client: Client) -> None:
    document = client.ask("GET", "/openapi.json")[1]
    _, answer = client.predict({**BODY, "parameters": {"explain": 20}})
    schema = {"$ref": "#/components/schemas/Answer", "components": document["components"]}
    jsonschema.validate(answer, schema)
    wanted = {"$ref": "#/components/schemas/Request", "components": document["components"]}
    jsonschema.validate(BODY, wanted)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**BODY, "parameters": {"explain": MOST_REASONS + 1}}, wanted)
    (header,) = document["paths"]["/invocations"]["post"]["parameters"]
    assert header["name"] == "x-trimaran-explain"


def test_the_answer_in_the_documentation_is_an_answer(client: Client) -> None:
    """Of the same keys as a real one, on the schema, and it adds up."""
    page = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
    written = json.loads(page.split("_is_an_answer -->\n```text\n")[1].split("```")[0])
    parameters = {"parameters": {"explain": 3}}
    assert json.dumps(parameters)[1:-1] in page
    _, answer = client.predict({"instances": [ASKED], **parameters})
    (shown,), (real,) = written["explanations"], answer["explanations"]
    assert written.keys() == answer.keys()
    assert shown.keys() == real.keys()
    assert [reason.keys() for reason in shown["reasons"]] == [r.keys() for r in real["reasons"]]
    (prediction,) = written["predictions"]
    assert total(shown) == pytest.approx(log_odds(prediction["probability"]), abs=0.02)
    document = client.ask("GET", "/openapi.json")[1]
    schema = {"$ref": "#/components/schemas/Answer", "components": document["components"]}
    jsonschema.validate(written, schema)


def test_true_asks_for_as_many_as_help(store: Store, connect: Connect) -> None:
    features = tuple(f.model_copy(update={"type": "number"}) for f in FEATURES)
    names = [feature.name for feature in features]
    rng = np.random.default_rng(0)
    values = {name: tuple(rng.normal(size=30).tolist()) for name in names}
    frame = pd.DataFrame(values)
    release = publish(
        store,
        model=LinearRegression().fit(frame, frame.sum(axis=1)),
        task="regression",
        classes=(),
        features=tuple(f.model_copy(update={"example": 1.0}) for f in features),
        lowered=True,
        reference=values,
    )
    row = [dict.fromkeys(names, 1.0)]
    client = connect(release, explanations=True)
    _, answer = client.predict({"instances": row, "parameters": {"explain": True}})
    assert len(answer["explanations"][0]["reasons"]) == USUAL_REASONS


ALONE = """
import asyncio, json, sys
from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.service import load
from trimaran_runtime.serving.traffic import Traffic
from trimaran_runtime.storage.store import Store

config = ServerConfig(explanations=True)
application = Application(config, {})
service = load(Store(sys.argv[1]), sys.argv[2], config, application.metrics)
application.serve(Traffic.of(service))

def ask(body):
    return asyncio.run(application.handle("POST", "/invocations", {}, body.encode()))

def loaded(*names):
    return sorted(name for name in names if name in sys.modules)

plain = ask(sys.argv[3])
before = loaded("trimaran_runtime.explain.explanation", "shap", "sklearn", "pandas", "numba")
explained = ask(sys.argv[4])
after = loaded("shap", "sklearn", "pandas", "numba", "scipy")
service.close()
print(json.dumps([plain.status, before, explained.status, after]))
"""


def test_a_lowered_release_is_explained_without_the_heavy_libraries(store: Store) -> None:
    """And a request that does not ask loads nothing of explanations."""
    arguments = [store.uri, forest(store), json.dumps({"instances": [ROW]}), json.dumps(BODY)]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *arguments], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [200, [], 200, []]
