"""What a step of a SageMaker pipeline asks for: the input of an operation that starts a job.

Beyond the shape of the operation: what its fields demand of one another. Source: Amazon SageMaker
API Reference, the pages of the operations.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracles.botocore_shapes import check_shape, operation_of
from tests.oracles.finding import Finding, judged

LAYER = "rules"
JOBS = {
    "Processing": ("CreateProcessingJob", "ProcessingJobName", "DescribeProcessingJob"),
    "Training": ("CreateTrainingJob", "TrainingJobName", "DescribeTrainingJob"),
    "Tuning": (
        "CreateHyperParameterTuningJob",
        "HyperParameterTuningJobName",
        "DescribeHyperParameterTuningJob",
    ),
    "Transform": ("CreateTransformJob", "TransformJobName", "DescribeTransformJob"),
    "Model": ("CreateModel", "ModelName", "DescribeModel"),
    "RegisterModel": ("CreateModelPackage", "ModelPackageName", "DescribeModelPackage"),
}
"""By type of step: the operation of its arguments, the name SageMaker gives, what it answers."""


def check_request(kind: str, arguments: Any, at: str) -> Iterator[Finding]:
    """Everything wrong with the arguments of a step that starts a job.

    Args:
        kind: type of the step, one of `JOBS`.
        arguments: its arguments, with every reference replaced.
        at: where they stand.
    """
    operation, name, _ = JOBS[kind]
    # The name is SageMaker's to give; the shape wants one.
    body = {name: "name", **arguments} if kind != "RegisterModel" else arguments
    shape = operation_of("sagemaker", operation).input_shape
    yield from check_shape("sagemaker", shape, body, at)
    definitions = [arguments] if kind == "Training" else []
    if kind == "Processing":
        yield from _twice(inputs_of(arguments), f"{at}.ProcessingInputs")
        yield from _twice(outputs_of(arguments), f"{at}.ProcessingOutputConfig.Outputs")
    if kind == "Tuning":
        definitions = [arguments.get("TrainingJobDefinition", {})]
        yield from _objective(arguments, at)
    for definition in definitions:
        yield from _spot(definition, at)
        yield from _metrics(definition, at)


def _spot(job: Mapping[str, Any], at: str) -> Iterator[Finding]:
    stopping = job.get("StoppingCondition") or {}
    run, wait = stopping.get("MaxRuntimeInSeconds"), stopping.get("MaxWaitTimeInSeconds")
    path = f"{at}.StoppingCondition.MaxWaitTimeInSeconds"
    if job.get("EnableManagedSpotTraining") is True:
        if not isinstance(wait, int):
            yield _found(path, "spot training needs it")
        elif isinstance(run, int) and wait < run:
            yield _found(path, f"{wait} is less than MaxRuntimeInSeconds {run}")
    elif wait is not None:
        yield _found(path, "is for spot training alone")


def _metrics(job: Mapping[str, Any], at: str) -> Iterator[Finding]:
    definitions = (job.get("AlgorithmSpecification") or {}).get("MetricDefinitions") or []
    for position, definition in enumerate(definitions):
        path = f"{at}.AlgorithmSpecification.MetricDefinitions[{position}].Regex"
        try:
            groups = re.compile(definition.get("Regex", "")).groups
        except re.error as exc:
            yield _found(path, f"is no pattern: {exc}")
            continue
        if groups != 1:
            yield _found(path, f"has {groups} groups; the value is the one group")


def _objective(arguments: Mapping[str, Any], at: str) -> Iterator[Finding]:
    config = arguments.get("HyperParameterTuningJobConfig") or {}
    wanted = (config.get("HyperParameterTuningJobObjective") or {}).get("MetricName")
    job = arguments.get("TrainingJobDefinition") or {}
    definitions = (job.get("AlgorithmSpecification") or {}).get("MetricDefinitions") or []
    known = [definition.get("Name") for definition in definitions]
    if wanted is not None and wanted not in known:
        path = f"{at}.HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName"
        yield _found(path, f"{wanted!r} is no metric of the job: {known}")


def inputs_of(arguments: Any) -> list[str]:
    """Names of the inputs of a processing job."""
    return [item.get("InputName", "") for item in arguments.get("ProcessingInputs") or []]


def outputs_of(arguments: Any) -> list[str]:
    """Names of the outputs of a processing job."""
    outputs = (arguments.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    return [item.get("OutputName", "") for item in outputs]


def _twice(names: list[str], at: str) -> Iterator[Finding]:
    for name in sorted({name for name in names if names.count(name) > 1 and judged(name)}):
        yield _found(at, f"{name!r} is there twice")


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path, what=what)
