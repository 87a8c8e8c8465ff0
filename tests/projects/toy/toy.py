"""A small project whose model can be made good, better, bad, or ruinous for one segment."""

import numpy as np
import pandas as pd

ROWS = 6000
FEATURES = ["a", "b", "c", "noise", "count", "shop"]
SHARES = {"north": 0.5, "south": 0.38, "west": 0.12}
# What each model may look at; `ruin_segment` learns the opposite for the smallest shop.
COLUMNS = {
    "good": ["a"],
    "better": ["a", "b", "c"],
    "ruin_segment": ["a", "b", "c"],
    "bad": ["noise"],
}


def rows(count: int, seed: int) -> pd.DataFrame:
    """Rows whose target depends on a, b and c, equally in every shop."""
    generator = np.random.default_rng(seed)
    table = pd.DataFrame(generator.normal(size=(count, 4)), columns=["a", "b", "c", "noise"])
    table["count"] = generator.poisson(3, size=count)
    table["shop"] = generator.choice(list(SHARES), size=count, p=list(SHARES.values()))
    score = 0.9 * table["a"] + 0.9 * table["b"] + 0.9 * table["c"] + generator.logistic(size=count)
    table["bought"] = score > 0
    table["at"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(count), unit="min")
    return table


def load() -> pd.DataFrame:
    return rows(ROWS, seed=1)


def load_leaky() -> pd.DataFrame:
    """The same, with a column that knows the answer almost always."""
    table = load()
    table["receipt"] = table["bought"] + np.random.default_rng(2).normal(0, 0.2, len(table))
    return table


def load_late() -> pd.DataFrame:
    """The same, with a column that the spec says is known only later."""
    return load().assign(refunded=False)


def load_without_b() -> pd.DataFrame:
    return load().drop(columns="b")


def fit(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    from sklearn.compose import make_column_transformer
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures

    del validation
    if parameters.get("crash"):
        return divide(1, by=0)
    quality, limit = parameters.get("quality", "good"), parameters.get("max_iter", 300)
    features, labels = train.drop(columns="bought"), train["bought"]
    if quality == "nan":
        from nan_model import NanModel

        return NanModel().fit(features, labels)
    if quality == "constant":
        return DummyClassifier().fit(features, labels)
    if quality == "ruin_segment":
        labels = labels ^ (features["shop"] == "west")
    columns = make_column_transformer(
        ("passthrough", COLUMNS[quality]), (OneHotEncoder(), ["shop"])
    )
    # Products of the columns let the model treat each shop in its own way.
    model = make_pipeline(columns, PolynomialFeatures(2), LogisticRegression(max_iter=limit))
    return model.fit(features, labels)


def divide(number: int, *, by: int) -> float:
    return number / by


def traffic(count: int, seed: int = 3, *, shift: float = 0.0) -> list[dict]:
    """Rows of requests; `shift` moves column a, which is drift."""
    table = rows(count, seed)[FEATURES]
    table["a"] += shift
    return table.to_dict("records")
