"""The stack's place in a VPC: a security group of its own, and ways to AWS that stay inside.

With `network.security_groups` given the network is the user's: nothing is made in it. Without, each
part of the stack gets a security group that lets in nobody but its own members; and where
`network.private` is set, the VPC gets endpoints of the services that steps and servers call.
"""

from dataclasses import dataclass
from typing import Any

import pulumi

from trimaran_providers.aws.account import configured_account
from trimaran_providers.aws.handlers.subnets import SubnetsOutputs
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context
from trimaran_providers.plugin.resource import PluginResource

SERVICES = ("sagemaker.api", "sagemaker.runtime", "ecr.api", "ecr.dkr", "logs", "sts", "monitoring")
"""Services that are called from inside; `secretsmanager` too, where there are secrets."""
_HTTPS = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcConfig:
    """Where in a VPC jobs and servers run; SageMaker takes both lists or neither.

    Attributes:
        subnets: ids of the subnets.
        security_groups: ids of the security groups.
        resources: what has to be there first.
    """

    subnets: tuple[pulumi.Input[str], ...]
    security_groups: tuple[pulumi.Input[str], ...]
    resources: tuple[pulumi.Resource, ...] = ()


def render_vpc_config(context: Context, purpose: str) -> VpcConfig | None:
    """The place of one part of the stack; None: outside of any VPC of the user's.

    Args:
        context: where the component stands.
        purpose: `pipeline`, `serve`, …: each has a security group of its own.
    """
    network = context.platform.network
    if not network.subnets:
        return None
    if network.security_groups:
        return VpcConfig(subnets=network.subnets, security_groups=network.security_groups)
    group = _security_group(context, purpose)
    return VpcConfig(subnets=network.subnets, security_groups=(group.id,), resources=(group,))


def render_private_endpoints(context: Context) -> tuple[pulumi.Resource, ...]:
    """Endpoints of AWS's services in the VPC; none unless the network is private and ours."""
    network = context.platform.network
    if not network.private or not network.subnets or network.security_groups:
        return ()
    seen = _seen(context, "network")
    group = _endpoints_group(context, seen)
    services = (*SERVICES, "secretsmanager") if context.platform.secrets else SERVICES
    return (
        seen,
        group,
        _gateway(context, seen),
        *(_interface(context, seen, group, service) for service in services),
    )


def _seen(context: Context, purpose: str) -> PluginResource:
    return PluginResource(
        "trimaran:aws:Subnets",
        f"{context.name}-{purpose}-subnets",
        {"account": configured_account(), "subnets": list(context.platform.network.subnets)},
        SubnetsOutputs,
        opts=pulumi.ResourceOptions(parent=context.parent),
    )


def _security_group(context: Context, purpose: str) -> Any:
    """Lets in its own members, for training on several machines, and lets out to anywhere.

    Where data comes from is the user's: a database, a package index. Whether there is a way to the
    internet at all is decided by the subnets' routes.
    """
    from pulumi_aws import ec2

    return ec2.SecurityGroup(
        f"{context.name}-{purpose}-network",
        name=Names.of(context).named(f"{purpose}-network"),
        description=f"{purpose} of {Names.of(context).base}",
        vpc_id=_seen(context, purpose).output("vpc"),
        ingress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "self": True}],
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )


def _endpoints_group(context: Context, seen: PluginResource) -> Any:
    """Lets in HTTPS from the subnets: each part of the stack has a group that is not known here."""
    from pulumi_aws import ec2

    return ec2.SecurityGroup(
        f"{context.name}-endpoints-network",
        name=Names.of(context).named("endpoints-network"),
        # EC2 takes no apostrophe here (API Reference, `CreateSecurityGroup`, read 2026-11-24).
        description=f"Services of AWS for {Names.of(context).base}",
        vpc_id=seen.output("vpc"),
        ingress=[
            {
                "protocol": "tcp",
                "from_port": _HTTPS,
                "to_port": _HTTPS,
                "cidr_blocks": seen.output("cidrs"),
            }
        ],
        egress=[],
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )


def _gateway(context: Context, seen: PluginResource) -> pulumi.Resource:
    """S3, which costs nothing and is where ECR keeps the layers of images."""
    from pulumi_aws import ec2

    return ec2.VpcEndpoint(
        f"{context.name}-endpoint-s3",
        vpc_id=seen.output("vpc"),
        service_name=_service(seen, "s3"),
        vpc_endpoint_type="Gateway",
        route_table_ids=seen.output("route_tables"),
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )


def _interface(context: Context, seen: PluginResource, group: Any, service: str) -> pulumi.Resource:
    from pulumi_aws import ec2

    return ec2.VpcEndpoint(
        f"{context.name}-endpoint-{service}",
        vpc_id=seen.output("vpc"),
        service_name=_service(seen, service),
        vpc_endpoint_type="Interface",
        # The services' own names lead to it, so steps and server need not know of it.
        private_dns_enabled=True,
        subnet_ids=list(context.platform.network.subnets),
        security_group_ids=[group.id],
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )


def _service(seen: PluginResource, service: str) -> pulumi.Output[str]:
    """Name of a service, as an endpoint takes it.

    AWS PrivateLink Guide, "AWS services that integrate", read 2026-11-24.
    """
    return pulumi.Output.concat("com.amazonaws.", seen.output("region"), ".", service)
