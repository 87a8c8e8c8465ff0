"""What every setting is tried on: the rows, the code or the learner, and the configuration."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimaran_runtime.config import RunConfig
from trimaran_runtime.data.features import feature_names, to_frame
from trimaran_runtime.data.parquet import read_parquet
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.training.config import Scalar
from trimaran_runtime.training.learner.auto import fit_setting
from trimaran_runtime.training.learner.portfolio import LEARNER, PORTFOLIO, Ask
from trimaran_runtime.training.learner.preparation import Columns, columns_of
from trimaran_runtime.training.seeds import seed_everything
from trimaran_runtime.training.signature import signature_of
from trimaran_runtime.training.trial import UNWATCHED, Trial
from trimaran_runtime.training.validation_metric import fitting_metric, validation_metric
from trimaran_runtime.user_code import UserCode

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BUILT_IN = "the built-in learner"
_TRIAL = "trial"
"""Argument by which a function asks for its trial."""


@dataclass(frozen=True)
class Experiment:
    """One table, split, and one way to fit it.

    Attributes:
        code: the user's code.
        train: rows for fitting, in normal form.
        validation: rows for choosing.
        config: the run's configuration.
        threads: processors that a built-in learner may use; no result depends on it.
    """

    code: UserCode
    train: "pa.Table"
    validation: "pa.Table"
    config: RunConfig
    threads: int = 1

    @classmethod
    def open(cls, code: Path, splits: Path, config: RunConfig, *, threads: int) -> "Experiment":
        """Read the rows of a split folder."""
        return cls(
            UserCode(code),
            read_parquet(splits / "train.parquet"),
            read_parquet(splits / "validation.parquet"),
            config,
            threads,
        )

    @property
    def name(self) -> str:
        """Who fits, for messages: `module:function`, or the built-in learner."""
        return self.config.training.train or _BUILT_IN

    @property
    def is_built_in(self) -> bool:
        """Whether a built-in learner fits."""
        return self.config.training.train is None

    @property
    def metric(self) -> Metric:
        """The metric that settings are compared by; where none is named for it, the gate's.

        Raises:
            ConfigError: it is no metric of the task.
        """
        data, tune = self.config.data, self.config.training.tune
        if tune is not None and tune.metric is not None:
            return fitting_metric(tune.metric, data.task, where="pipeline.tune.metric")
        return fitting_metric(self.config.gate.metric, data.task, where="gate.metric")

    @cached_property
    def features(self) -> list[str]:
        """The feature columns, in order."""
        return feature_names(self.config.data, self.train.column_names)

    @cached_property
    def columns(self) -> Columns:
        """The feature columns, as the built-in learners read them."""
        return columns_of(self.train, self.features)

    @cached_property
    def frames(self) -> "tuple[pd.DataFrame, pd.DataFrame]":
        """Training and validation rows of exactly the features and the target."""
        names = [*self.features, self.config.data.target]
        return to_frame(self.train, names), to_frame(self.validation, names)

    def fit(self, parameters: Mapping[str, Scalar], trial: Trial = UNWATCHED) -> Any:
        """A fitted model; every generator is seeded before.

        Raises:
            ConfigError: there is no such function, or no such setting.
            UserCodeError: it raised.
            Pruned: the trial ends early.
        """
        function = None if self.is_built_in else self.code.function(self.name)
        seed_everything(self.config.training.seed)
        if function is None:
            return self._learned(parameters, trial)
        # Copies: what one trial does to its rows is not the next one's business.
        train, validation = (frame.copy() for frame in self.frames)
        named = {_TRIAL: trial} if _asks_for_trial(function) else {}
        with self.code.told_as_its_own(self.name):
            return function(train, validation, dict(parameters), **named)

    def signature(self, model: Any) -> Signature:
        """What a model takes and gives; raises ConfigError where it lacks what its task needs."""
        signature = signature_of(model, self.train, self.features, self.config.data)
        _refuse_other_classes(signature.classes, self.train, signature.target)
        return signature

    def measure(self, parameters: Mapping[str, Scalar], trial: Trial) -> float:
        """Fit a setting and measure it on the validation rows; NaN where that is undefined."""
        model = self.fit(parameters, trial)
        return self._value(model)

    def refuse_impossible(self) -> None:
        """Refuse a configuration that names no way to fit, or two.

        Raises:
            ConfigError: says which fields.
        """
        training = self.config.training
        if (training.train is None) == (training.learner is None):
            raise ConfigError(
                "takes exactly one of train and learner", where="pipeline", allowed="one of the two"
            )
        if training.learner is not None and training.parameters:
            raise ConfigError(
                "the built-in learner brings its own hyperparameters",
                where="pipeline.parameters",
                next_step="leave it out, or name a function of yours in pipeline.train",
            )

    def _value(self, model: Any) -> float:
        # Of a model whose predictions are not numbers nothing is known.
        value = validation_metric(
            self.code, model, self.signature(model), self.validation, self.metric
        )
        return value if math.isfinite(value) else math.nan

    def _learned(self, parameters: Mapping[str, Scalar], trial: Trial) -> Any:
        data, (train, validation) = self.config.data, self.frames
        _refuse_unknown_learner(parameters)
        if len(self.columns.dropped) == len(self.features):
            raise ConfigError(
                f"there is no column to learn from (of {len(self.features)})",
                where="data",
                next_step="give columns beside the target, the time and ids",
            )
        ask = Ask(
            columns=self.columns,
            task=data.task,
            seed=self.config.training.seed,
            threads=self.threads,
        )
        return fit_setting(
            ask,
            train,
            data.target,
            parameters,
            validation=validation,
            trial=trial,
            measure=self._value,
        )


def _asks_for_trial(function: Callable[..., Any]) -> bool:
    try:
        return _TRIAL in inspect.signature(function).parameters
    except ValueError:
        # Some callables written in C tell no signature.
        return False


def _refuse_unknown_learner(parameters: Mapping[str, Scalar]) -> None:
    known = [learner.name for learner in PORTFOLIO]
    if parameters.get(LEARNER) not in known:
        raise ConfigError(
            f"there is no learner {parameters.get(LEARNER)!r}",
            where=f"parameters.{LEARNER}",
            allowed=", ".join(known),
        )


def _refuse_other_classes(classes: tuple[Any, ...], train: "pa.Table", target: str) -> None:
    import pyarrow.compute as pc

    if not classes:
        return
    labels = set(pc.unique(train.column(target)).to_pylist())
    if set(classes) != labels:
        raise ConfigError(
            f"the model's classes are {_listed(classes)}, the target's {_listed(labels)}",
            where="pipeline.train",
            next_step="fit on the target as it is, without encoding it",
        )


def _listed(labels: Any) -> str:
    return ", ".join(sorted(repr(label) for label in labels))
