"""The step that trains: one training job, or a search that runs many.

Shapes: `CreateTrainingJob`, `CreateHyperParameterTuningJob` (botocore 1.44.8).
"""

from collections.abc import Mapping
from typing import Any

from trimaran_providers.aws.step_definition import (
    COMMAND,
    JobFacts,
    Machine,
    Value,
    arguments,
    joined,
    training_body,
)
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.steps.ports import Ports
from trimaran_runtime.training.config import SearchRange, Tune

_CHANNELS = "/opt/ml/input/data"
_MODEL = "/opt/ml/model"
_CHECKPOINTS = "/opt/ml/checkpoints"
_FAILURE = "/opt/ml/output/failure"
"""What a training job writes here is its failure reason (Developer Guide, "How Amazon SageMaker
processes training output", read 2026-11-24)."""
METRIC = "validation_metric"
"""Metric that a search goes by, as the train step prints it."""
_REGEX = r"validation_metric=([0-9.eE+-]+)"
_SEEDS = 1 << 31
"""A search takes seeds below this; the spec's go to 2^32."""


def training_step(
    ports: Ports,
    facts: JobFacts,
    machine: Machine,
    sources: Mapping[str, Value],
    parameters: Mapping[str, Value],
) -> dict[str, Any]:
    """The step as one training job, whose checkpoints a spot interruption finds again."""
    body = training_body(ports, facts, machine, sources)
    body["TrainingJobName"] = facts.job_name(ports.name)
    body["AlgorithmSpecification"] |= {
        "ContainerEntrypoint": list(COMMAND),
        "ContainerArguments": arguments(
            ports,
            inputs=_CHANNELS,
            outputs={"model": _MODEL},
            parameters=parameters,
            message=_FAILURE,
        ),
    }
    if machine.spot:
        # A folder per run: what another run left is another model.
        body["CheckpointConfig"] = {
            "S3Uri": facts.of_run("checkpoints"),
            "LocalPath": _CHECKPOINTS,
        }
    body["Tags"] = facts.tag_list()
    return {"Name": ports.name, "Type": "Training", "Arguments": body}


def trained_model(step: str) -> Value:
    """URI of the model.tar.gz of a training step."""
    return {"Get": f"Steps.{step}.ModelArtifacts.S3ModelArtifacts"}


def tuning_step(
    ports: Ports,
    facts: JobFacts,
    machine: Machine,
    sources: Mapping[str, Value],
    *,
    tune: Tune,
    metric: Metric,
    seed: int,
) -> dict[str, Any]:
    """The step as a search.

    A search's jobs take no command: SageMaker calls the image with `train`, which
    `trimaran-runtime` puts on the path. They share no checkpoints, which would be other models'.
    `metric` is what it goes by where `tune` names none.
    """
    body = training_body(ports, facts, machine, sources)
    body["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": METRIC, "Regex": _REGEX}]
    limits: dict[str, int] = {
        "MaxNumberOfTrainingJobs": tune.trials,
        "MaxParallelTrainingJobs": min(tune.parallel, tune.trials),
    }
    if tune.minutes is not None:
        limits["MaxRuntimeInSeconds"] = int(tune.minutes * 60)
    search = {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {
            "Type": _direction(tune.metric or metric),
            "MetricName": METRIC,
        },
        "ResourceLimits": limits,
        "ParameterRanges": _ranges(tune.space),
        "TrainingJobEarlyStoppingType": "Off",
        "RandomSeed": seed % _SEEDS,
    }
    # No name: a search takes 32 characters, which SageMaker's own part of it needs.
    definition = {
        "HyperParameterTuningJobConfig": search,
        "TrainingJobDefinition": body,
        "Tags": facts.tag_list(),
    }
    return {"Name": ports.name, "Type": "Tuning", "Arguments": definition}


def best_model(step: str, facts: JobFacts) -> Value:
    """URI of the model.tar.gz of a search's best job."""
    job = {"Get": f"Steps.{step}.BestTrainingJob.TrainingJobName"}
    return joined("/", facts.of_run("model"), job, "output", "model.tar.gz")


def _direction(metric: Metric) -> str:
    return "Maximize" if metric.higher_is_better else "Minimize"


def _ranges(space: Mapping[str, SearchRange]) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name, dimension in sorted(space.items()):
        if dimension.choices is not None:
            values = [_text(choice) for choice in dimension.choices]
            kind, body = "CategoricalParameterRanges", {"Name": name, "Values": values}
        else:
            kind = "IntegerParameterRanges" if dimension.integer else "ContinuousParameterRanges"
            low, high = dimension.ends
            body = {
                "Name": name,
                "MinValue": _number(low, whole=dimension.integer),
                "MaxValue": _number(high, whole=dimension.integer),
                "ScalingType": "Logarithmic" if dimension.log else "Linear",
            }
        found.setdefault(kind, []).append(body)
    return found


def _text(choice: object) -> str:
    """A choice as the train step reads it back."""
    return str(choice)


def _number(value: float, *, whole: bool) -> str:
    return str(int(value)) if whole else repr(float(value))
