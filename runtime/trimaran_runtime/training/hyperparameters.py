"""Hyperparameters that the cloud hands to a training job, beside those of the configuration.

SageMaker writes them as texts into one JSON file, in a search one setting per job
("How Amazon SageMaker AI Provides Training Information", read 2026-11-24).
"""

import math
from collections.abc import Mapping
from pathlib import Path

import orjson

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.training.config import Scalar, SearchRange, TrainingConfig

PATH = Path("/opt/ml/input/config/hyperparameters.json")
"""Where SageMaker writes them."""
VARIABLE = "TRIMARAN_HYPERPARAMETERS"
"""Environment variable that names another file."""
_OF_THE_SERVICE = ("_", "sagemaker_")
"""Beginnings of names that are SageMaker's own: `_tuning_objective_metric`."""
_BOOLEANS = {"true": True, "false": False}


def given_hyperparameters(environ: Mapping[str, str]) -> dict[str, str]:
    """The texts by name; empty where the cloud hands over none.

    Raises:
        ConfigError: the file is not what it has to be.
    """
    path = Path(environ.get(VARIABLE) or PATH)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as exc:
        raise ConfigError(f"not JSON: {exc}", where=str(path)) from exc
    if not isinstance(document, dict):
        raise ConfigError("no JSON object", where=str(path), allowed='{"name": "value", …}')
    return {
        name: text if isinstance(text, str) else orjson.dumps(text).decode()
        for name, text in document.items()
        if not name.startswith(_OF_THE_SERVICE)
    }


def merged(config: TrainingConfig, given: Mapping[str, str]) -> TrainingConfig:
    """The configuration with its parameters replaced by the given ones.

    A text becomes what the searched space or else the configured parameter of that name says it
    is: a whole number, a number, true or false, one of the choices, or text.

    Raises:
        ConfigError: a name is neither searched nor configured, or a text is no such value.
    """
    if not given:
        return config
    space = config.tune.space if config.tune else {}
    parameters: dict[str, Scalar] = dict(config.parameters)
    for name, text in given.items():
        if name in space:
            parameters[name] = _searched(name, text, space[name])
        elif name in config.parameters:
            parameters[name] = _like(name, text, config.parameters[name])
        else:
            raise ConfigError(
                f"the job was given the hyperparameter {name!r}, which nobody declared",
                where="pipeline.parameters",
                allowed=", ".join([*space, *config.parameters]) or "none is declared",
            )
    return config.model_copy(update={"parameters": parameters})


def _searched(name: str, text: str, dimension: SearchRange) -> Scalar:
    if dimension.choices is not None:
        for choice in dimension.choices:
            if text in {str(choice), orjson.dumps(choice).decode()}:
                return choice
        raise _no_value(name, text, "one of " + ", ".join(map(repr, dimension.choices)))
    return _whole(name, text) if dimension.integer else _number(name, text)


def _like(name: str, text: str, example: Scalar) -> Scalar:
    # A boolean is an int to Python, so it is asked first.
    if isinstance(example, bool):
        if text.lower() not in _BOOLEANS:
            raise _no_value(name, text, "true or false")
        return _BOOLEANS[text.lower()]
    if isinstance(example, int):
        return _whole(name, text)
    if isinstance(example, float):
        return _number(name, text)
    return text


def _whole(name: str, text: str) -> int:
    number = _number(name, text)
    if not number.is_integer():
        raise _no_value(name, text, "a whole number")
    # Not through the float where it can be helped: large integers would lose digits.
    return int(text) if text.lstrip("+-").isdecimal() else int(number)


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _no_value(name, text, "a number")
    return number


def _no_value(name: str, text: str, allowed: str) -> ConfigError:
    return ConfigError(
        f"hyperparameter {name!r} was given as {text!r}",
        where="pipeline.tune.space",
        allowed=allowed,
    )
