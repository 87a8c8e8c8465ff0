"""Makes a fitted model into a file, and makes sure that what is saved is what was fitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import TYPE_CHECKING, Any

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.evaluation.predictions import Predictions, predict
from trimaran_runtime.training.config import Scalar
from trimaran_runtime.training.experiment import Experiment
from trimaran_runtime.training.model_file import dump_model, load_model_bytes, trusted_types
from trimaran_runtime.training.record import TrainingRecord

if TYPE_CHECKING:
    import pandas as pd

    from trimaran_runtime.registry.release import Signature

_CHECKED_ROWS = 1000
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "skops", "pandas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fitted model, as bytes, and its record."""

    content: bytes
    record: TrainingRecord


def fit_model(experiment: Experiment, parameters: Mapping[str, Scalar]) -> Fitted:
    """Fit one setting on the training rows, and save the model.

    Args:
        experiment: the rows, and what fits them.
        parameters: the setting.

    Raises:
        ConfigError: there is no such function, or what it returned is not usable or cannot be
            saved safely.
        UserCodeError: it raised.
        DataError: it does not give one answer per row.
    """
    code, name, training = experiment.code, experiment.name, experiment.config.training
    model = experiment.fit(parameters)
    signature = experiment.signature(model)
    content = dump_model(model)
    trusted = trusted_types(content, training.trusted_types)
    rows = experiment.frames[0][experiment.features].head(_CHECKED_ROWS)
    with code.told_as_its_own(f"{name}: the fitted model"):
        _refuse_changed(model, content, trusted, rows)
        answers = _answers(model, rows, signature)
    notes = experiment.columns.notes if experiment.is_built_in else ()
    record = TrainingRecord(
        signature=signature,
        trusted_types=trusted,
        estimator=f"{type(model).__module__}.{type(model).__qualname__}",
        parameters=dict(parameters),
        seed=training.seed,
        versions=_versions(),
        notes=(*notes, *_not_finite(answers)),
    )
    return Fitted(content=content, record=record)


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


def _answers(model: Any, rows: "pd.DataFrame", signature: "Signature") -> Predictions:
    """What the model says of a few training rows; refuses labels that are no class of it."""
    answers = predict(model, rows, signature)
    if answers.labels is not None and (answers.labels < 0).any():
        import numpy as np

        said = np.asarray(model.predict(rows)).reshape(-1)[answers.labels < 0].tolist()[0]
        raise ConfigError(
            f"the model predicts {said!r}, which is none of its classes",
            where="pipeline.train",
            allowed=", ".join(map(repr, signature.classes)),
            next_step="let predict give the labels that classes_ holds",
        )
    return answers


def _not_finite(answers: Predictions) -> tuple[str, ...]:
    """A note where predictions are not finite: the gate judges them, this tells it early."""
    bad = int((~answers.finite).sum())
    if not bad:
        return ()
    return (f"{bad} of {len(answers.scores)} predictions on training rows are not finite",)


def _versions() -> dict[str, str]:
    found = {"python": python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
