"""The pipeline on this machine: local processes, run on change and by the clock."""

import pulumi

from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.outputs import PipelineOutputs
from trimaran_providers.contract.spec import StackSpec
from trimaran_providers.local.cron import cron_trigger
from trimaran_providers.local.handlers.pipeline import PipelineOutputs as PipelineState
from trimaran_providers.local.schedule import render_schedule
from trimaran_providers.local.supervisor.job import Job, JobKind
from trimaran_providers.plugin.resource import PluginResource
from trimaran_providers.project.code import bundle_code
from trimaran_providers.project.environment import environment_digest
from trimaran_providers.project.run_config import run_config
from trimaran_providers.project.source import source_fingerprint


def render(context: Context, spec: StackSpec, upstream: Upstream) -> PipelineOutputs:
    """The definition, a run of it when data, code or configuration changed, and its schedule."""
    project = context.project_directory
    bundle = bundle_code(project, spec.pipeline.code.include, spec.pipeline.code.exclude)
    pipeline = PluginResource(
        "trimaran:local:Pipeline",
        f"{context.name}-pipeline",
        {
            "store_uri": upstream.store.uri,
            "project_directory": str(project),
            "config": run_config(spec, project).to_json().decode(),
            "code": bundle.digest,
            "code_include": list(spec.pipeline.code.include),
            "code_exclude": list(spec.pipeline.code.exclude),
            "environment": environment_digest(),
            "data": source_fingerprint(spec.data.source, project),
            "retries": spec.pipeline.retries,
            "timeout_minutes": spec.pipeline.timeout_minutes,
            "run_on_up": spec.pipeline.run_on_up,
            "alerts": upstream.alerts.id,
        },
        PipelineState,
        opts=pulumi.ResourceOptions(
            parent=context.parent,
            depends_on=[*upstream.store.resources, *upstream.alerts.resources],
        ),
    )
    resources: tuple[pulumi.Resource, ...] = (pipeline,)
    if spec.tracking.uri is not None:
        job = Job(kind=JobKind.track, physical=context.physical_name)
        # Not after the pipeline: runs that fail are told of too.
        resources += (render_schedule(context, job, depends_on=upstream.store.resources),)
    if spec.pipeline.schedule is not None:
        cron_trigger(spec.pipeline.schedule, spec.pipeline.timezone, path="pipeline.schedule")
        job = Job(
            kind=JobKind.pipeline,
            physical=context.physical_name,
            cron=spec.pipeline.schedule,
            timezone=spec.pipeline.timezone,
        )
        resources += (render_schedule(context, job, depends_on=(pipeline,)),)
    return PipelineOutputs(
        id=pipeline.output("definition"),
        run=pipeline.output("run"),
        status=pipeline.output("status"),
        release=pipeline.output("release"),
        resources=resources,
    )
