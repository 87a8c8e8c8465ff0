"""Application Auto Scaling of an endpoint: brought to a definition, or taken away."""

from typing import Any

from trimaran_providers.aws.autoscaling import WAKE, ScalingDefinition
from trimaran_providers.aws.handlers.sagemaker_refusal import Refused, told


class Scaling:
    """Scaling of one endpoint.

    Args:
        client: boto3 client of `application-autoscaling`.
        resource: what is scaled: ServiceNamespace, ResourceId, ScalableDimension.
    """

    def __init__(self, client: Any, resource: dict[str, str]) -> None:
        self._client, self._resource = client, resource
        self._where = resource["ResourceId"]

    @property
    def is_registered(self) -> bool:
        """Whether it is scaled."""
        with told(self._where):
            found = self._client.describe_scalable_targets(
                ServiceNamespace=self._resource["ServiceNamespace"],
                ResourceIds=[self._resource["ResourceId"]],
                ScalableDimension=self._resource["ScalableDimension"],
            )
        return bool(found["ScalableTargets"])

    @property
    def wake_policy(self) -> str:
        """ARN of the policy that wakes an endpoint without instances; empty: there is none."""
        with told(self._where):
            found = self._client.describe_scaling_policies(PolicyNames=[WAKE], **self._resource)
        return "".join(policy["PolicyARN"] for policy in found["ScalingPolicies"])

    def bring_to(self, wanted: ScalingDefinition, tags: dict[str, str]) -> None:
        """Register, and leave the wanted policies and actions alone there.

        Args:
            wanted: how it shall be scaled.
            tags: tags of the target.
        """
        with told(self._where):
            target = self._client.register_scalable_target(**wanted.target)
            if tags:
                # Of an existing target, registering takes none.
                arn = target["ScalableTargetARN"]
                self._client.tag_resource(ResourceARN=arn, Tags=tags)
            for policy in wanted.policies:
                self._client.put_scaling_policy(**policy)
            for action in wanted.actions:
                self._client.put_scheduled_action(**action)
            self._delete_others(wanted)

    def remove(self) -> None:
        """Deregister, with every policy and action; no error when there is none."""
        try:
            with told(self._where):
                self._client.deregister_scalable_target(**self._resource)
        except Refused as refused:
            if not refused.is_absent:
                raise

    def _delete_others(self, wanted: ScalingDefinition) -> None:
        policies = {policy["PolicyName"] for policy in wanted.policies}
        found = self._client.describe_scaling_policies(**self._resource)["ScalingPolicies"]
        for name in sorted({policy["PolicyName"] for policy in found} - policies):
            self._client.delete_scaling_policy(PolicyName=name, **self._resource)
        actions = {action["ScheduledActionName"] for action in wanted.actions}
        found = self._client.describe_scheduled_actions(**self._resource)["ScheduledActions"]
        for name in sorted({action["ScheduledActionName"] for action in found} - actions):
            self._client.delete_scheduled_action(ScheduledActionName=name, **self._resource)
