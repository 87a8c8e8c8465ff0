"""The endpoint on AWS: SageMaker serves the release in production."""

from dataclasses import dataclass
from typing import Any

import pulumi

from trimaran_providers.aws.account import configured_account
from trimaran_providers.aws.autoscaling import needs_component
from trimaran_providers.aws.batch import refuse_batch, render_batch
from trimaran_providers.aws.bucket import Bucket
from trimaran_providers.aws.endpoint_alarms import render_alarms
from trimaran_providers.aws.endpoint_definition import EndpointDefinition, Place
from trimaran_providers.aws.endpoint_events import render_endpoint_events
from trimaran_providers.aws.endpoint_role import endpoint_statements
from trimaran_providers.aws.handlers.endpoint import EndpointOutputs as EndpointState
from trimaran_providers.aws.instance import Use, instance_type
from trimaran_providers.aws.job_facts import image_of
from trimaran_providers.aws.job_policy import SERVICE
from trimaran_providers.aws.key import key_of
from trimaran_providers.aws.limits.rollout import unwatched_problems
from trimaran_providers.aws.logs import render_log_group
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.network import VpcConfig, render_vpc_config
from trimaran_providers.aws.role import Role, render_role
from trimaran_providers.aws.rollout_guards import render_guards, rollback_alarms
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.aws.wake_alarm import render_wake_alarm
from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.errors import SpecError
from trimaran_providers.contract.outputs import EndpointOutputs
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec
from trimaran_providers.plugin.resource import PluginResource
from trimaran_runtime.registry.config import UNSIGNED, SigningConfig

_PURPOSE = "serve"
_TOKEN = "trimaran:aws:Endpoint"


def render(context: Context, spec: EndpointSpec, upstream: Upstream) -> EndpointOutputs:
    """What serves the release in production, what watches it, and the role it runs as.

    The url takes requests that are signed (Signature Version 4), as every address of AWS: SDKs and
    `aws sagemaker-runtime invoke-endpoint` do it. An endpoint that scales to zero also wants the
    name of its inference component with each request, which is the endpoint's own.

    Raises:
        SpecError, UnsupportedError: the spec cannot be rendered; raised before any resource.
    """
    # Here, for an endpoint that is composed alone: its rules are in no section that is checked.
    unwatched = list(unwatched_problems(spec, upstream.alerts.rules))
    if unwatched:
        raise SpecError(unwatched)
    expression = refuse_batch(spec) if spec.kind is EndpointKind.batch else None
    instance = _instance(spec)
    image = image_of(context)
    bucket = Bucket.of(upstream.store.uri)
    watch = _watch(context, spec, upstream)
    network = render_vpc_config(context, _PURPOSE)
    role = _role(context, spec, bucket, image, watch)
    signing = upstream.registry.signing if upstream.registry else UNSIGNED
    facts = _Facts(role=role, image=image, instance=instance, network=network, signing=signing)
    definition = _definition(context, spec, bucket, facts)
    needs = [*upstream.store.resources, *role.resources, *watch.resources]
    needs += network.resources if network else ()
    needs += upstream.registry.resources if upstream.registry else ()
    endpoint = _endpoint(context, spec, upstream, definition, bucket, needs)
    resources: tuple[pulumi.Resource, ...] = (*role.resources, *watch.resources, endpoint)
    resources += render_wake_alarm(context, spec, endpoint.output("wake_policy"))
    if spec.kind is EndpointKind.batch:
        arn, batch = render_batch(context, spec, bucket, endpoint.output("model"), expression)
        return EndpointOutputs(
            id=arn,
            url=pulumi.Output.from_input(""),
            release=endpoint.output("release"),
            resources=(*resources, *batch),
        )
    return EndpointOutputs(
        id=pulumi.Output.from_input(Names.of(context).endpoint),
        url=endpoint.output("url"),
        release=endpoint.output("release"),
        resources=resources,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    """Alarms and logs of an endpoint.

    Attributes:
        logs: ARNs of its log groups.
        alarms: ARNs of the alarms that send a rollout back.
        resources: all of it.
    """

    logs: tuple[pulumi.Output[str], ...]
    alarms: tuple[pulumi.Output[str], ...]
    resources: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the definition is made from, beside the spec."""

    role: Role
    image: pulumi.Output[str]
    instance: str
    network: VpcConfig | None
    signing: SigningConfig


def _instance(spec: EndpointSpec) -> str:
    if spec.kind in (EndpointKind.serverless, EndpointKind.batch):
        return ""
    return instance_type(spec.compute, Use.hosting, path="endpoint.compute")


def _watch(context: Context, spec: EndpointSpec, upstream: Upstream) -> _Watch:
    names = Names.of(context)
    if spec.kind is EndpointKind.batch:
        return _Watch(logs=(), alarms=(), resources=())
    logs = [render_log_group(context, "endpoint", f"/aws/sagemaker/Endpoints/{names.endpoint}")]
    if needs_component(spec):
        group = f"/aws/sagemaker/InferenceComponents/{names.endpoint}"
        logs.append(render_log_group(context, "component", group))
    topic = upstream.alerts.id if upstream.alerts.is_given else None
    alarms = render_alarms(context, spec, upstream.alerts.rules, topic)
    events: tuple[Any, ...] = ()
    if topic is not None and upstream.alerts.rules.endpoint_down:
        events = render_endpoint_events(context, topic)
    guards = render_guards(context, spec, upstream.alerts.rules)
    return _Watch(
        logs=tuple(group.arn for group in logs),
        alarms=tuple(guard.arn for guard in guards),
        resources=(*(r for group in logs for r in group.resources), *alarms, *guards, *events),
    )


def _role(
    context: Context,
    spec: EndpointSpec,
    bucket: Bucket,
    image: pulumi.Output[str],
    watch: _Watch,
) -> Role:
    statements = endpoint_statements(
        context, spec, bucket, image=image, logs=watch.logs, alarms=watch.alarms
    )
    return render_role(context, _PURPOSE, SERVICE, statements)


def _definition(
    context: Context, spec: EndpointSpec, bucket: Bucket, facts: _Facts
) -> pulumi.Output[str]:
    names, tags, network = Names.of(context), tags_of(context), facts.network
    known: pulumi.Output[list[Any]] = pulumi.Output.all(
        bucket.uri,
        facts.role.arn,
        facts.image,
        key_of(context),
        pulumi.Output.all(*(network.subnets if network else ())),
        pulumi.Output.all(*(network.security_groups if network else ())),
    )

    def written(found: list[Any]) -> str:
        place = Place(
            store_uri=found[0],
            role_arn=found[1],
            image=found[2],
            instance=facts.instance,
            kms_key=found[3],
            subnets=tuple(found[4]),
            security_groups=tuple(found[5]),
            tags=tags,
            rollback_alarms=rollback_alarms(names, spec),
            signing=facts.signing,
        )
        return EndpointDefinition.of(names.endpoint, spec, place).model_dump_json()

    return known.apply(written)


def _endpoint(
    context: Context,
    spec: EndpointSpec,
    upstream: Upstream,
    definition: pulumi.Output[str],
    bucket: Bucket,
    needs: list[pulumi.Resource],
) -> PluginResource:
    account = configured_account()
    return PluginResource(
        _TOKEN,
        f"{context.name}-endpoint",
        {
            "name": Names.of(context).endpoint,
            "store_uri": bucket.uri,
            "hosting": "component" if needs_component(spec) else spec.kind.value,
            "definition": definition,
            "release": upstream.registry.production if upstream.registry else "",
            "region": account.region,
            "account": account,
        },
        EndpointState,
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=needs),
    )
