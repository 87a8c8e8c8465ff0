"""The requests that bring an endpoint to a release: pure data, from a definition and the release.

The names of a model and of a configuration end in a digest of their content: another content has
another name, so the old ones stay until the new ones serve, and the same content is never made
twice. The endpoint, its variant and its component keep their names for life.
"""

import re
from dataclasses import dataclass

from trimaran_providers.aws.endpoint_definition import Body, EndpointDefinition
from trimaran_providers.aws.names import shortened
from trimaran_providers.contract.spec import EndpointKind
from trimaran_runtime.storage.digest import PREFIX, canonical_json, digest_of

_DIGITS = 10
_NOT_CAPACITY = ("DataCaptureConfig", "DesiredWeight")
_CAPACITY = "DesiredInstanceCount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """Requests of one deployment.

    Attributes:
        release: full id of the release.
        models: CreateModel, each; the first is that which serves.
        config: CreateEndpointConfig; None: nothing stands ready (batch).
        component: CreateInferenceComponent; None: there is none.
        definition: what they were made from.
    """

    release: str
    models: tuple[Body, ...]
    config: Body | None
    component: Body | None
    definition: EndpointDefinition

    @property
    def model_name(self) -> str:
        """Name of the model that serves."""
        return str(self.models[0]["ModelName"])

    @property
    def config_name(self) -> str:
        """Name of the configuration; empty: there is none."""
        return str(self.config["EndpointConfigName"]) if self.config else ""

    @property
    def deployed_name(self) -> str:
        """What a deployment is known by: changes when anything that serves changes."""
        return self.model_name if self.component or not self.config else self.config_name

    def create_endpoint(self) -> Body:
        """CreateEndpoint; how later updates move is said with each of them."""
        return {
            "EndpointName": self.definition.name,
            "EndpointConfigName": self.config_name,
            **_tags(self.definition),
        }

    def update_endpoint(self, running: int) -> Body:
        """UpdateEndpoint.

        Args:
            running: instances that are wanted now. They are kept, whatever the configuration
                starts with, unless there is none: then nothing could be tested.
        """
        body: Body = {
            "EndpointName": self.definition.name,
            "EndpointConfigName": self.config_name,
        }
        if self.definition.kind is EndpointKind.serverless:
            return body
        excluded = [*_NOT_CAPACITY] if running else [*_NOT_CAPACITY, _CAPACITY]
        body |= {
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [
                {"VariantPropertyType": name} for name in excluded
            ],
        }
        if self.definition.deployment:
            body["DeploymentConfig"] = self.definition.deployment
        return body

    def update_component(self, running: int) -> Body:
        """UpdateInferenceComponent.

        Args:
            running: copies that are wanted now; at least one is, or nothing could be tested.
        """
        body = self.component or {}
        return {
            "InferenceComponentName": body["InferenceComponentName"],
            "Specification": body["Specification"],
            "RuntimeConfig": {"CopyCount": max(running, 1)},
            "DeploymentConfig": self.definition.component_deployment,
        }


def bodies(definition: EndpointDefinition, release: str, shadow: str = "") -> Bodies:
    """The requests that bring an endpoint to a release.

    Args:
        definition: what the endpoint shall be.
        release: full id of the release.
        shadow: full id of the release that is shadowed; empty, or the same: none is.
    """
    models = [_model(definition, release)]
    config: Body | None = None
    if definition.config or definition.variant:
        variant = dict(definition.variant)
        if not definition.component:
            variant["ModelName"] = models[0]["ModelName"]
        config = {**definition.config, "ProductionVariants": [variant]}
        if definition.shadow is not None and shadow not in ("", release):
            models.append(_model(definition, shadow))
            config["ShadowProductionVariants"] = [
                {**definition.shadow.variant, "ModelName": models[1]["ModelName"]}
            ]
        name = shortened(definition.name, _digest(_without_capacity(config)))
        config = {"EndpointConfigName": name, **config, **_tags(definition)}
    return Bodies(
        release=release,
        models=tuple(models),
        config=config,
        component=_component(definition, str(models[0]["ModelName"])),
        definition=definition,
    )


def is_name_of(name: str, endpoint: str) -> bool:
    """Whether a model or configuration of that name was made for the endpoint."""
    head = shortened(endpoint, "0" * _DIGITS).removesuffix("0" * _DIGITS)
    return re.fullmatch(rf"{re.escape(head)}[0-9a-f]{{{_DIGITS}}}", name) is not None


def _model(definition: EndpointDefinition, release: str) -> Body:
    container = definition.model["PrimaryContainer"]
    files = {
        "S3Uri": f"{definition.store_uri}/serving/{release}/",
        "S3DataType": "S3Prefix",
        "CompressionType": "None",
    }
    body = {
        **definition.model,
        "PrimaryContainer": {
            **container,
            "ModelDataSource": {"S3DataSource": files},
            "Environment": {**container["Environment"], "TRIMARAN_RELEASE": release},
        },
    }
    return {
        "ModelName": shortened(definition.name, _digest(body)),
        **body,
        **_tags(definition),
    }


def _component(definition: EndpointDefinition, model: str) -> Body | None:
    if not definition.component:
        return None
    specification = {**definition.component["Specification"], "ModelName": model}
    return {**definition.component, "Specification": specification, **_tags(definition)}


def _without_capacity(config: Body) -> Body:
    """The configuration but for what the endpoint's first day needs: capacity changes in place."""
    variant = {
        k: v for k, v in config["ProductionVariants"][0].items() if k != "InitialInstanceCount"
    }
    return {**config, "ProductionVariants": [variant]}


def _digest(body: Body) -> str:
    return digest_of(canonical_json(body)).removeprefix(PREFIX)[:_DIGITS]


def _tags(definition: EndpointDefinition) -> Body:
    tags = [{"Key": key, "Value": value} for key, value in sorted(definition.tags.items())]
    return {"Tags": tags} if tags else {}
