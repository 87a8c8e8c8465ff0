"""Limits of the `endpoint` section: what each kind of endpoint can be."""

from collections.abc import Iterator

from trimaran_providers.aws.instance import Use
from trimaran_providers.aws.limits.identifiers import is_s3_uri, is_text
from trimaran_providers.aws.limits.machine import machine_problems
from trimaran_providers.aws.limits.rollout import rollout_problems
from trimaran_providers.aws.limits.schedule import schedule_problems
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec, NetworkSpec

# botocore, `sagemaker.ServerlessMemorySizeInMB` (whole GiB) and `ServerlessMaxConcurrency`.
_SERVERLESS_GIB = 6
_SERVERLESS_CONCURRENCY = 200
# botocore, `sagemaker.ProductionVariantVolumeSizeInGB`.
_DISK_GIB = 512
# Largest request: botocore, `sagemaker-runtime.BodyBlob` (6 MiB); SageMaker Developer Guide,
# "Invoke a serverless endpoint" (4 MB), "Asynchronous inference" (1 GB, the spec's own limit);
# API Reference, `CreateTransformJob`, MaxPayloadInMB (100).
_BODY_MIB = {
    EndpointKind.realtime: 6.0,
    EndpointKind.serverless: 4.0,
    EndpointKind.asynchronous: 1024.0,
    EndpointKind.batch: 100.0,
}
# Longest request: the same pages ("one minute"); asynchronous and batch take one hour, which is
# the spec's own limit.
_SECONDS = {EndpointKind.realtime: 60.0, EndpointKind.serverless: 60.0}
_WITHOUT_SHADOW = {
    # SageMaker Developer Guide, "Shadow tests: exclusions".
    EndpointKind.serverless: "a serverless endpoint has one variant",
    EndpointKind.asynchronous: "an asynchronous endpoint takes no shadow variant",
    EndpointKind.batch: "a transform job serves no traffic to copy",
}

_SCALES_ITSELF = {
    EndpointKind.serverless: "it scales by itself, up to replicas.max requests at a time",
    EndpointKind.batch: "a transform job has the instances it started with",
}


def endpoint_problems(endpoint: EndpointSpec, network: NetworkSpec) -> Iterator[Problem]:
    """What AWS cannot do of the section.

    Args:
        endpoint: the section.
        network: the stack's network, which not every kind of endpoint can be in.
    """
    yield from _capture(endpoint)
    yield from _limits(endpoint)
    yield from rollout_problems(endpoint)
    if endpoint.shadow is not None and endpoint.kind in _WITHOUT_SHADOW:
        yield Problem(
            path="endpoint.shadow",
            what=_WITHOUT_SHADOW[endpoint.kind],
            allowed="endpoint.kind: realtime",
        )
    yield from _scaling(endpoint)
    if endpoint.kind is EndpointKind.serverless:
        yield from _serverless(endpoint, network)
    else:
        use = Use.transform if endpoint.kind is EndpointKind.batch else Use.hosting
        yield from machine_problems("endpoint.compute", endpoint.compute, use)
        yield from _hosted(endpoint)
    if endpoint.kind is EndpointKind.batch:
        yield from _batch(endpoint)


def _capture(endpoint: EndpointSpec) -> Iterator[Problem]:
    capture = endpoint.capture
    if capture is None:
        return
    if endpoint.kind is not EndpointKind.realtime:
        # SageMaker Developer Guide, "Data capture" and "Serverless inference: feature exclusions".
        yield Problem(
            path="endpoint.capture",
            what=f"SageMaker records no traffic of kind {endpoint.kind.value}",
            allowed="null; or endpoint.kind: realtime",
        )
    # botocore, `sagemaker.SamplingPercentage`: a whole number.
    elif round(capture.fraction * 100, 9) % 1:
        yield Problem(
            path="endpoint.capture.fraction",
            what=f"{capture.fraction:g} is no whole percentage, and SageMaker takes no other",
            allowed="0.01, 0.02, … 1.0",
        )


def _limits(endpoint: EndpointSpec) -> Iterator[Problem]:
    # Only what was asked for: the defaults are what a server takes, not what must get through.
    given, kind = endpoint.limits.model_fields_set, endpoint.kind
    most = _BODY_MIB[kind]
    if "max_body_mib" in given and endpoint.limits.max_body_mib > most:
        yield Problem(
            path="endpoint.limits.max_body_mib",
            what=f"{endpoint.limits.max_body_mib:g} is more than kind {kind.value} takes",
            allowed=f"at most {most:g}",
        )
    longest = _SECONDS.get(kind)
    if longest is not None and endpoint.limits.timeout_seconds > longest:
        yield Problem(
            path="endpoint.limits.timeout_seconds",
            what=f"{endpoint.limits.timeout_seconds:g} is longer than kind {kind.value} waits",
            allowed=f"at most {longest:g}; or endpoint.kind: async",
        )


def _scaling(endpoint: EndpointSpec) -> Iterator[Problem]:
    replicas = endpoint.replicas
    for position, change in enumerate(replicas.schedules):
        path = f"endpoint.replicas.schedules[{position}]"
        yield from schedule_problems(path, change.cron, change.timezone, field="cron")
    if endpoint.kind not in _SCALES_ITSELF:
        return
    for field in ("target_concurrency", "schedules"):
        if getattr(replicas, field):
            yield Problem(
                path=f"endpoint.replicas.{field}",
                what=f"with kind {endpoint.kind.value}: {_SCALES_ITSELF[endpoint.kind]}",
                allowed="endpoint.replicas.max; or endpoint.kind: realtime or async",
            )


def _serverless(endpoint: EndpointSpec, network: NetworkSpec) -> Iterator[Problem]:
    """SageMaker Developer Guide, "Serverless inference: feature exclusions"."""
    compute, replicas = endpoint.compute, endpoint.replicas
    if compute.gpu is not None:
        yield Problem(
            path="endpoint.compute.gpu",
            what="serverless endpoints have no GPU",
            allowed="endpoint.kind: realtime or async",
        )
    if compute.instance is not None:
        yield Problem(
            path="endpoint.compute.instance",
            what="serverless endpoints have no instances",
            allowed="endpoint.compute.memory_gib",
        )
    if compute.memory_gib > _SERVERLESS_GIB:
        yield Problem(
            path="endpoint.compute.memory_gib",
            what=f"{compute.memory_gib:g} is more than a serverless endpoint has",
            allowed=f"at most {_SERVERLESS_GIB}",
        )
    if network.private or network.subnets:
        yield Problem(
            path="network.private" if network.private else "network.subnets",
            what="serverless endpoints cannot be in a network of yours",
            allowed="endpoint.kind: realtime or async",
        )
    if replicas.max > _SERVERLESS_CONCURRENCY:
        yield Problem(
            path="endpoint.replicas.max",
            what=f"{replicas.max} is more than a serverless endpoint runs at a time",
            allowed=f"at most {_SERVERLESS_CONCURRENCY}",
        )


def _hosted(endpoint: EndpointSpec) -> Iterator[Problem]:
    if endpoint.compute.disk_gib > _DISK_GIB:
        yield Problem(
            path="endpoint.compute.disk_gib",
            what=f"{endpoint.compute.disk_gib} is more than an instance that serves can have",
            allowed=f"at most {_DISK_GIB}",
        )


def _batch(endpoint: EndpointSpec) -> Iterator[Problem]:
    batch = endpoint.batch
    if batch is None:
        return
    if is_text(batch.source) and not is_s3_uri(batch.source):
        yield Problem(
            path="endpoint.batch.source",
            what=f"{batch.source!r} is no folder of S3",
            allowed="s3://BUCKET/PREFIX",
        )
    if batch.schedule is not None:
        yield from schedule_problems("endpoint.batch", batch.schedule, batch.timezone)
