"""MLStack: the six components as one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi
from pydantic import BaseModel

from trimaran.alerts import Alerts
from trimaran.args import MLStackArgs
from trimaran.artifact_store import ArtifactStore
from trimaran.component import Component, stack_overrides
from trimaran.endpoint import Endpoint
from trimaran.monitor import Monitor
from trimaran.pipeline import Pipeline
from trimaran.registry import Registry
from trimaran.spec.document import Document
from trimaran.spec.validate import plain
from trimaran_providers.contract.cloud import Cloud, Context
from trimaran_providers.contract.spec import PlatformSpec, StackSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The components of a stack; a shared store or shared alerts are not among them."""

    store: ArtifactStore | None
    alerts: Alerts | None
    pipeline: Pipeline
    registry: Registry
    endpoint: Endpoint
    monitor: Monitor


class MLStack(Component[MLStackArgs, Parts]):
    """Artifact store, pipeline, registry, endpoint, monitor and alerts of one model.

    Attributes:
        pipeline: the pipeline.
        registry: the registry.
        endpoint: the endpoint.
        monitor: the monitor.
    """

    token = "trimaran:index:MLStack"
    args_model = MLStackArgs
    spec_model = StackSpec
    outputs: ClassVar[tuple[str, ...]] = ("url", "release", "run", "status", "report_url")
    url: pulumi.Output[str]
    release: pulumi.Output[str]
    run: pulumi.Output[str]
    status: pulumi.Output[str]
    report_url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: BaseModel | Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
        *,
        store: ArtifactStore | None = None,
        alerts: Alerts | None = None,
    ) -> None:
        """Render the whole spec.

        Args:
            name: logical name.
            args: the spec (`trimaran.load(...)`), or a mapping of it.
            opts: Pulumi resource options.
            store: a store shared with other stacks; None: the stack has its own.
            alerts: alerts shared with other stacks; None: the stack has its own.
        """
        self._shared_store, self._shared_alerts = store, alerts
        given = dict(plain(args))
        if store is not None:
            given["store_uri"] = store.uri
        if alerts is not None:
            given["alerts_id"] = alerts.alerts_id
        super().__init__(name, given, opts)

    def _overridden(self, document: Document) -> Document:
        return stack_overrides(document)

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline."""
        return self.rendered.pipeline

    @property
    def registry(self) -> Registry:
        """The registry."""
        return self.rendered.registry

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint."""
        return self.rendered.endpoint

    @property
    def monitor(self) -> Monitor:
        """The monitor."""
        return self.rendered.monitor

    def _render(self, cloud: Cloud, context: Context, args: MLStackArgs) -> Parts:
        opts = pulumi.ResourceOptions(parent=self)
        return _compose(context, args, cloud.name, self._shared_store, opts)

    def _outputs(self, rendered: Parts) -> dict[str, pulumi.Output[str]]:
        return {
            "url": rendered.endpoint.url,
            "release": rendered.registry.production,
            "run": rendered.pipeline.run,
            "status": rendered.pipeline.status,
            "report_url": rendered.monitor.report_url,
        }


def _capture_fraction(args: MLStackArgs) -> float:
    """Share of the requests that is recorded; where none is, there is nothing to weigh."""
    capture = args.endpoint.capture
    return 1.0 if capture is None or capture.fraction == 0 else capture.fraction


def _compose(
    context: Context,
    args: MLStackArgs,
    cloud: str,
    shared_store: ArtifactStore | None,
    opts: pulumi.ResourceOptions,
) -> Parts:
    name = context.name
    shared = {"cloud": cloud, "model_name": args.name, **plain(args.of(PlatformSpec))}
    store = None
    if args.store_uri is None:
        store = ArtifactStore(name, {**plain(args.store), **shared}, opts)
    store_uri = args.store_uri if store is None else store.uri
    built = store or shared_store
    if built is not None and args.image.uri is None:
        shared["image"] = {**plain(args.image), "uri": built.image}
    alerts = None
    if args.alerts_id is None:
        alerts = Alerts(name, {**plain(args.alerts), **shared, "store_uri": store_uri}, opts)
    alerts_id = args.alerts_id if alerts is None else alerts.alerts_id
    links = {**shared, "store_uri": store_uri, "alerts_id": alerts_id}
    spec = {n: v for n, v in plain(args).items() if n in StackSpec.model_fields}
    pipeline = Pipeline(name, {**spec, **links}, opts)
    registry = Registry(
        name,
        {
            **plain(args.registry),
            **shared,
            "store_uri": store_uri,
            "run": pipeline.run,
            "share_with": args.store.share_with,
        },
        opts,
    )
    endpoint = Endpoint(
        name,
        {
            **plain(args.endpoint),
            **links,
            "alert_rules": plain(args.alerts.rules),
            "release": registry.production,
        },
        opts,
    )
    monitor = Monitor(
        name,
        {
            **plain(args.monitor),
            **links,
            "alert_rules": plain(args.alerts.rules),
            "pipeline_id": pipeline.pipeline_id,
            "capture_fraction": _capture_fraction(args),
        },
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[endpoint])),
    )
    return Parts(
        store=store,
        alerts=alerts,
        pipeline=pipeline,
        registry=registry,
        endpoint=endpoint,
        monitor=monitor,
    )
