"""What each component gives back: the same fields on every cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trimaran_runtime.alerting.config import AlertRules
from trimaran_runtime.registry.config import UNSIGNED, SigningConfig

if TYPE_CHECKING:
    from pulumi import Output


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactStoreOutputs:
    """Where artifacts live."""

    uri: Output[str]
    """Root URI, as `trimaran_runtime.storage.Store` takes it."""
    id: Output[str]
    """The cloud's own id (path, bucket, account)."""
    image: Output[str]
    """The image that runs every step and the server, by digest; empty: none is used."""
    share_with: tuple[str, ...] = ()
    """Ids of other accounts that may read releases; the registry lets them in as well."""
    resources: tuple[Any, ...] = ()
    """What others depend on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineOutputs:
    """The pipeline and its last run."""

    id: Output[str]
    """The cloud's own id."""
    run: Output[str]
    """Id of the run of this update; empty when none ran."""
    status: Output[str]
    """`succeeded`, `refused`, `failed`, `invalid`, or `none`."""
    release: Output[str]
    """Full id of the release that the run registered; empty when none."""
    resources: tuple[Any, ...] = ()
    """What others depend on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryOutputs:
    """The registry's channels at the end of the update."""

    id: Output[str]
    """The cloud's own id."""
    candidate: Output[str]
    """Full id of the newest accepted release; empty when none."""
    approved: Output[str]
    """Full id of the newest approved release; empty when none."""
    production: Output[str]
    """Full id of the release in production; empty when none."""
    signing: SigningConfig = UNSIGNED
    """Whose signature a release must carry."""
    resources: tuple[Any, ...] = ()
    """What others depend on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOutputs:
    """How to ask for predictions."""

    id: Output[str]
    """The cloud's own id."""
    url: Output[str]
    """Address to which `/invocations` is added."""
    release: Output[str]
    """Full id of the release that serves; empty while it waits for one."""
    resources: tuple[Any, ...] = ()
    """What others depend on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorOutputs:
    """Where the monitor reports."""

    id: Output[str]
    """The cloud's own id."""
    report_url: Output[str]
    """Address of the newest report; it is there after the first check."""
    resources: tuple[Any, ...] = ()
    """What others depend on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsOutputs:
    """Where alerts go."""

    id: Output[str]
    """The cloud's own id (topic, action group, log)."""
    rules: AlertRules
    """What is worth a message; an endpoint rolls back by the same limits."""
    is_given: bool = True
    """False: there is nobody to tell, and `id` is empty."""
    resources: tuple[Any, ...] = ()
    """What others depend on."""
