"""What each component takes: a section of the spec, and ids of what it builds on."""

from typing import Annotated, TypeVar

from pydantic import Field

from trimaran_providers.contract.spec import (
    AlertsSpec,
    EndpointSpec,
    PlatformSpec,
    StackSpec,
    StoreSpec,
)
from trimaran_providers.contract.spec.linkable import Linkable
from trimaran_runtime.alerting.config import AlertRules
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.registry.config import RegistryConfig
from trimaran_runtime.section import Section

SectionT = TypeVar("SectionT", bound=Section)


class ComponentArgs(PlatformSpec):
    """What every component takes beside its own section."""

    cloud: str | None = None
    """`local`, `aws`, `azure` or `gcp`; None: config `trimaran:cloud` of the Pulumi stack."""
    model_name: str | None = None
    """Name of the model it belongs to; None: the component's name."""

    def of(self, section: type[SectionT]) -> SectionT:
        """The part of it that is a section of the spec; what was not given stays a default."""
        given = self.model_fields_set & set(section.model_fields)
        return section.model_validate({name: getattr(self, name) for name in given})


class ArtifactStoreArgs(StoreSpec, ComponentArgs):
    """Where artifacts live."""


class AlertsArgs(AlertsSpec, ComponentArgs):
    """What is worth a message, and where it goes."""

    store_uri: Linkable
    """URI of the store that keeps the log."""


class PipelineArgs(StackSpec, ComponentArgs):
    """What is trained and what a model must show: the sections of the spec that a run reads."""

    store_uri: Linkable
    """URI of the artifact store."""
    alerts_id: Linkable | None = None
    """Id of the alerts that a run raises; None: none."""


class RegistryArgs(RegistryConfig, ComponentArgs):
    """Who lets a model into production."""

    store_uri: Linkable
    """URI of the artifact store."""
    run: Linkable | None = None
    """Last pipeline run; the channels are read after it."""
    share_with: tuple[str, ...] = ()
    """Ids of other accounts that may see and deploy releases, as the store's `share_with`."""


class EndpointArgs(EndpointSpec, ComponentArgs):
    """How a release is served."""

    store_uri: Linkable
    """URI of the artifact store."""
    release: Linkable | None = None
    """Release in production; the update waits until it serves."""
    alert_rules: AlertRules = AlertRules()
    """Rules of its alerts: a rollout goes back beyond the same limits."""
    alerts_id: Linkable | None = None
    """Id of the alerts that watch it; None: none."""


class MonitorArgs(MonitorConfig, ComponentArgs):
    """How often traffic is checked, and what drift does."""

    store_uri: Linkable
    """URI of the artifact store."""
    alerts_id: Linkable | None = None
    """Id of the alerts that drift raises; None: none."""
    alert_rules: AlertRules = AlertRules()
    """Rules of its alerts: whether drift, a failed check and silence are worth a message."""
    pipeline_id: Linkable | None = None
    """Id of the pipeline that drift starts; None: none."""
    capture_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the requests that the endpoint records, where the records do not tell it."""


class MLStackArgs(StackSpec, ComponentArgs):
    """One MLOps stack, the same for every cloud."""

    store_uri: Linkable | None = None
    """URI of a store shared with other stacks; None: the stack has its own."""
    alerts_id: Linkable | None = None
    """Id of alerts shared with other stacks; None: the stack has its own."""
