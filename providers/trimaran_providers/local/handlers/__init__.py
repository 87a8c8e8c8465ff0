"""The local cloud's resources: what the plugin serves under `trimaran:local:*`."""

from trimaran_providers.contract.handler import AnyHandler
from trimaran_providers.local.handlers.alert_destination import AlertDestinationHandler
from trimaran_providers.local.handlers.endpoint import EndpointHandler
from trimaran_providers.local.handlers.model_registry import ModelRegistryHandler
from trimaran_providers.local.handlers.pipeline import PipelineHandler
from trimaran_providers.local.handlers.schedule import ScheduleHandler
from trimaran_providers.local.handlers.store import StoreHandler

HANDLERS: tuple[AnyHandler, ...] = (
    StoreHandler(),
    AlertDestinationHandler(),
    PipelineHandler(),
    ModelRegistryHandler(),
    EndpointHandler(),
    ScheduleHandler(),
)
