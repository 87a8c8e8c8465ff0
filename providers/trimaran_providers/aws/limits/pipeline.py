"""Limits of the `data`, `pipeline` and `monitor` sections."""

from collections.abc import Iterator

from trimaran_providers.aws.instance import Use
from trimaran_providers.aws.limits.identifiers import at_key, is_s3_uri
from trimaran_providers.aws.limits.machine import machine_problems
from trimaran_providers.aws.limits.schedule import schedule_problems
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.spec import Compute, EndpointKind, PipelineSpec, StackSpec
from trimaran_providers.project.source import is_function
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.tracking.config import TrackingConfig
from trimaran_runtime.training.config import Tune

OFF = "off"
_NAMED = frozenset({"hourly", "daily", "weekly", OFF})
# botocore, `sagemaker.ProcessingMaxRuntimeInSeconds`: 777,600 s; every step but train is one.
_STEP_MINUTES = 777_600 / 60
# botocore: `HyperParameterTuningMaxRuntimeInSeconds` at least 120 s and at most 15,768,000 s;
# `ContinuousParameterRanges` and its siblings at most 30 each, 30 together (SageMaker Developer
# Guide, "Automatic model tuning: resource limits"); `ParameterValues` at most 30.
_TUNE_MINUTES = (2, 15_768_000 / 60)
_TUNED = 30
_CHOICES = 30


def data_problems(spec: StackSpec) -> Iterator[Problem]:
    """Where rows come from."""
    source = spec.data.source
    if not is_function(source) and not is_s3_uri(source):
        yield Problem(
            path="data.source",
            what=f"{source!r} is not to be seen from the account",
            allowed="module:function, or s3://BUCKET/KEY",
        )
    if spec.pipeline.on_new_data and not is_s3_uri(source):
        yield Problem(
            path="pipeline.on_new_data",
            what=f"nothing tells of new data in {source!r}",
            allowed="data.source: s3://BUCKET/PREFIX; or pipeline.schedule",
        )


def tracking_problems(tracking: TrackingConfig) -> Iterator[Problem]:
    """Where runs are tracked."""
    if tracking.uri is not None and tracking.uri.startswith("sqlite:"):
        yield Problem(
            path="tracking.uri",
            what=f"{tracking.uri!r} would be gone with the container of the run",
            allowed="http(s)://SERVER; or leave it out, and send with `trimaran track`",
        )


def pipeline_problems(pipeline: PipelineSpec) -> Iterator[Problem]:
    """What AWS cannot do of the section."""
    if pipeline.schedule is not None:
        yield from schedule_problems("pipeline", pipeline.schedule, pipeline.timezone)
    yield from _machines(pipeline.compute)
    if pipeline.timeout_minutes > _STEP_MINUTES:
        yield Problem(
            path="pipeline.timeout_minutes",
            what=f"{pipeline.timeout_minutes:g} is longer than a processing job may take",
            allowed=f"at most {_STEP_MINUTES:g} minutes",
        )
    # The built-in learner searches inside its one training job.
    if pipeline.tune is not None and pipeline.learner is None:
        yield from _tune(pipeline.tune)


def _machines(compute: Compute) -> Iterator[Problem]:
    found = list(machine_problems("pipeline.compute", compute, Use.training))
    # The train step alone has GPUs; what all steps lack is said once.
    plain = compute.model_copy(update={"gpu": None})
    yield from found or machine_problems("pipeline.compute", plain, Use.processing)


def monitor_problems(monitor: MonitorConfig) -> Iterator[Problem]:
    """What AWS cannot do of the section."""
    if monitor.schedule not in _NAMED:
        yield from schedule_problems("monitor", monitor.schedule)
    if monitor.labels is not None and not is_s3_uri(monitor.labels.source.removeprefix("delta+")):
        yield Problem(
            path="monitor.labels.source",
            what=f"{monitor.labels.source!r} is not to be seen from the account",
            allowed="s3://BUCKET/KEY",
        )


def monitored_problems(spec: StackSpec) -> Iterator[Problem]:
    """Whether there is traffic for the monitor to see."""
    if spec.monitor.schedule == OFF:
        return
    # What is recorded on which kind: SageMaker Developer Guide, "Data capture".
    if spec.endpoint.kind is not EndpointKind.realtime:
        reason = f"SageMaker records no traffic of kind {spec.endpoint.kind.value}"
    elif spec.endpoint.capture is None:
        reason = "endpoint.capture is null, so no traffic is recorded"
    elif spec.endpoint.capture.fraction == 0:
        reason = "endpoint.capture.fraction is 0, so no traffic is recorded"
    else:
        return
    yield Problem(
        path="monitor.schedule",
        what=f"{spec.monitor.schedule!r}, and there is nothing to check: {reason}",
        allowed='"off"; or endpoint.kind: realtime with endpoint.capture',
    )


def _tune(tune: Tune) -> Iterator[Problem]:
    least, most = _TUNE_MINUTES
    if tune.minutes is not None and not least <= tune.minutes <= most:
        yield Problem(
            path="pipeline.tune.minutes",
            what=f"{tune.minutes:g} is no time limit of a tuning job",
            allowed=f"{least:g} to {most:g} minutes",
        )
    if len(tune.space) > _TUNED:
        yield Problem(
            path="pipeline.tune.space",
            what=f"{len(tune.space)} hyperparameters to search",
            allowed=f"at most {_TUNED}",
        )
    for name, searched in tune.space.items():
        if searched.choices is not None and len(searched.choices) > _CHOICES:
            yield Problem(
                path=f"{at_key('pipeline.tune.space', name)}.choices",
                what=f"{len(searched.choices)} choices",
                allowed=f"at most {_CHOICES}",
            )
