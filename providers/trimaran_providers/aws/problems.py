"""What AWS cannot do beyond single fields: combinations, limits, names; asked before `up`."""

from collections.abc import Iterator

from pydantic import BaseModel

from trimaran_providers.aws.limits.alerts import alerts_problems
from trimaran_providers.aws.limits.endpoint import endpoint_problems
from trimaran_providers.aws.limits.pipeline import (
    data_problems,
    monitor_problems,
    monitored_problems,
    pipeline_problems,
    tracking_problems,
)
from trimaran_providers.aws.limits.platform import platform_problems
from trimaran_providers.aws.limits.rollout import unwatched_problems
from trimaran_providers.aws.limits.store import store_problems
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.spec import (
    AlertsSpec,
    EndpointSpec,
    PlatformSpec,
    StackSpec,
    StoreSpec,
)
from trimaran_runtime.monitoring.config import MonitorConfig


def problems_of(spec: BaseModel, platform: PlatformSpec) -> Iterator[Problem]:
    """Every problem of a section of the spec, or of the whole spec; paths are the whole spec's."""
    yield from platform_problems(platform)
    if isinstance(spec, StackSpec):
        yield from data_problems(spec)
        yield from pipeline_problems(spec.pipeline)
        yield from tracking_problems(spec.tracking)
        yield from monitored_problems(spec)
        yield from unwatched_problems(spec.endpoint, spec.alerts.rules)
        for section in (spec.endpoint, spec.monitor, spec.alerts, spec.store):
            yield from _of_section(section, platform)
    else:
        yield from _of_section(spec, platform)


def _of_section(section: BaseModel, platform: PlatformSpec) -> Iterator[Problem]:
    if isinstance(section, EndpointSpec):
        yield from endpoint_problems(section, platform.network)
    elif isinstance(section, MonitorConfig):
        yield from monitor_problems(section)
    elif isinstance(section, AlertsSpec):
        yield from alerts_problems(section)
    elif isinstance(section, StoreSpec):
        yield from store_problems(section)
