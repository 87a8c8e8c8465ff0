"""Components given to other components: as objects in Python, as ids from any language."""

from typing import Any

import pulumi

from trimaran_providers.contract.cloud import Upstream
from trimaran_providers.contract.outputs import (
    AlertsOutputs,
    ArtifactStoreOutputs,
    PipelineOutputs,
    RegistryOutputs,
)
from trimaran_runtime.alerting.config import AlertRules


def store_given(uri: Any, share_with: tuple[str, ...] = ()) -> ArtifactStoreOutputs:
    """A store known by its URI, and by the accounts that may read it."""
    output: pulumi.Output[str] = pulumi.Output.from_input(uri)
    return ArtifactStoreOutputs(
        uri=output, id=output, image=pulumi.Output.from_input(""), share_with=share_with
    )


def alerts_given(alerts_id: Any, rules: AlertRules | None = None) -> AlertsOutputs:
    """Alerts known by their id; None: an empty id, nobody is told."""
    known = pulumi.Output.from_input("" if alerts_id is None else alerts_id)
    return AlertsOutputs(
        id=known, rules=rules or AlertRules(), is_given=alerts_id is not None and alerts_id != ""
    )


def pipeline_given(run: Any, pipeline_id: Any = "") -> PipelineOutputs:
    """A pipeline known by its id, its last run, or both."""
    empty = pulumi.Output.from_input("")
    return PipelineOutputs(
        id=pulumi.Output.from_input("" if pipeline_id is None else pipeline_id),
        run=pulumi.Output.from_input("" if run is None else run),
        status=empty,
        release=empty,
    )


def registry_given(release: Any) -> RegistryOutputs:
    """A registry known by the release in production."""
    known = pulumi.Output.from_input(release)
    return RegistryOutputs(id=known, candidate=known, approved=known, production=known)


def upstream_of(
    *,
    store_uri: Any,
    alerts_id: Any = None,
    alert_rules: AlertRules | None = None,
    run: Any = None,
    pipeline_id: Any = None,
    release: Any = None,
    share_with: tuple[str, ...] = (),
    capture_fraction: float = 1.0,
) -> Upstream:
    """What a component builds on, from the ids in its arguments."""
    return Upstream(
        store=store_given(store_uri, share_with),
        alerts=alerts_given(alerts_id, alert_rules),
        pipeline=None if run is None and pipeline_id is None else pipeline_given(run, pipeline_id),
        registry=registry_given(release) if release is not None else None,
        capture_fraction=capture_fraction,
    )
