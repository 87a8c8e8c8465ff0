"""The pipeline from data to a release, as SageMaker reads it: one JSON document.

Built from `trimaran_runtime.steps.ports.PIPELINE` and nothing else: every step is a processing
job, `train` a training job or a search; a condition on the release's record ends a refused run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimaran_providers.aws.instance import Use
from trimaran_providers.aws.step_definition import (
    RUN_ID,
    JobFacts,
    Machine,
    Value,
    joined,
    output_of,
    processing_step,
)
from trimaran_providers.aws.training_definition import (
    best_model,
    trained_model,
    training_step,
    tuning_step,
)
from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.contract.spec import Compute, PipelineSpec
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.steps.early_end import PARAMETER as EARLY_END
from trimaran_runtime.steps.early_end import TRACK
from trimaran_runtime.steps.ports import MONITOR, PIPELINE, Ports
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.training.config import Tune

_VERSION = "2020-12-01"
_LARGEST = 1 << 20
"""Characters of a definition (botocore, `PipelineDefinition`)."""
TRAIN = "train"
REGISTER = "register"
REFUSED = "refused"
"""Name of the step that ends a run whose model the gate refused."""
_RECORD = "release"
_CACHED = frozenset({"data", "validate", "split", TRAIN})
"""Steps that may be taken from an earlier run: what later ones do depends on the store too."""
_SERVICE_FAULTS = ("Step.SERVICE_FAULT", "Step.THROTTLING")
_JOB_FAULTS = (
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
)
"""All that a retry can help, and none that the user's code causes ("Retry policy for pipeline
steps", read 2026-11-24)."""
_RETRY_SECONDS = 30
_MONITOR_MINUTES = 60
DATA_VERSION = "DataVersion"
"""Parameter of a run: another value makes the data be read anew, cached or not."""
_AS_CONFIGURED = "as-configured"


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFacts:
    """What the definition holds beside the spec.

    Attributes:
        job: what every job shares.
        config: URI of the run's configuration.
        archive: URI of the code bundle.
        code: digest of the code bundle.
        environment: digest of the image.
        metric: the gate's, by which a search goes that names none.
        is_tracked: whether runs are sent to an MLflow server.
    """

    job: JobFacts
    config: str
    archive: str
    code: str
    environment: str
    metric: Metric
    is_tracked: bool = False


def pipeline_definition(spec: PipelineSpec, facts: PipelineFacts) -> str:
    """The definition, canonical JSON: the same spec gives the same text.

    Raises:
        ResourceError: it is larger than SageMaker takes.
        UnsupportedError: SageMaker has no such machine.
    """
    sources: dict[str, Value] = {"config": facts.config, "code": facts.archive}
    steps = []
    for ports in PIPELINE:
        step = _step(ports, spec, facts, sources)
        steps.append(_with_policies(step, spec))
        sources |= _results(ports, spec, facts)
    version = {"Name": DATA_VERSION, "Type": "String", "DefaultValue": _AS_CONFIGURED}
    return _written([*steps, _verdict()], parameters=[version])


def monitor_definition(facts: JobFacts, config: str, parameters: Mapping[str, str]) -> str:
    """The monitor's one step, canonical JSON.

    Args:
        facts: what every job shares.
        config: URI of the run's configuration.
        parameters: parameters of the step, beside `store`: `endpoint`, `capture`, `metrics`.
    """
    machine = Machine.of(Compute(), _MONITOR_MINUTES, Use.processing, path="monitor")
    step = processing_step(
        MONITOR,
        facts,
        machine,
        sources={"config": config},
        parameters={"store": facts.store, **parameters},
    )
    return _written([step])


def searched_by_the_cloud(spec: PipelineSpec) -> Tune | None:
    """The search that SageMaker runs as jobs of its own; None: none.

    The built-in learner searches inside its one training job: its settings take seconds, and a job
    of SageMaker's takes minutes to start.
    """
    return None if spec.learner is not None else spec.tune


def machine_of(ports: Ports, spec: PipelineSpec) -> Machine:
    """What a step runs on. Raises UnsupportedError."""
    use = Use.training if ports.name == TRAIN else Use.processing
    return Machine.of(spec.compute, spec.timeout_minutes, use, path="pipeline.compute")


def _step(
    ports: Ports, spec: PipelineSpec, facts: PipelineFacts, sources: Mapping[str, Value]
) -> dict[str, Any]:
    machine = machine_of(ports, spec)
    parameters = _parameters(ports, spec, facts)
    if ports.name != TRAIN:
        step = processing_step(ports, facts.job, machine, sources=sources, parameters=parameters)
        if ports.name == REGISTER:
            step["PropertyFiles"] = [
                {
                    "PropertyFileName": _RECORD,
                    "OutputName": ports.outputs[0],
                    "FilePath": "release.json",
                }
            ]
        return step
    tune = searched_by_the_cloud(spec)
    if tune is None:
        return training_step(ports, facts.job, machine, sources, parameters)
    return tuning_step(
        ports, facts.job, machine, sources, tune=tune, metric=facts.metric, seed=spec.seed
    )


def _results(ports: Ports, spec: PipelineSpec, facts: PipelineFacts) -> dict[str, Value]:
    if ports.name != TRAIN:
        return {name: output_of(ports.name, name) for name in ports.outputs}
    if searched_by_the_cloud(spec) is None:
        return {"model": trained_model(ports.name)}
    return {"model": best_model(ports.name, facts.job)}


def _parameters(ports: Ports, spec: PipelineSpec, facts: PipelineFacts) -> dict[str, Value]:
    parameters: dict[str, Value] = {"store": facts.job.store} if ports.needs_store else {}
    if ports.name == PIPELINE[0].name:
        parameters["data_version"] = {"Get": f"Parameters.{DATA_VERSION}"}
    if _tells(ports, spec, facts):
        parameters |= {
            "store": facts.job.store,
            "run": RUN_ID,
            "code": facts.code,
            "environment": facts.environment,
            EARLY_END: TRACK,
        }
    if ports.name == REGISTER:
        parameters |= {
            "on_refusal": "record",
            "export": "serving",
        }
        if facts.is_tracked:
            parameters["tracking"] = "send"
    return parameters


def _tells(ports: Ports, spec: PipelineSpec, facts: PipelineFacts) -> bool:
    """Whether a step that fails tells of its run: it reaches the store, and need not be cached.

    A cached step must be called the same in every run, so it cannot know which one it is in.
    """
    is_cached = spec.cache_days is not None and ports.name in _CACHED
    return not is_cached and not facts.job.is_isolated(ports)


def _with_policies(step: dict[str, Any], spec: PipelineSpec) -> dict[str, Any]:
    if spec.cache_days is not None and step["Name"] in _CACHED:
        step["CacheConfig"] = {"Enabled": True, "ExpireAfter": f"P{spec.cache_days}D"}
    if spec.retries:
        step["RetryPolicies"] = [
            {
                "ExceptionType": list(faults),
                "IntervalSeconds": _RETRY_SECONDS,
                "BackoffRate": 2.0,
                "MaxAttempts": spec.retries,
            }
            for faults in (_SERVICE_FAULTS, _JOB_FAULTS)
        ]
    return step


def _verdict() -> dict[str, Any]:
    accepted = {"Type": "Equals", "LeftValue": _recorded("accepted"), "RightValue": True}
    message = joined(
        "",
        "the gate refused release ",
        _recorded("release"),
        "; production is unchanged. See: trimaran report ",
        _recorded("release"),
    )
    refused = {"Name": REFUSED, "Type": "Fail", "Arguments": {"ErrorMessage": message}}
    return {
        "Name": "accepted",
        "Type": "Condition",
        "Arguments": {"Conditions": [accepted], "IfSteps": [], "ElseSteps": [refused]},
    }


def _recorded(path: str) -> Value:
    file = {"Get": f"Steps.{REGISTER}.PropertyFiles.{_RECORD}"}
    return {"Std:JsonGet": {"PropertyFile": file, "Path": path}}


def _written(steps: list[dict[str, Any]], parameters: Sequence[Mapping[str, Any]] = ()) -> str:
    document = {"Version": _VERSION, "Parameters": list(parameters), "Steps": steps}
    text = canonical_json({**document, "Metadata": {}}).decode()
    if len(text) > _LARGEST:
        raise ResourceError(
            f"the pipeline's definition has {len(text):,} characters",
            where="pipeline",
            allowed=f"at most {_LARGEST:,}",
        )
    return text
