"""Bodies in a pipeline definition against the request shapes of the SageMaker API.

botocore's validator checks neither enums nor patterns nor ranges of text; the model has them.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
import regex
from botocore.model import ServiceModel, Shape

OPERATIONS = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "Tuning": "CreateHyperParameterTuningJob",
}
_NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


@cache
def sagemaker() -> ServiceModel:
    return botocore.session.Session().get_service_model("sagemaker")


def findings(step: Mapping[str, Any]) -> list[str]:
    """Everything that the API would refuse of a step's arguments."""
    operation = sagemaker().operation_model(OPERATIONS[step["Type"]])
    return list(walk(operation.input_shape, in_a_run(step["Arguments"]), step["Name"]))


def request_findings(operation: str, body: Mapping[str, Any]) -> list[str]:
    """The same for a request of our own."""
    return list(walk(sagemaker().operation_model(operation).input_shape, body, operation))


def in_a_run(value: Any) -> Any:
    """A definition's value as a run sees it: expressions replaced by what they stand for."""
    if isinstance(value, list):
        return [in_a_run(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Std:Join" in value:
        join = value["Std:Join"]
        return join["On"].join(in_a_run(item) for item in join["Values"])
    if "Get" in value:
        return _got(value["Get"])
    return {name: in_a_run(item) for name, item in value.items()}


def _got(name: str) -> str:
    if name.startswith("Steps.") and not name.endswith("TrainingJobName"):
        return "s3://store/runs/abcdefghijkl/x"
    return "abcdefghijkl"


def walk(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        missing = [n for n in shape.required_members if n not in value and not _made(shape, n)]
        yield from (f"{path}: lacks {name}" for name in missing)
        yield from (f"{path}: has no {name}" for name in value.keys() - shape.members.keys())
        for name in value.keys() & shape.members.keys():
            yield from walk(shape.members[name], value[name], f"{path}.{name}")
    elif kind == "list":
        yield from _sized(shape, len(value), path)
        for item in value:
            yield from walk(shape.member, item, f"{path}[]")
    elif kind == "map":
        yield from _sized(shape, len(value), path)
        for key, item in value.items():
            yield from walk(shape.key, key, f"{path} key")
            yield from walk(shape.value, item, f"{path}.{key}")
    elif kind == "string":
        yield from _text(shape, value, path)
    elif kind in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, _NUMBERS[kind]):
            yield f"{path}: {value!r} is no {kind}"
        else:
            yield from _sized(shape, value, path)
    elif kind == "boolean" and not isinstance(value, bool):
        yield f"{path}: {value!r} is no boolean"


def _made(shape: Any, name: str) -> bool:
    """A search's name is left to SageMaker: see `training_definition`."""
    token = shape.members[name].metadata.get("idempotencyToken")
    return bool(token) or name == "HyperParameterTuningJobName"


def _text(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{path}: {value!r} is no string"
        return
    if shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is not allowed"
    pattern = shape.metadata.get("pattern")
    if pattern and not regex.fullmatch(pattern, value):
        yield f"{path}: {value!r} does not match {pattern}"
    yield from _sized(shape, len(value), path)


def _sized(shape: Any, size: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"{path}: {size} is not {least} to {most}"
