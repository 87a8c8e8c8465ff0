"""Application Auto Scaling of SageMaker's endpoints."""

from hashlib import sha256
from typing import Any

from tests.aws.fake_endpoints import ACCOUNT, REGION, Body, Endpoints, Refusal

_PAST = 1_700_000_000.0


class Autoscaling:
    """Targets, policies and actions of the endpoints beside it.

    Args:
        endpoints: which a target has to be one of.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self.targets = endpoints.targets
        self.policies: dict[tuple[str, str], Body] = {}
        self.actions: dict[tuple[str, str], Body] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def register_scalable_target(self, body: Body) -> Body:
        resource = body["ResourceId"]
        self._refuse_unknown(resource)
        kept = self.targets.get(resource, {})
        if kept and "Tags" in body:
            raise Refusal("Tags can be given to a new scalable target only.")
        self.targets[resource] = {**kept, **body}
        if self.targets[resource]["MinCapacity"] > self.targets[resource]["MaxCapacity"]:
            raise Refusal("Minimum capacity cannot be greater than maximum capacity.")
        self.tags.setdefault(_arn(resource), {})
        return {"ScalableTargetARN": _arn(resource)}

    def deregister_scalable_target(self, body: Body) -> Body:
        self._registered(body)
        resource = body["ResourceId"]
        del self.targets[resource]
        for kept in (self.policies, self.actions):
            for key in [key for key in kept if key[0] == resource]:
                del kept[key]
        return {}

    def describe_scalable_targets(self, body: Body) -> Body:
        found = [
            {**target, "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/scaling", "CreationTime": _PAST}
            for resource, target in self.targets.items()
            if resource in body.get("ResourceIds", [resource])
        ]
        return {"ScalableTargets": found}

    def put_scaling_policy(self, body: Body) -> Body:
        self._registered(body)
        self.policies[body["ResourceId"], body["PolicyName"]] = body
        return {"PolicyARN": _policy_arn(body), "Alarms": []}

    def describe_scaling_policies(self, body: Body) -> Body:
        found = [
            {**policy, "PolicyARN": _policy_arn(policy), "CreationTime": _PAST}
            for (resource, name), policy in self.policies.items()
            if resource == body["ResourceId"] and name in body.get("PolicyNames", [name])
        ]
        return {"ScalingPolicies": found}

    def delete_scaling_policy(self, body: Body) -> Body:
        del self.policies[body["ResourceId"], body["PolicyName"]]
        return {}

    def put_scheduled_action(self, body: Body) -> Body:
        self._registered(body)
        self.actions[body["ResourceId"], body["ScheduledActionName"]] = body
        return {}

    def describe_scheduled_actions(self, body: Body) -> Body:
        found = [
            {**action, "ScheduledActionARN": f"{_arn(resource)}/{name}", "CreationTime": _PAST}
            for (resource, name), action in self.actions.items()
            if resource == body["ResourceId"]
        ]
        return {"ScheduledActions": found}

    def delete_scheduled_action(self, body: Body) -> Body:
        del self.actions[body["ResourceId"], body["ScheduledActionName"]]
        return {}

    def tag_resource(self, body: Body) -> Body:
        self.tags[body["ResourceARN"]].update(body["Tags"])
        return {}

    def _registered(self, body: Body) -> None:
        resource = body["ResourceId"]
        if resource not in self.targets:
            raise Refusal(
                f"No scalable target registered for resource ID: {resource}.",
                "ObjectNotFoundException",
            )

    def _refuse_unknown(self, resource: str) -> None:
        kind, name, *variant = resource.split("/")
        if kind == "inference-component":
            known: Any = self._endpoints.components.get(name)
        else:
            known = self._endpoints.endpoints.get(name)
            known = known if known and variant[-1] in known.counts else None
        if known is None or known.status != "InService":
            raise Refusal(f"SageMaker resource {resource} is not in service.")


def _arn(resource: str) -> str:
    digest = sha256(resource.encode()).hexdigest()[:24]
    return f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/{digest}"


def _policy_arn(policy: Body) -> str:
    name = policy["PolicyName"]
    where = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:11111111"
    return f"{where}:resource/sagemaker/{policy['ResourceId']}:policyName/{name}"
