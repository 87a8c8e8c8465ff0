"""Explanations of lowered models: the Shapley values of their scores, by input column, exactly."""

import itertools
from dataclasses import replace
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shap import TreeExplainer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import make_pipeline

from tests.runtime.test_lowering import (
    FEATURES,
    FRAME,
    MODELS,
    PREPARED,
    VALUES,
    learnt,
    odd_rows,
    signature,
    target,
)
from trimaran_runtime.explain.explanation import Method, Scale
from trimaran_runtime.explain.lowered_explainer import LoweredExplainer
from trimaran_runtime.lowering.answer import Trees
from trimaran_runtime.lowering.lower import lower
from trimaran_runtime.lowering.lowered import Lowered

REFERENCES = 8
KINDS = {
    "logistic": (2, Scale.log_odds),
    "ridge": (0, Scale.value),
    "poisson": (0, Scale.log),
    "forest": (3, Scale.probability),
    "gradient": (3, Scale.log_odds),
    "linear": (3, Scale.log_odds),
    "boosting": (2, Scale.log_odds),
    "extra_trees": (2, Scale.probability),
}
"""Models, pipelines of the user's and built-in learners: how many classes, on which scale."""


def rows_of(values: list[list[Any]], places: Any) -> list[list[Any]]:
    return [[column[place] for place in places] for column in values]


def form_of(name: str) -> Lowered:
    classes, _ = KINDS[name]
    if name not in MODELS:
        return lower(learnt(name, classes), signature(classes))
    model = make_pipeline(PREPARED, MODELS[name]).fit(FRAME, target(classes))
    return lower(model, signature(classes))


FORMS = {name: form_of(name) for name in KINDS}
REFERENCE = rows_of(VALUES, range(REFERENCES))
EXPLAINERS = {name: LoweredExplainer.of(form, REFERENCE) for name, form in FORMS.items()}


def scores(form: Lowered, values: list[list[Any]]) -> Any:
    """(n, k) what comes before it becomes a probability."""
    link = "share" if len(getattr(form.answer, "base", (0,))) > 1 else "number"
    return replace(form, answer=replace(form.answer, link=link)).predict(values)  # type: ignore[type-var]


def by_enumeration(form: Lowered, row: list[list[Any]]) -> Any:
    """(p, k) Shapley values by their definition: every set of columns, against every reference."""
    p = len(FEATURES)
    sets = [frozenset(s) for size in range(p + 1) for s in itertools.combinations(range(p), size)]
    worth = {
        known: scores(
            form, [row[i] * REFERENCES if i in known else REFERENCE[i] for i in range(p)]
        ).mean(axis=0)
        for known in sets
    }
    share = [factorial(size) * factorial(p - size - 1) / factorial(p) for size in range(p)]
    return np.array(
        [
            sum(share[len(s)] * (worth[s | {i}] - worth[s]) for s in sets if i not in s)
            for i in range(p)
        ]
    )


@pytest.mark.parametrize("name", list(KINDS))
def test_contributions_are_the_shapley_values_by_their_definition(name: str) -> None:
    for place in (100, 101):
        row = rows_of(VALUES, [place])
        found = EXPLAINERS[name].explain(row)
        np.testing.assert_allclose(found.values[0], by_enumeration(FORMS[name], row), atol=1e-9)


@pytest.mark.parametrize("name", list(KINDS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_contributions_and_base_add_up_to_the_score(name: str, data: st.DataObject) -> None:
    """Local accuracy, also for missing values, levels never seen and odd numbers."""
    odd = odd_rows()
    pools = [[*column[:200], *others] for column, others in zip(VALUES, odd, strict=True)]
    refused = {float("inf"), 1e30, -1e30}
    taken = [[value for value in pool if value not in refused] for pool in pools]
    row = [[data.draw(st.sampled_from(pool))] for pool in taken]
    found = EXPLAINERS[name].explain(row)
    score = scores(FORMS[name], row)
    total = found.base + found.values.sum(axis=1)
    np.testing.assert_allclose(total, score, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", list(KINDS))
def test_method_and_scale_are_told(name: str) -> None:
    is_tree = isinstance(FORMS[name].answer, Trees)
    assert EXPLAINERS[name].method is (Method.interventional if is_tree else Method.linear)
    assert EXPLAINERS[name].scale is KINDS[name][1]


def test_a_column_that_the_model_does_not_look_at_contributes_nothing() -> None:
    found = EXPLAINERS["forest"].explain(rows_of(VALUES, range(20)))
    names = [feature.name for feature in FEATURES]
    assert not found.values[:, [names.index("departs"), names.index("origin")]].any()
    assert found.values[:, names.index("distance")].any()


def test_rows_are_explained_as_they_are_alone() -> None:
    together = EXPLAINERS["boosting"].explain(rows_of(VALUES, range(5)))
    for place in range(5):
        alone = EXPLAINERS["boosting"].explain(rows_of(VALUES, [place]))
        np.testing.assert_array_equal(alone.values[0], together.values[place])


def test_shap_says_the_same_of_trees_against_the_same_reference() -> None:
    """Of gradient boosting: of histograms, shap 0.51 does not add up to the model's own score."""
    numbers = FRAME[["distance", "stops"]].fillna(0.0).to_numpy()
    model = GradientBoostingClassifier(n_estimators=20, random_state=0).fit(numbers, target(2))
    two = signature(2).model_copy(update={"features": FEATURES[:2]})
    ours = LoweredExplainer.of(lower(model, two), numbers[:50].T.tolist())
    theirs = TreeExplainer(model, numbers[:50], feature_perturbation="interventional")
    asked = numbers[100:120]
    np.testing.assert_allclose(
        ours.explain(asked.T.tolist()).values[:, :, 0],
        theirs.shap_values(asked, check_additivity=False),
        atol=1e-6,
    )


def test_large_trees_and_many_references_allow_fewer_rows() -> None:
    more = LoweredExplainer.of(FORMS["forest"], rows_of(VALUES, range(10 * REFERENCES)))
    few = EXPLAINERS["forest"].most_rows
    assert 1 <= more.most_rows <= few // 9
