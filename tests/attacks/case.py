"""What a run is made of, where it is attacked, and which check has to refuse it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pandas as pd

from tests.runtime.toy_run import ToyRun

Change = Callable[[pd.DataFrame], pd.DataFrame]
"""What is done to the table before it is written."""
Deed = Callable[[ToyRun], None]
"""What is done to the files of a run, or to its store."""


class Layer(StrEnum):
    """What stands between a bad release and production, in this order."""

    configuration = "configuration"
    source = "data source"
    validation = "validation"
    training = "training"
    evaluation = "evaluation"
    gate = "gate"
    registry = "registry"
    serving = "serving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run of the loans project.

    Attributes:
        name: the case in words.
        fit: function of `fits`, in the project's folder, that fits the model.
        table: changes the table; None: it is as it should be.
        config: values by dotted path, laid over `loans.CONFIG`.
        champion: which release is in production before, by its name in `scene.CHAMPIONS`; empty:
            none.
        locked: whether the table is held to the lock of the table as it should be.
        after: what is done to the files of the run after a step, by the step's name.
        environment: variables of the steps' environment.
        then: what is done after the run; it refuses, or (of an honest case) has to work.
    """

    name: str
    fit: str = "sound"
    table: Change | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    champion: str = "weak"
    locked: bool = False
    after: Mapping[str, Deed] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    then: Deed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack(Case):
    """A bad release.

    Attributes:
        layer: what has to refuse it.
        check: which check of validation or of the gate; elsewhere what the message names first,
            such as a field of the spec.
        says: a part of what has to be said of the cause.
        also: checks that may refuse it as well; any other one refuses for a wrong reason.
        ignored: a step whose refusal the attacker ignores; empty: none.
    """

    layer: Layer
    check: str
    says: str
    also: tuple[str, ...] = ()
    ignored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Honest(Case):
    """A good release: it goes into production, and no judged check fails.

    Attributes:
        stays: whether production is the same release afterwards, for a model that was there before.
        refused: checks that refuse it until `then` overrides them.
    """

    stays: bool = False
    refused: tuple[str, ...] = ()
