"""What an endpoint on SageMaker shall be: bodies of the AWS API, known at preview, but the release.

The plugin fills the release in (`endpoint_bodies`) when it is known, and carries the bodies out.
Limits and names: botocore's shapes of `sagemaker`, read 2026-11-24.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field

from trimaran_providers.aws.autoscaling import (
    ScalingDefinition,
    needs_component,
    scaling_definition,
)
from trimaran_providers.aws.instance import has_own_disks
from trimaran_providers.aws.names import VARIANT
from trimaran_providers.aws.rollout import component_deployment, deployment_config, longest_seconds
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec
from trimaran_providers.contract.spec.endpoint import Shadow
from trimaran_runtime.registry.config import UNSIGNED, SigningConfig
from trimaran_runtime.section import Section
from trimaran_runtime.serving.config import ServerConfig

Body = dict[str, Any]

CAPTURE = "sagemaker-capture"
"""Folder of the store that SageMaker records traffic in."""
ASYNC = "async"
"""Folder of the store with the results, and the failures, of an asynchronous endpoint."""
BATCH = "batch"
"""Folder of the store with the results of batch prediction, one folder per run."""
SHADOW_VARIANT = "shadow"
"""Name of the variant that gets a copy of traffic."""
_SERVERLESS_MB = (1024, 6144)
_STEP_MB = 1024
_JSON, _CSV = "application/json", "text/csv"
_CREATE_SECONDS = 3600
_COPY_SHARE = 0.75
"""Share of the machine that a copy asks for: SageMaker's own agent needs some of the rest, and two
copies never share a machine."""


class ShadowDefinition(Section):
    """A second release that gets a copy of traffic."""

    channel: str
    """Channel of the store whose release it is."""
    variant: Body
    """Its ProductionVariant, without a model."""


class EndpointDefinition(Section):
    """One endpoint; every body lacks what the release decides: names and the model's data."""

    schema_version: Literal[1] = 1
    kind: EndpointKind
    """`realtime`, `serverless`, `async` or `batch`."""
    name: str
    """Name of the endpoint; never changes."""
    store_uri: str
    """Artifact store whose releases are served."""
    model: Body
    """CreateModel."""
    variant: Body = {}
    """The one ProductionVariant; empty for `batch`."""
    config: Body = {}
    """CreateEndpointConfig; empty for `batch`."""
    deployment: Body = {}
    """DeploymentConfig of the endpoint; empty: its traffic moves at once and unguarded."""
    component: Body = {}
    """CreateInferenceComponent; empty: there is none."""
    component_deployment: Body = {}
    """DeploymentConfig of the inference component."""
    scaling: ScalingDefinition | None = None
    """Autoscaling; None: the number of replicas stays, or the service scales by itself."""
    shadow: ShadowDefinition | None = None
    """A shadow variant; None: none."""
    tags: dict[str, str] = {}
    """Tags of the endpoint, its configuration, its model and its component."""
    wait_seconds: int = Field(default=_CREATE_SECONDS, gt=0)
    """Longest time of one deployment, seconds."""

    @property
    def rollback_alarms(self) -> tuple[str, ...]:
        """Names of the alarms that send traffic back."""
        config = self.component_deployment if self.component else self.deployment
        alarms = config.get("AutoRollbackConfiguration", {}).get("Alarms", ())
        return tuple(alarm["AlarmName"] for alarm in alarms)

    @classmethod
    def of(cls, name: str, spec: EndpointSpec, place: "Place") -> Self:
        """The definition of a spec's section.

        Args:
            name: name of the endpoint.
            spec: the section, which AWS can do.
            place: what it stands on.
        """
        component = name if needs_component(spec) else ""
        model = _model(name, spec, place)
        common: dict[str, Any] = {
            "kind": spec.kind,
            "name": name,
            "store_uri": place.store_uri,
            "model": model,
            "tags": place.tags,
        }
        if spec.kind is EndpointKind.batch:
            return cls(**common)
        guarded = spec.kind is not EndpointKind.serverless and not component
        alarms = place.rollback_alarms
        return cls(
            **common,
            variant=_variant(spec, place),
            config=_config(spec, place),
            deployment=deployment_config(spec.rollout, spec.replicas.min, alarms)
            if guarded
            else {},
            component=_component(name, spec) if component else {},
            component_deployment=component_deployment(spec.rollout, alarms) if component else {},
            scaling=scaling_definition(name, component, spec),
            shadow=_shadow(spec, spec.shadow, place) if spec.shadow else None,
            wait_seconds=max(longest_seconds(spec.rollout, spec.replicas.min), _CREATE_SECONDS),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What an endpoint stands on.

    Attributes:
        store_uri: URI of the artifact store.
        role_arn: role its containers and SageMaker act as.
        image: URI of the image, by digest.
        instance: instance type; empty: serverless.
        kms_key: key for everything that can be encrypted; None: the services' own.
        subnets: ids of subnets; empty: no network of yours.
        security_groups: ids of security groups.
        tags: tags.
        rollback_alarms: names of the alarms that send traffic back.
        signing: whose signature a release must carry to be served.
    """

    store_uri: str
    role_arn: str
    image: str
    instance: str = ""
    kms_key: str | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    tags: dict[str, str]
    rollback_alarms: tuple[str, ...] = ()
    signing: SigningConfig = UNSIGNED

    def under(self, folder: str) -> str:
        """URI of a folder of the store."""
        return f"{self.store_uri}/{folder}"


def _model(name: str, spec: EndpointSpec, place: Place) -> Body:
    server = ServerConfig(
        endpoint=name,
        variant=VARIANT,
        limits=spec.limits,
        lowered=spec.lowered,
        device=spec.device,
        explanations=spec.explanations,
        signing=place.signing,
    )
    body: Body = {
        "ExecutionRoleArn": place.role_arn,
        "PrimaryContainer": {
            "Image": place.image,
            "Environment": {
                "TRIMARAN_SERVER_CONFIG": server.model_dump_json(exclude_defaults=True)
            },
        },
    }
    if spec.kind is not EndpointKind.serverless:
        # The release's files are put in place by SageMaker: the server has no need of a network.
        body["EnableNetworkIsolation"] = True
    if place.subnets:
        body["VpcConfig"] = {
            "Subnets": list(place.subnets),
            "SecurityGroupIds": list(place.security_groups),
        }
    return body


def _variant(spec: EndpointSpec, place: Place) -> Body:
    replicas, fewest = spec.replicas, max(spec.replicas.min, 1)
    variant: Body = {"VariantName": VARIANT, "InitialVariantWeight": 1.0}
    if spec.kind is EndpointKind.serverless:
        serverless = {"MemorySizeInMB": serverless_mb(spec), "MaxConcurrency": replicas.max}
        if replicas.min:
            serverless["ProvisionedConcurrency"] = replicas.min
        return {"VariantName": VARIANT, "ServerlessConfig": serverless}
    variant |= {"InstanceType": place.instance, "InitialInstanceCount": fewest}
    if not has_own_disks(place.instance):
        variant["VolumeSizeInGB"] = spec.compute.disk_gib
    if spec.kind is EndpointKind.realtime:
        variant["RoutingConfig"] = {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
    if needs_component(spec):
        del variant["InitialVariantWeight"]
        variant["ManagedInstanceScaling"] = {
            "Status": "ENABLED",
            "MinInstanceCount": 0,
            "MaxInstanceCount": max([replicas.max, *(s.max for s in replicas.schedules)]),
        }
    return variant


def serverless_mb(spec: EndpointSpec) -> int:
    """Memory of a serverless endpoint, MB: the next whole GiB that SageMaker offers."""
    low, high = _SERVERLESS_MB
    wanted = math.ceil(spec.compute.memory_gib * 1024 / _STEP_MB) * _STEP_MB
    return min(max(wanted, low), high)


def _config(spec: EndpointSpec, place: Place) -> Body:
    config: Body = {}
    key = {"KmsKeyId": place.kms_key} if place.kms_key else {}
    if spec.kind is not EndpointKind.serverless and not has_own_disks(place.instance):
        config |= key
    if needs_component(spec):
        # Without a model of its own the endpoint cannot take the role from it.
        config["ExecutionRoleArn"] = place.role_arn
        config["EnableNetworkIsolation"] = True
        if place.subnets:
            config["VpcConfig"] = {
                "Subnets": list(place.subnets),
                "SecurityGroupIds": list(place.security_groups),
            }
    if spec.kind is EndpointKind.asynchronous:
        concurrency = spec.replicas.target_concurrency
        config["AsyncInferenceConfig"] = {
            "OutputConfig": {
                "S3OutputPath": place.under(f"{ASYNC}/output"),
                "S3FailurePath": place.under(f"{ASYNC}/failure"),
                **key,
            }
        } | (
            {"ClientConfig": {"MaxConcurrentInvocationsPerInstance": math.ceil(concurrency)}}
            if concurrency
            else {}
        )
    if spec.capture is not None and spec.kind is EndpointKind.realtime:
        config["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": round(spec.capture.fraction * 100),
            "DestinationS3Uri": place.under(CAPTURE),
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            # Without these every payload is recorded as base64.
            "CaptureContentTypeHeader": {"JsonContentTypes": [_JSON], "CsvContentTypes": [_CSV]},
            **key,
        }
    return config


def _component(name: str, spec: EndpointSpec) -> Body:
    compute = spec.compute
    requirements: Body = {
        "NumberOfCpuCoresRequired": max(round(compute.cpu * _COPY_SHARE, 2), 0.25),
        "MinMemoryRequiredInMb": max(int(compute.memory_gib * 1024 * _COPY_SHARE), 128),
    }
    if compute.gpu is not None:
        requirements["NumberOfAcceleratorDevicesRequired"] = float(compute.gpu.count)
    return {
        "InferenceComponentName": name,
        "EndpointName": name,
        "VariantName": VARIANT,
        "Specification": {"ComputeResourceRequirements": requirements},
        "RuntimeConfig": {"CopyCount": max(spec.replicas.min, 1)},
    }


def _shadow(spec: EndpointSpec, shadow: Shadow, place: Place) -> ShadowDefinition:
    # The share of requests copied is the quotient of the two weights.
    weight = {"VariantName": SHADOW_VARIANT, "InitialVariantWeight": shadow.fraction}
    return ShadowDefinition(channel=shadow.channel, variant=_variant(spec, place) | weight)
