"""Alerts on AWS: an encrypted topic that alarms, events and the budget publish to."""

from typing import Any

import pulumi

from trimaran_providers.aws.bucket import partition
from trimaran_providers.aws.budget import render_budget
from trimaran_providers.aws.key import key_of
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.order import settled
from trimaran_providers.aws.policy import Statement, policy_json
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.errors import Problem, SpecError, UnsupportedError
from trimaran_providers.contract.outputs import AlertsOutputs, ArtifactStoreOutputs
from trimaran_providers.contract.spec import AlertsSpec, Channel, ChannelKind

PUBLISHERS = ("cloudwatch", "events", "budgets")
"""Services that publish to the topic: `{name}.amazonaws.com`."""
_KEY_DELETION_DAYS = 7
_PROTOCOLS = {ChannelKind.email: "email", ChannelKind.webhook: "https"}


def render(
    context: Context,
    spec: AlertsSpec,
    store: ArtifactStoreOutputs,  # noqa: ARG001 - CloudWatch keeps the log of alarms, not the store
) -> AlertsOutputs:
    """The topic, who gets its messages, and the budget that publishes to it.

    With the stack's own key, that key's policy has to let `PUBLISHERS` use it: it is the user's, so
    it is left to them.
    """
    from pulumi_aws import sns

    given = key_of(context)
    key, key_resources = _own_key(context) if given is None else (given, ())
    topic = sns.Topic(
        f"{context.name}-alerts",
        name=Names.of(context).named("alerts"),
        kms_master_key_id=key,
        # SHA-256 instead of SHA-1 for who checks that a webhook's message is ours.
        signature_version=2,
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=[*key_resources]),
    )
    policy = sns.TopicPolicy(
        f"{context.name}-alerts-policy",
        arn=topic.arn,
        policy=policy_json(topic_statements(topic.arn)),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    told = tuple(
        _subscription(context, topic, position, channel)
        for position, channel in enumerate(spec.channels)
    )
    topic_arn = settled(topic.arn, [policy])
    budget = render_budget(context, topic_arn)
    return AlertsOutputs(
        id=topic_arn,
        rules=spec.rules,
        resources=(*key_resources, topic, policy, *told, *budget),
    )


def _own_key(context: Context) -> tuple[pulumi.Output[str], tuple[pulumi.Resource, ...]]:
    """A key for the topic alone.

    AWS's own key for SNS is no choice: alarms cannot publish to a topic that it encrypts, for its
    policy lets no service in and cannot be changed (CloudWatch User Guide, "Notifying users on
    alarm changes", and SNS Developer Guide, "Key management", read 2026-11-24).
    """
    from pulumi_aws import kms

    key = kms.Key(
        f"{context.name}-alerts-key",
        description=f"Alerts of {Names.of(context).base}",
        enable_key_rotation=True,
        deletion_window_in_days=_KEY_DELETION_DAYS,
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    # A key is made with the policy that leaves it to the account; which account that is, only the
    # key's ARN tells.
    policy = kms.KeyPolicy(
        f"{context.name}-alerts-key-policy",
        key_id=key.key_id,
        policy=policy_json(key_policy(key.arn)),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return key.arn, (key, policy)


def key_policy(key: pulumi.Output[str]) -> tuple[Statement, ...]:
    """The account rules over the key, and the topic's publishers use it.

    `*` in a key's policy is that key (KMS Developer Guide, "Key policies", read 2026-11-24). The
    services get no condition on the account: SNS calls KMS for them, and who may publish is said
    by the topic's own policy.

    Args:
        key: the key's ARN.
    """
    why = "in a key's policy, * is the key itself"
    account = key.apply(_account)
    return (
        Statement(
            sid="Account",
            actions=["kms:*"],
            resources=["*"],
            why_any=f"{why}; without an administrator the key could never be changed again",
            principal={"AWS": pulumi.Output.concat(f"arn:{partition()}:iam::", account, ":root")},
        ),
        Statement(
            sid="Publishers",
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=["*"],
            why_any=why,
            principal={"Service": _services()},
        ),
    )


def topic_statements(topic: pulumi.Output[str]) -> tuple[Statement, ...]:
    """Who may publish: alarms and budgets of this account, and EventBridge; all of it over TLS.

    EventBridge's statement has no condition, because none would ever hold: it publishes without
    saying for whom ("Condition blocks" in the EventBridge User Guide, "Troubleshooting", read
    2026-11-24).

    Args:
        topic: the topic's ARN.
    """
    account = topic.apply(_account)
    own = {"StringEquals": {"aws:SourceAccount": account}}
    publish = [
        Statement(
            sid=f"Publish{service.capitalize()}",
            actions=["sns:Publish"],
            resources=[topic],
            principal={"Service": f"{service}.amazonaws.com"},
            condition={} if service == "events" else own,
        )
        for service in PUBLISHERS
    ]
    encrypted = Statement(
        sid="TlsOnly",
        effect="Deny",
        actions=["sns:Publish"],
        resources=[topic],
        principal={"AWS": "*"},
        condition={"Bool": {"aws:SecureTransport": "false"}},
        why_any="a refusal has to reach everybody",
    )
    return (*publish, encrypted)


def _subscription(context: Context, topic: Any, position: int, channel: Channel) -> pulumi.Resource:
    from pulumi_aws import sns

    if channel.kind not in _PROTOCOLS:
        raise UnsupportedError(
            "aws",
            f"alerts.channels.{position}.kind: {channel.kind}",
            "alerts leave through SNS, which knows no Apprise",
            instead="kind: webhook or kind: email",
        )
    return sns.TopicSubscription(
        f"{context.name}-alerts-{position}",
        topic=topic.arn,
        protocol=_PROTOCOLS[channel.kind],
        endpoint=_endpoint(context, channel),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )


def _endpoint(context: Context, channel: Channel) -> pulumi.Input[str]:
    if channel.kind is ChannelKind.email:
        return channel.to or ""
    address = context.secrets[channel.secret] if channel.secret else channel.url or ""
    return pulumi.Output.from_input(address).apply(https)


def https(address: str) -> str:
    """An address for a webhook, as it is.

    Raises:
        SpecError: messages would go there unencrypted.
    """
    if not address.startswith("https://"):
        # The address may be a secret, so the message does not show it.
        raise SpecError(
            [
                Problem(
                    path="alerts.channels",
                    what="the address of a webhook is not encrypted",
                    allowed="https://…",
                )
            ]
        )
    return address


def _services() -> list[str]:
    return [f"{service}.amazonaws.com" for service in PUBLISHERS]


def _account(arn: str) -> str:
    return arn.split(":")[4]
