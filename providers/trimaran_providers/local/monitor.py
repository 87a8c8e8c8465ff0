"""The monitor on this machine: a check of captured traffic by the clock."""

import pulumi

from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.outputs import MonitorOutputs
from trimaran_providers.local.cron import cron_expression, cron_trigger
from trimaran_providers.local.schedule import render_schedule
from trimaran_providers.local.supervisor.job import Job, JobKind
from trimaran_runtime.monitoring.config import MonitorConfig

REPORT = "monitor/latest.html"
"""Key, inside a store, of the newest report."""


def render(context: Context, spec: MonitorConfig, upstream: Upstream) -> MonitorOutputs:
    """The check's schedule, and the watch over the endpoint for the alert rules."""
    needs: list[pulumi.Resource] = [*upstream.store.resources, *upstream.alerts.resources]
    if upstream.endpoint is not None:
        needs += upstream.endpoint.resources
    watch = Job(kind=JobKind.watch, physical=context.physical_name)
    resources: tuple[pulumi.Resource, ...] = (render_schedule(context, watch, depends_on=needs),)
    cron = cron_expression(spec.schedule)
    if cron is not None:
        cron_trigger(cron, "UTC", path="monitor.schedule")
        job = Job(kind=JobKind.monitor, physical=context.physical_name, cron=cron)
        resources += (render_schedule(context, job, depends_on=needs),)
    return MonitorOutputs(
        id=upstream.store.id,
        report_url=upstream.store.uri.apply(lambda uri: f"{uri}/{REPORT}"),
        resources=resources,
    )
