"""Ways to fit a model of the loans: sound ones, and every way to get it wrong."""

import os

import numpy as np
import pandas as pd
import rogues
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, PolynomialFeatures

TARGET = "repaid"
NUMBERS = ["income", "debt", "years", "age", "savings"]


def numbers_of(train: pd.DataFrame, *names: str) -> list[str]:
    return [name for name in names or NUMBERS if name in train]


def logistic(train: pd.DataFrame, *names: str, labels: pd.Series | None = None) -> object:
    columns = make_column_transformer((SimpleImputer(), numbers_of(train, *names)))
    model = make_pipeline(columns, LogisticRegression())
    return model.fit(train.drop(columns=TARGET), train[TARGET] if labels is None else labels)


def weak(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    """Looks at one column."""
    return logistic(train, "income")


def sound(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    return logistic(train)


def rounded(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    """Sound in all but a column of little use."""
    return logistic(train, "income", "debt", "years", "savings")


def same_answers(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    """Weak in another file: a step more that changes nothing."""
    model = make_pipeline(FunctionTransformer(), *weak(train, validation, parameters))
    return model.fit(train.drop(columns=TARGET), train[TARGET])


def of_noise(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    return logistic(train, "noise")


def shuffled(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    """Loses which label belongs to which row, as a merge on a wrong index does."""
    return logistic(train, labels=np.random.default_rng(5).permutation(train[TARGET]))


def inverted(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    return logistic(train, labels=~train[TARGET])


def memorised(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    """Knows its training rows by heart."""
    numbers = numbers_of(train, "noise", "age")
    columns = make_column_transformer((SimpleImputer(), numbers))
    model = make_pipeline(columns, RandomForestClassifier(30, random_state=0, n_jobs=1))
    return model.fit(train.drop(columns=TARGET), train[TARGET])


def constant(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    return DummyClassifier().fit(train.drop(columns=TARGET), train[TARGET])


def ruins_west(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    """Leans to the opposite for the smallest region, and knows more than before of the others."""
    columns = make_column_transformer(
        ("passthrough", numbers_of(train)), (OneHotEncoder(), ["region"])
    )
    model = make_pipeline(columns, PolynomialFeatures(2), LogisticRegression(max_iter=500))
    turned = np.random.default_rng(5).random(len(train)) < 0.57
    labels = train[TARGET] ^ ((train["region"] == "west") & turned)
    return model.fit(train.drop(columns=TARGET), labels)


def unseeded(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    seed = int.from_bytes(os.urandom(4), "big")
    columns = make_column_transformer((SimpleImputer(), numbers_of(train)))
    model = make_pipeline(columns, RandomForestClassifier(20, max_depth=6, random_state=seed))
    return model.fit(train.drop(columns=TARGET), train[TARGET])


def rogue(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    """A sound model inside of the class that the parameter `rogue` names."""
    wrapper = getattr(rogues, parameters["rogue"])
    return wrapper(logistic(train)).fit(train.drop(columns=TARGET), train[TARGET])


def holds_a_lambda(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    columns = make_column_transformer((FunctionTransformer(lambda rows: rows * 2), ["income"]))
    model = make_pipeline(columns, LogisticRegression())
    return model.fit(train.drop(columns=TARGET), train[TARGET])


def predictions_only(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    """Returns answers in place of the model."""
    return logistic(train).predict(validation.drop(columns=TARGET))


def raises(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    return logistic(train, "no_such_column").fit(train[["no_such_column"]], train[TARGET])


def regression(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    columns = make_column_transformer((SimpleImputer(), numbers_of(train)))
    model = make_pipeline(columns, LinearRegression())
    return model.fit(train.drop(columns=TARGET), train[TARGET])


def with_text(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    columns = make_column_transformer(
        (SimpleImputer(), numbers_of(train)), (HashingVectorizer(n_features=64), "note")
    )
    model = make_pipeline(columns, LogisticRegression())
    return model.fit(train.drop(columns=TARGET), train[TARGET])


def by_branch(train: pd.DataFrame, validation: pd.DataFrame, parameters: dict) -> object:
    """Encodes the branch on the training rows alone."""
    from sklearn.preprocessing import TargetEncoder

    columns = make_column_transformer(
        (SimpleImputer(), numbers_of(train)), (TargetEncoder(random_state=0), ["branch"])
    )
    model = make_pipeline(columns, LogisticRegression())
    return model.fit(train.drop(columns=TARGET), train[TARGET])
