"""SageMaker's models, configurations, endpoints and inference components, with their gotchas.

It says no where SageMaker does, in the words that SageMaker uses, and it changes state by being
looked at: a change is over after some looks, so a test waits for nothing.
"""

import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-central-1"
Body = dict[str, Any]
_PAST = 1_700_000_000.0
_LOOKS = 2
_MOVING = ("Creating", "Updating", "RollingBack", "Deleting")


class Refusal(Exception):
    """The call is answered with an error."""

    def __init__(self, message: str, code: str = "ValidationException", status: int = 400) -> None:
        super().__init__(message)
        self.message, self.code, self.status = message, code, status


@dataclass
class Plan:
    """What the n-th call of an operation comes to, instead of success.

    Attributes:
        operation: `UpdateEndpoint`.
        number: 1 for the first call of that operation from now on.
        outcome: `refuses` (an error at once), `fails` (ends as Failed), `rolls_back` (ends in
            service as before, silently), `hangs` (never ends).
        reason: in SageMaker's words.
    """

    operation: str
    number: int
    outcome: str
    reason: str = ""


@dataclass
class _Endpoint:
    name: str
    config: str
    status: str
    wanted: str = ""
    looks: int = 0
    ends_as: str = ""
    reason: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    deployment: Body = field(default_factory=dict)
    coming: dict[str, int] = field(default_factory=dict)


@dataclass
class _Component:
    body: Body
    status: str
    copies: int
    wanted: Body | None = None
    looks: int = 0
    ends_as: str = ""
    reason: str = ""


class Endpoints:
    """State and operations; every operation takes and gives bodies of the API."""

    def __init__(self) -> None:
        self.models: dict[str, Body] = {}
        self.configs: dict[str, Body] = {}
        self.endpoints: dict[str, _Endpoint] = {}
        self.components: dict[str, _Component] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.targets: dict[str, Body] = {}
        self.plans: list[Plan] = []
        self.calls: Counter[str] = Counter()
        self._now: Plan | None = None
        self.broken: set[str] = set()
        self.role_delay = 0

    # --- models and configurations ---------------------------------------------------------

    def create_model(self, body: Body) -> Body:
        name = body["ModelName"]
        if self.role_delay > 0:
            self.role_delay -= 1
            raise Refusal(f"Could not assume role {body['ExecutionRoleArn']}.")
        if name in self.models:
            raise Refusal(f'Cannot create already existing model "{_arn("model", name)}".')
        self.models[name] = self._tagged("model", name, body)
        return {"ModelArn": _arn("model", name)}

    def describe_model(self, body: Body) -> Body:
        found = self._found(self.models, "model", body["ModelName"])
        return {**found, "ModelArn": _arn("model", body["ModelName"]), "CreationTime": _PAST}

    def delete_model(self, body: Body) -> Body:
        self._found(self.models, "model", body["ModelName"])
        del self.models[body["ModelName"]]
        return {}

    def list_models(self, body: Body) -> Body:
        names = _named(self.models, body)
        made = [
            {"ModelName": n, "ModelArn": _arn("model", n), "CreationTime": _PAST} for n in names
        ]
        return {"Models": made}

    def create_endpoint_config(self, body: Body) -> Body:
        name = body["EndpointConfigName"]
        arn = _arn("endpoint-config", name)
        if name in self.configs:
            raise Refusal(f'Cannot create already existing endpoint configuration "{arn}".')
        shadows = body.get("ShadowProductionVariants", [])
        for variant in [*body["ProductionVariants"], *shadows]:
            if "ModelName" in variant:
                self._found(self.models, "model", variant["ModelName"])
            elif "ExecutionRoleArn" not in body:
                raise Refusal("ExecutionRoleArn is required without a model in the variant.")
        if shadows and (len(body["ProductionVariants"]), len(shadows)) != (1, 1):
            raise Refusal("Exactly one production variant and one shadow variant are supported.")
        self.configs[name] = self._tagged("endpoint-config", name, body)
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, body: Body) -> Body:
        name = body["EndpointConfigName"]
        found = self._found(self.configs, "endpoint configuration", name)
        arn = _arn("endpoint-config", name)
        return {**found, "EndpointConfigArn": arn, "CreationTime": _PAST}

    def delete_endpoint_config(self, body: Body) -> Body:
        # Also while an endpoint is on it: SageMaker does not look.
        self._found(self.configs, "endpoint configuration", body["EndpointConfigName"])
        del self.configs[body["EndpointConfigName"]]
        return {}

    def list_endpoint_configs(self, body: Body) -> Body:
        made = [
            {
                "EndpointConfigName": name,
                "EndpointConfigArn": _arn("endpoint-config", name),
                "CreationTime": _PAST,
            }
            for name in _named(self.configs, body)
        ]
        return {"EndpointConfigs": made}

    # --- endpoints -------------------------------------------------------------------------

    def create_endpoint(self, body: Body) -> Body:
        name, config = body["EndpointName"], body["EndpointConfigName"]
        if name in self.endpoints:
            raise Refusal(f'Cannot create already existing endpoint "{_arn("endpoint", name)}".')
        self._found(self.configs, "endpoint configuration", config)
        made = _Endpoint(name=name, config=config, status="Creating", wanted=config, looks=_LOOKS)
        made.counts = made.coming = self._counts(config)
        made.ends_as, made.reason = self._planned()
        self.endpoints[name] = made
        self.tags[_arn("endpoint", name)] = _as_map(body.get("Tags", []))
        return {"EndpointArn": _arn("endpoint", name)}

    def describe_endpoint(self, body: Body) -> Body:
        found = self._endpoint(body["EndpointName"])
        self._look(found)
        if found.name not in self.endpoints:
            raise self._absent("endpoint", found.name)
        described: Body = {
            "EndpointName": found.name,
            "EndpointArn": _arn("endpoint", found.name),
            "EndpointConfigName": found.config,
            "EndpointStatus": found.status,
            "CreationTime": _PAST,
            "LastModifiedTime": _PAST,
            "ProductionVariants": [
                {
                    "VariantName": variant,
                    "CurrentInstanceCount": count,
                    "DesiredInstanceCount": count,
                    "CurrentWeight": 1.0,
                    "DesiredWeight": 1.0,
                }
                for variant, count in found.counts.items()
            ],
        }
        if found.status == "Updating":
            described["PendingDeploymentSummary"] = {
                "EndpointConfigName": found.wanted,
                "ProductionVariants": [
                    {
                        "VariantName": variant,
                        "CurrentInstanceCount": count,
                        "DesiredInstanceCount": count,
                        "VariantStatus": [{"Status": "Baking"}],
                    }
                    for variant, count in found.coming.items()
                ],
            }
        if found.reason and found.status not in _MOVING:
            described["FailureReason"] = found.reason
        if found.deployment:
            described["LastDeploymentConfig"] = found.deployment
        return described

    def update_endpoint(self, body: Body) -> Body:
        found, config = self._endpoint(body["EndpointName"]), body["EndpointConfigName"]
        self._refuse_moving(found)
        if found.status == "Failed":
            raise Refusal("Cannot update a failed endpoint; delete it first.")
        self._found(self.configs, "endpoint configuration", config)
        self._found(self.configs, "endpoint configuration", found.config)
        before, after = self._variant(found.config), self._variant(config)
        self._refuse_update(found, before, after, body)
        retained = body.get("RetainAllVariantProperties", False)
        excluded = {
            item["VariantPropertyType"] for item in body.get("ExcludeRetainedVariantProperties", ())
        }
        counts = self._counts(config)
        if retained and "DesiredInstanceCount" not in excluded:
            counts |= {n: c for n, c in found.counts.items() if n in counts}
        found.coming, found.wanted = counts, config
        found.status, found.looks = "Updating", _LOOKS
        found.deployment = body.get("DeploymentConfig", {})
        found.ends_as, found.reason = self._planned()
        return {"EndpointArn": _arn("endpoint", found.name)}

    def update_endpoint_weights_and_capacities(self, body: Body) -> Body:
        found = self._endpoint(body["EndpointName"])
        self._refuse_moving(found)
        for wanted in body["DesiredWeightsAndCapacities"]:
            if "DesiredInstanceCount" in wanted:
                found.counts[wanted["VariantName"]] = wanted["DesiredInstanceCount"]
        found.status, found.looks, found.ends_as = "Updating", _LOOKS, "InService"
        found.wanted, found.coming = found.config, found.counts
        return {"EndpointArn": _arn("endpoint", found.name)}

    def delete_endpoint(self, body: Body) -> Body:
        found = self._endpoint(body["EndpointName"])
        self._refuse_moving(found)
        if any(c.body["EndpointName"] == found.name for c in self.components.values()):
            raise Refusal("Cannot delete an endpoint with inference components.")
        found.status, found.looks, found.ends_as = "Deleting", _LOOKS, ""
        return {}

    # --- inference components --------------------------------------------------------------

    def create_inference_component(self, body: Body) -> Body:
        name = body["InferenceComponentName"]
        if name in self.components:
            raise Refusal(f'Inference component "{name}" already exists.')
        endpoint = self._endpoint(body["EndpointName"])
        if endpoint.status != "InService":
            raise Refusal(f"Endpoint {endpoint.name} is not in service.")
        if "ModelName" in self._variant(endpoint.config):
            raise Refusal("The endpoint has a model of its own.")
        self._found(self.models, "model", body["Specification"]["ModelName"])
        ends_as, reason = self._planned()
        self.components[name] = _Component(
            body=copy.deepcopy(body),
            status="Creating",
            copies=body["RuntimeConfig"]["CopyCount"],
            looks=_LOOKS,
            ends_as=ends_as,
            reason=reason,
        )
        self.tags[_arn("inference-component", name)] = _as_map(body.get("Tags", []))
        return {"InferenceComponentArn": _arn("inference-component", name)}

    def describe_inference_component(self, body: Body) -> Body:
        name = body["InferenceComponentName"]
        found = self._component(name)
        self._look_at_component(name, found)
        if name not in self.components:
            raise self._absent("inference component", name)
        described = {
            "InferenceComponentName": name,
            "InferenceComponentArn": _arn("inference-component", name),
            "EndpointName": found.body["EndpointName"],
            "EndpointArn": _arn("endpoint", found.body["EndpointName"]),
            "VariantName": found.body["VariantName"],
            "Specification": found.body["Specification"],
            "RuntimeConfig": {"DesiredCopyCount": found.copies, "CurrentCopyCount": found.copies},
            "InferenceComponentStatus": found.status,
            "CreationTime": _PAST,
            "LastModifiedTime": _PAST,
        }
        if found.reason and found.status not in _MOVING:
            described["FailureReason"] = found.reason
        return described

    def update_inference_component(self, body: Body) -> Body:
        found = self._component(body["InferenceComponentName"])
        if found.status in _MOVING:
            raise Refusal("Cannot update in-progress inference component.")
        self._found(self.models, "model", body["Specification"]["ModelName"])
        found.wanted = copy.deepcopy(body["Specification"])
        found.copies = body.get("RuntimeConfig", {}).get("CopyCount", found.copies)
        found.status, found.looks = "Updating", _LOOKS
        found.ends_as, found.reason = self._planned()
        return {"InferenceComponentArn": _arn("inference-component", found.body["EndpointName"])}

    def delete_inference_component(self, body: Body) -> Body:
        found = self._component(body["InferenceComponentName"])
        if found.status in _MOVING:
            raise Refusal("Cannot update in-progress inference component.")
        found.status, found.looks, found.ends_as = "Deleting", _LOOKS, ""
        return {}

    # --- tags ------------------------------------------------------------------------------

    def add_tags(self, body: Body) -> Body:
        self._tags(body["ResourceArn"]).update(_as_map(body["Tags"]))
        return {"Tags": _as_list(self._tags(body["ResourceArn"]))}

    def list_tags(self, body: Body) -> Body:
        return {"Tags": _as_list(self._tags(body["ResourceArn"]))}

    def delete_tags(self, body: Body) -> Body:
        for key in body["TagKeys"]:
            self._tags(body["ResourceArn"]).pop(key, None)
        return {}

    # --- what serves -----------------------------------------------------------------------

    def serving(self, endpoint: str, component: str) -> str:
        """Full id of the release that answers."""
        found = self._endpoint(endpoint)
        if found.status in ("Creating", "Deleting", "Failed"):
            raise Refusal(f"Endpoint {endpoint} of account {ACCOUNT} not found.", "ValidationError")
        variant = self._variant(found.config)
        model = variant.get("ModelName")
        if model is None:
            if component not in self.components:
                raise Refusal("Inference Component Name header is required.", "ValidationError")
            model = self.components[component].body["Specification"]["ModelName"]
        release = self.models[model]["PrimaryContainer"]["Environment"]["TRIMARAN_RELEASE"]
        if release in self.broken:
            raise Refusal("Received server error (500) from primary", "ModelError", 424)
        return str(release)

    def plan(self, plan: Plan) -> None:
        """What a later call comes to."""
        plan.number += self.calls[plan.operation]
        self.plans.append(plan)

    def begin(self, operation: str) -> None:
        """A call of an operation begins; it is refused where that is planned."""
        self.calls[operation] += 1
        found = [
            p for p in self.plans if (p.operation, p.number) == (operation, self.calls[operation])
        ]
        self._now = found[0] if found else None
        if self._now is not None and self._now.outcome == "refuses":
            raise Refusal(self._now.reason or "The limit is reached.", "ResourceLimitExceeded")

    def _planned(self) -> tuple[str, str]:
        """How the change that begins now ends, and why."""
        if self._now is None:
            return "InService", ""
        ends = {"fails": "Failed", "rolls_back": "RollsBack", "hangs": "Never"}
        return ends[self._now.outcome], self._now.reason

    def _look(self, found: _Endpoint) -> None:
        """A change is over after some looks."""
        if found.status not in _MOVING or found.ends_as == "Never":
            return
        found.looks -= 1
        if found.looks > 0:
            return
        if found.status == "Deleting":
            del self.endpoints[found.name]
        elif found.ends_as == "RollsBack" and found.status == "Updating":
            found.status, found.looks = "RollingBack", 1
        elif found.status == "RollingBack":
            # As if nothing had been: in service, and the configuration is the old one.
            found.status = "InService"
        else:
            found.status = found.ends_as
            if found.ends_as == "InService":
                found.config, found.counts, found.reason = found.wanted, found.coming, ""

    def _look_at_component(self, name: str, found: _Component) -> None:
        if found.status not in _MOVING or found.ends_as == "Never":
            return
        found.looks -= 1
        if found.looks > 0:
            return
        if found.status == "Deleting":
            del self.components[name]
            return
        if found.status == "Updating" and found.ends_as == "InService" and found.wanted:
            found.body["Specification"] = found.wanted
        found.status = "Failed" if found.ends_as == "Failed" else "InService"

    def _refuse_update(self, found: _Endpoint, before: Body, after: Body, body: Body) -> None:
        if before["VariantName"] != after["VariantName"] and body.get("DeploymentConfig"):
            raise Refusal("The variant names of both configurations must be the same.")
        scaled = f"endpoint/{found.name}/variant/{before['VariantName']}"
        if before.get("InstanceType") != after.get("InstanceType") and scaled in self.targets:
            raise Refusal(
                "The variant main is registered with autoscaling: deregister it as a scalable "
                "target before its instance type is changed."
            )
        if ("ModelName" in before) != ("ModelName" in after):
            raise Refusal("Endpoints with and without inference components do not convert.")
        if ("ServerlessConfig" in before) != ("ServerlessConfig" in after):
            raise Refusal("Instance-based and serverless endpoints do not convert.")
        config = body.get("DeploymentConfig", {})
        if config and "ServerlessConfig" in after:
            raise Refusal("Deployment guardrails are not supported for serverless endpoints.")
        shifting = config.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
        partly = shifting.get("Type") in ("CANARY", "LINEAR") or "RollingUpdatePolicy" in config
        if partly and found.counts.get(before["VariantName"], 0) < 2:
            raise Refusal("Traffic can be shifted in parts with at least two instances.")

    def _refuse_moving(self, found: _Endpoint) -> None:
        if found.status in _MOVING:
            arn = _arn("endpoint", found.name)
            raise Refusal(f'Cannot update in-progress endpoint "{arn}".')

    def _variant(self, config: str) -> Body:
        found = self._found(self.configs, "endpoint configuration", config)
        variant: Body = found["ProductionVariants"][0]
        return variant

    def _counts(self, config: str) -> dict[str, int]:
        variants = self.configs[config]["ProductionVariants"]
        return {v["VariantName"]: v.get("InitialInstanceCount", 0) for v in variants}

    def _endpoint(self, name: str) -> _Endpoint:
        if name not in self.endpoints:
            raise self._absent("endpoint", name)
        return self.endpoints[name]

    def _component(self, name: str) -> _Component:
        if name not in self.components:
            raise self._absent("inference component", name)
        return self.components[name]

    def _tagged(self, kind: str, name: str, body: Body) -> Body:
        self.tags[_arn(kind, name)] = _as_map(body.get("Tags", []))
        return {key: copy.deepcopy(value) for key, value in body.items() if key != "Tags"}

    def _tags(self, arn: str) -> dict[str, str]:
        if arn not in self.tags:
            raise Refusal(f"Could not find resource {arn}.")
        return self.tags[arn]

    def _found(self, things: Mapping[str, Body], kind: str, name: str) -> Body:
        if name not in things:
            raise self._absent(kind, name)
        return things[name]

    @staticmethod
    def _absent(kind: str, name: str) -> Refusal:
        return Refusal(f'Could not find {kind} "{_arn(kind.replace(" ", "-"), name)}".')


def _named(things: Mapping[str, Any], body: Body) -> list[str]:
    return sorted(name for name in things if body.get("NameContains", "") in name)


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name.lower()}"


def _as_map(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
