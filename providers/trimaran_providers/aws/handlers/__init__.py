"""AWS's resources that Pulumi's package lacks: what the plugin serves under `trimaran:aws:*`."""

from trimaran_providers.aws.handlers.endpoint import EndpointHandler
from trimaran_providers.aws.handlers.image_build import ImageBuildHandler
from trimaran_providers.aws.handlers.model_registry import ModelRegistryHandler
from trimaran_providers.aws.handlers.pipeline_run import PipelineRunHandler
from trimaran_providers.aws.handlers.subnets import SubnetsHandler
from trimaran_providers.contract.handler import AnyHandler

HANDLERS: tuple[AnyHandler, ...] = (
    EndpointHandler(),
    ImageBuildHandler(),
    ModelRegistryHandler(),
    PipelineRunHandler(),
    SubnetsHandler(),
)
