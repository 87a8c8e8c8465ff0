"""Fits the user's model, and makes sure that what is saved is what was fitted."""

import random
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import TYPE_CHECKING, Any

from trimaran_runtime.config import RunConfig
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.features import feature_names, to_frame
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.training.config import TrainingConfig
from trimaran_runtime.training.model_file import dump_model, load_model_bytes, trusted_types
from trimaran_runtime.training.record import TrainingRecord
from trimaran_runtime.training.signature import signature_of
from trimaran_runtime.user_code import UserCode

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_CHECKED_ROWS = 1000
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "skops", "pandas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fitted model, as bytes, and its record."""

    content: bytes
    record: TrainingRecord


def function_name(config: TrainingConfig, *, is_trial: bool = False) -> str:
    """`module:function` that fits.

    Args:
        config: the configuration.
        is_trial: whether the cloud searches, and this is one setting of the search.

    Raises:
        ConfigError: it asks for what is not possible here.
    """
    if config.tune is not None and not is_trial:
        raise ConfigError(
            "hyperparameter search is not possible here",
            where="pipeline.tune",
            next_step="leave it out, and give pipeline.parameters",
        )
    if config.train is None:
        raise ConfigError(
            f"learner {config.learner!r} is not possible here",
            where="pipeline.learner",
            allowed="pipeline.train: module:function",
        )
    return config.train


def fit_model(
    code: UserCode,
    train: "pa.Table",
    validation: "pa.Table",
    config: RunConfig,
    *,
    is_trial: bool = False,
) -> Fitted:
    """Fit and save.

    The function is called as `fit(train, validation, parameters)` with pandas frames of exactly
    the features and the target. The generators of `random` and NumPy are seeded before.

    Args:
        code: the user's code, which holds the function.
        train: rows for fitting.
        validation: rows for early stopping and the like.
        config: the run's configuration.
        is_trial: whether the cloud searches, and this is one setting of the search.

    Raises:
        ConfigError: there is no such function, or what it returned is not usable or cannot be
            saved safely.
        UserCodeError: it raised.
    """
    import numpy as np

    training, data = config.training, config.data
    name = function_name(training, is_trial=is_trial)
    fit = code.function(name)
    features = feature_names(data, train.column_names)
    columns = [*features, data.target]
    frames = to_frame(train, columns), to_frame(validation, columns)
    random.seed(training.seed)
    # The user's code may use NumPy's global generator, so that is the one to seed.
    np.random.seed(training.seed)  # noqa: NPY002
    with code.told_as_its_own(name):
        model = fit(*frames, dict(training.parameters))
    signature = signature_of(model, train, features, data)
    _refuse_other_classes(signature.classes, train, data)
    content = dump_model(model)
    trusted = trusted_types(content, training.trusted_types)
    with code.told_as_its_own(f"{name}: the fitted model"):
        _refuse_changed(model, content, trusted, frames[0][features].head(_CHECKED_ROWS))
    record = TrainingRecord(
        signature=signature,
        trusted_types=trusted,
        estimator=f"{type(model).__module__}.{type(model).__qualname__}",
        parameters=training.parameters,
        seed=training.seed,
        versions=_versions(),
    )
    return Fitted(content=content, record=record)


def _refuse_other_classes(classes: tuple[Any, ...], train: "pa.Table", data: DataConfig) -> None:
    import pyarrow.compute as pc

    if not classes:
        return
    labels = set(pc.unique(train.column(data.target)).to_pylist())
    if set(classes) != labels:
        raise ConfigError(
            f"the model's classes are {_listed(classes)}, the target's {_listed(labels)}",
            where="pipeline.train",
            next_step="fit on the target as it is, without encoding it",
        )


def _refuse_changed(
    model: Any, content: bytes, trusted: tuple[str, ...], rows: "pd.DataFrame"
) -> None:
    """Refuse a model that predicts otherwise once it was saved and read back."""
    import numpy as np

    again = load_model_bytes(content, trusted)
    method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    before, after = getattr(model, method)(rows), getattr(again, method)(rows)
    if not np.array_equal(np.asarray(before), np.asarray(after), equal_nan=True):
        raise ConfigError(
            f"the {type(model).__name__} predicts otherwise after it was saved and read back",
            where="pipeline.train",
            next_step="look for state that its attributes do not hold, or for random predictions",
        )


def _versions() -> dict[str, str]:
    found = {"python": python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _listed(labels: Any) -> str:
    return ", ".join(sorted(repr(label) for label in labels))
