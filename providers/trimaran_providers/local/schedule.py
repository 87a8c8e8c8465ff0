"""A job by the clock, as a resource."""

from collections.abc import Sequence

import pulumi

from trimaran_providers.contract.cloud import Context
from trimaran_providers.local.handlers.schedule import ScheduleOutputs
from trimaran_providers.local.layout import Layout
from trimaran_providers.local.supervisor.job import Job
from trimaran_providers.plugin.resource import PluginResource


def render_schedule(
    context: Context, job: Job, *, depends_on: Sequence[pulumi.Resource]
) -> PluginResource:
    """The job's file; the supervisor follows it."""
    path = Layout(context.project_directory).job(f"{context.physical_name}-{job.kind}")
    return PluginResource(
        "trimaran:local:Schedule",
        f"{context.name}-{job.kind}-schedule",
        {"path": str(path), "job": job.model_dump_json()},
        ScheduleOutputs,
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=list(depends_on)),
    )
