"""Explanations: exact where there is a way, by input column, and said to be estimates elsewhere."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from trimaran_runtime.errors import DataError
from trimaran_runtime.explain.config import ExplainConfig
from trimaran_runtime.explain.contributions import Contributions
from trimaran_runtime.explain.explain import explain
from trimaran_runtime.explain.explainer import explainer_of
from trimaran_runtime.explain.explanation import Explanation, Method, Scale
from trimaran_runtime.explain.reasons import ReasonCodes
from trimaran_runtime.explain.sampled import Sampled
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.registry.release import Feature, Signature
from trimaran_runtime.storage.digest import canonical_json

ROWS = 400
CONFIG = ExplainConfig(rows=60, examples=3)


def frame() -> pd.DataFrame:
    """`shop_x` is a column of its own beside the level x of `shop`."""
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": generator.normal(size=ROWS),
            "b": generator.normal(size=ROWS),
            "shop": generator.choice(["x", "y", "z"], ROWS),
            "shop_x": generator.normal(size=ROWS),
        }
    )


FRAME = frame()
SCORE = (FRAME["a"] + 0.7 * (FRAME["shop"] == "x")).to_numpy()
BINARY = np.random.default_rng(1).logistic(size=ROWS) * 0.5 + SCORE > 0
THREE = np.digitize(SCORE, [-0.3, 0.6])


def signature(classes: tuple[object, ...]) -> Signature:
    return Signature(
        features=tuple(
            Feature(name=n, type="category" if n == "shop" else "number", nullable=False)
            for n in FRAME
        ),
        target="y",
        task="classification" if classes else "regression",
        classes=classes,
    )


def columns(*, dense: bool = False) -> object:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=not dense), ["shop"]),
        (numbers, ["a", "b"]),
        remainder="passthrough",
    )


EXACT = [
    (LogisticRegression(), BINARY, Method.linear, Scale.log_odds),
    (LogisticRegression(), THREE, Method.linear, Scale.log_odds),
    (Ridge(), SCORE, Method.linear, Scale.value),
    (HistGradientBoostingClassifier(max_iter=5), BINARY, Method.tree, Scale.log_odds),
    (HistGradientBoostingClassifier(max_iter=5), THREE, Method.tree, Scale.log_odds),
    (HistGradientBoostingRegressor(max_iter=5), SCORE, Method.tree, Scale.value),
    (RandomForestClassifier(5, random_state=0), BINARY, Method.tree, Scale.probability),
    (GradientBoostingClassifier(n_estimators=5), BINARY, Method.tree, Scale.log_odds),
]


def classes_of(target: np.ndarray) -> tuple[object, ...]:
    return () if target is SCORE else tuple(np.unique(target).tolist())


@pytest.mark.parametrize(("model", "target", "method", "scale"), EXACT)
def test_exact_contributions_add_up_to_the_models_own_score(
    model: object, target: np.ndarray, method: Method, scale: Scale
) -> None:
    pipeline = make_pipeline(columns(dense=True), model).fit(FRAME, target)
    explainer = explainer_of(pipeline, FRAME.head(100), signature(classes_of(target)), seed=0)
    assert (explainer.method, explainer.scale) == (method, scale)
    found = explainer.explain(FRAME.tail(50))
    assert found.values.shape[1] == FRAME.shape[1]
    if scale is Scale.probability:
        score = pipeline.predict_proba(FRAME.tail(50))[:, 1]
    elif target is SCORE:
        score = pipeline.predict(FRAME.tail(50))
    else:
        score = pipeline.decision_function(FRAME.tail(50))
    assert found.adds_up_to(score)


def test_contributions_add_up_to_these_answers_and_to_no_others() -> None:
    found = Contributions(values=np.array([[[1.0], [2.0]], [[0.0], [-1.0]]]), base=np.array([0.5]))
    assert found.adds_up_to([3.5, -0.5])
    assert not found.adds_up_to([3.5, -0.501])
    assert not found.adds_up_to([[3.5, 3.5], [-0.5, -0.5]])


class Clipped(Ridge):
    """Answers otherwise than its coefficients say."""

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return np.clip(super().predict(rows), -0.5, 0.5)


@pytest.mark.parametrize(
    "model", [Clipped(), GradientBoostingRegressor(n_estimators=5, init=LinearRegression())]
)
def test_what_does_not_add_up_to_the_models_own_answers_is_sampled(model: object) -> None:
    pipeline = make_pipeline(columns(dense=True), model).fit(FRAME, SCORE)
    explainer = explainer_of(pipeline, FRAME.head(100), signature(()), seed=0)
    assert explainer.method is Method.sampled


def test_a_linear_contribution_is_coefficient_times_distance_from_the_mean() -> None:
    numbers = FRAME[["a", "b"]]
    model = LinearRegression().fit(numbers, SCORE)
    given = Signature(features=signature(()).features[:2], target="y", task="regression")
    found = explainer_of(model, numbers, given, seed=0).explain(numbers)
    by_hand = (numbers - numbers.mean()).to_numpy() * model.coef_
    np.testing.assert_allclose(found.values[:, :, 0], by_hand)


def test_coefficients_may_be_kept_sparse() -> None:
    numbers = FRAME[["a", "b"]]
    model = LogisticRegression().fit(numbers, BINARY)
    given = signature((False, True))
    two = given.model_copy(update={"features": given.features[:2]})
    dense = explainer_of(model, numbers, two, seed=0).explain(numbers)
    sparse = explainer_of(model.sparsify(), numbers, two, seed=0)
    assert sparse.method is Method.linear
    np.testing.assert_allclose(sparse.explain(numbers).values, dense.values)


def test_levels_are_summed_to_their_column_and_not_to_one_that_is_named_alike() -> None:
    model = make_pipeline(columns(), LogisticRegression()).fit(FRAME, BINARY)
    explainer = explainer_of(model, FRAME, signature((False, True)), seed=0)
    moved = FRAME.head(40).assign(shop=np.where(FRAME["shop"].head(40) == "x", "y", "x"))
    change = explainer.explain(moved).values - explainer.explain(FRAME.head(40)).values
    assert (np.abs(change).max(axis=(0, 2)) > 0).tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    "before",
    [
        PolynomialFeatures(2),
        Normalizer(),
        FunctionTransformer(lambda rows: rows @ np.ones((rows.shape[1], 2))),
    ],
    ids=["products of columns", "scaled by the row", "no names"],
)
def test_columns_that_mix_others_are_explained_by_sampling(before: object) -> None:
    model = make_pipeline(columns(dense=True), before, LogisticRegression()).fit(FRAME, BINARY)
    explainer = explainer_of(model, FRAME.head(100), signature((False, True)), seed=0)
    assert explainer.method is Method.sampled
    assert "no single column" in explainer.why


def test_trees_that_split_by_sets_of_categories_are_explained_by_sampling() -> None:
    encode = make_column_transformer((OrdinalEncoder(), ["shop"]), remainder="passthrough")
    trees = HistGradientBoostingClassifier(categorical_features=[0], max_iter=5)
    model = make_pipeline(encode, trees).fit(FRAME, BINARY)
    explainer = explainer_of(model, FRAME.head(100), signature((False, True)), seed=0)
    assert explainer.method is Method.sampled


def test_sampled_contributions_add_up_and_agree_with_exact_ones_within_their_error() -> None:
    model = make_pipeline(columns(), Ridge()).fit(FRAME, SCORE)
    given, reference, rows = signature(()), FRAME.head(100), FRAME.tail(40)
    sampled = Sampled(model=model, reference=reference, signature=given, seed=0, why="")
    found = sampled.explain(rows)
    assert found.adds_up_to(model.predict(rows))
    assert found.error is not None
    # The ten reference rows that it met stand in for all.
    exact = explainer_of(model, reference.head(10), given, seed=0).explain(rows)
    np.testing.assert_allclose(found.values, exact.values, atol=1e-9)


class Product:
    """Predicts a times b."""

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        return (rows["a"] * rows["b"]).to_numpy()


def test_both_ways_through_two_columns_are_all_there_are() -> None:
    numbers = FRAME[["a", "b"]]
    given = Signature(features=signature(()).features[:2], target="y", task="regression")
    rows, met = numbers.tail(40).to_numpy(), numbers.head(10).to_numpy()
    sampled = Sampled(model=Product(), reference=numbers, signature=given, seed=0, why="")
    found = sampled.explain(numbers.tail(40))
    # Shapley's value of a in a b, against each reference row.
    by_hand = (rows[:, None, 0] - met[:, 0]) * (rows[:, None, 1] + met[:, 1]) / 2
    np.testing.assert_allclose(found.values[:, 0, 0], by_hand.mean(axis=1))
    assert found.error is not None
    deviation = by_hand.std(axis=1, ddof=1)
    np.testing.assert_allclose(found.error[:, 0, 0], deviation / np.sqrt(10))


def test_answers_that_are_not_finite_for_mixed_rows_are_told() -> None:
    class Inverse(Product):
        def predict(self, rows: pd.DataFrame) -> np.ndarray:
            return 1 / (rows["a"] == rows["b"]).to_numpy(dtype=np.float64)

    twins = pd.DataFrame({"a": FRAME["a"], "b": FRAME["a"]})
    given = Signature(features=signature(()).features[:2], target="y", task="regression")
    sampled = Sampled(model=Inverse(), reference=twins, signature=given, seed=0, why="")
    with np.errstate(divide="ignore"), pytest.raises(DataError, match="mix the values of several"):
        sampled.explain(twins.head(3))


def test_missing_values_that_are_passed_on_mix_nothing() -> None:
    gaps = FRAME.assign(a=FRAME["a"].mask(FRAME.index % 7 == 0))
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["shop"]), remainder="passthrough"
    )
    model = make_pipeline(encode, HistGradientBoostingRegressor(max_iter=5)).fit(gaps, SCORE)
    assert explainer_of(model, gaps.head(100), signature(()), seed=0).method is Method.tree


def test_permutation_importance_finds_the_columns_that_matter() -> None:
    model = make_pipeline(columns(), LogisticRegression()).fit(FRAME, BINARY)
    losses = {loss.feature: loss for loss in described(model).permutation.losses}
    assert losses["a"].low is not None
    assert losses["a"].low > 0
    noise = losses["b"]
    assert noise.low is not None
    assert noise.high is not None
    assert noise.low < 0.01
    assert max(losses, key=lambda name: losses[name].value or 0) == "a"


def test_more_loss_is_worse_whichever_way_the_metric_goes() -> None:
    model = make_pipeline(columns(), LogisticRegression()).fit(FRAME, BINARY)
    first, *others = described(model, metric=Metric.log_loss).permutation.losses
    assert first.feature == "a"
    assert first.low is not None
    assert first.low > 0
    values = [loss.value or 0 for loss in (first, *others)]
    assert values == sorted(values, reverse=True)


def test_more_shuffles_leave_the_chance_of_the_rows() -> None:
    model = make_pipeline(columns(), LogisticRegression()).fit(FRAME, BINARY)

    def width(repeats: int) -> float:
        config = CONFIG.model_copy(update={"repeats": repeats})
        losses = described(model, config=config).permutation.losses
        (a,) = (loss for loss in losses if loss.feature == "a")
        return (a.high or 0) - (a.low or 0)

    assert 0.5 < width(40) / width(3) < 1


def test_an_example_is_the_row_it_names_and_importances_are_in_order() -> None:
    model = make_pipeline(columns(), LogisticRegression()).fit(FRAME, BINARY)
    found = described(model)
    codes = ReasonCodes.of(model, signature((False, True)), found)
    for example in found.examples:
        row = FRAME.iloc[example.row].to_dict()
        reasons = {reason.feature: (reason.contribution,) for reason in codes.reasons(row, 4)}
        assert example.contributions == reasons
    importances = [importance.value for importance in found.importances]
    assert importances == sorted(importances, reverse=True)


def described(
    model: object,
    seed: int = 0,
    *,
    metric: Metric = Metric.roc_auc,
    config: ExplainConfig = CONFIG,
    target: np.ndarray = BINARY,
) -> Explanation:
    table = pa.Table.from_pandas(FRAME.assign(y=target), preserve_index=False)
    given = signature(classes_of(target))
    return explain(model, table, given, config, metric=metric, seed=seed)


@pytest.mark.parametrize("model", [LogisticRegression(), KNeighborsClassifier()])
def test_an_explanation_is_the_same_bytes_again(model: object) -> None:
    fitted = make_pipeline(columns(), model).fit(FRAME, BINARY)
    first, second = (canonical_json(described(fitted).model_dump(mode="json")) for _ in range(2))
    assert first == second
    assert Explanation.parse(first).seed == 0


def test_no_row_of_the_data_can_be_read_from_the_reference() -> None:
    fitted = make_pipeline(columns(), LogisticRegression()).fit(FRAME, BINARY)
    reference = described(fitted).reference
    rows = set(FRAME[["a", "b"]].itertuples(index=False, name=None))
    assert not rows & set(zip(reference["a"], reference["b"], strict=True))


def test_reasons_are_the_strongest_contributions_of_one_row() -> None:
    fitted = make_pipeline(columns(), LogisticRegression()).fit(FRAME, BINARY)
    codes = ReasonCodes.of(fitted, signature((False, True)), described(fitted))
    first, second = codes.reasons({"a": 3.0, "b": 0.0, "shop": "y", "shop_x": 0.0}, 2)
    assert (first.feature, first.value) == ("a", 3.0)
    assert first.contribution > abs(second.contribution) > 0
    assert first.error is None
    (against,) = codes.reasons({"a": -3.0, "b": 0.0, "shop": "y", "shop_x": 0.0}, 1)
    assert against.feature == "a"
    assert against.contribution < 0


def test_reasons_are_of_the_class_that_is_asked_for() -> None:
    fitted = make_pipeline(columns(), LogisticRegression()).fit(FRAME, THREE)
    found = described(fitted, metric=Metric.accuracy, target=THREE)
    codes = ReasonCodes.of(fitted, signature((0, 1, 2)), found)
    row = {"a": 3.0, "b": 0.0, "shop": "y", "shop_x": 0.0}
    lowest, highest = (codes.reasons(row, 1, output=output)[0] for output in (0, 2))
    assert lowest.contribution < 0 < highest.contribution
