"""The pipeline on AWS: SageMaker Pipelines, by the clock, on events, and on change."""

from typing import Any
from urllib.parse import urlparse

import pulumi

from trimaran_providers.aws.account import configured_account
from trimaran_providers.aws.bucket import Bucket
from trimaran_providers.aws.handlers.pipeline_run import PipelineRunOutputs
from trimaran_providers.aws.image_reference import ImageReference
from trimaran_providers.aws.job_facts import image_of, job_facts
from trimaran_providers.aws.job_policy import (
    delete_statements,
    job_statements,
    render_job_role,
    source_statements,
    store_statements,
)
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.network import render_vpc_config
from trimaran_providers.aws.outcome import render_outcomes
from trimaran_providers.aws.pipeline_definition import (
    PipelineFacts,
    machine_of,
    pipeline_definition,
    searched_by_the_cloud,
)
from trimaran_providers.aws.role import Role
from trimaran_providers.aws.run_files import FOLDER, RunFiles, render_run_files
from trimaran_providers.aws.schedule import render_schedule, scheduler_cron
from trimaran_providers.aws.step_definition import JobFacts
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.aws.trigger import new_data_pattern, render_trigger
from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.errors import Problem, SpecError
from trimaran_providers.contract.outputs import PipelineOutputs
from trimaran_providers.contract.spec import StackSpec
from trimaran_providers.plugin.resource import PluginResource
from trimaran_providers.project.code import bundle_code
from trimaran_providers.project.run_config import run_config
from trimaran_providers.project.source import source_fingerprint
from trimaran_runtime.config import RunConfig
from trimaran_runtime.monitoring.config import OnDrift
from trimaran_runtime.steps.ports import PIPELINE
from trimaran_runtime.storage.digest import canonical_json, digest_of
from trimaran_runtime.tracking.config import FOLDER as TRACKED

_PURPOSE = "pipeline"
_WRITTEN = ("runs", "blobs", "releases", "channels", "serving", TRACKED)
"""Folders of the store that a run writes."""


def render(context: Context, spec: StackSpec, upstream: Upstream) -> PipelineOutputs:
    """The pipeline, what starts it, who hears of its runs, and a run when the model would change.

    Raises:
        SpecError, UnsupportedError: the spec cannot be rendered; raised before any resource.
    """
    expression = _refuse_first(spec)
    project = context.project_directory
    bundle = bundle_code(project, spec.pipeline.code.include, spec.pipeline.code.exclude)
    config = run_config(spec, project)
    image = image_of(context)
    bucket = Bucket.of(upstream.store.uri)
    files = render_run_files(context, bucket, bundle, config.to_json(), upstream.store.resources)
    role = _role(context, spec, bucket, image)
    pipeline, needs = _pipeline(context, spec, bundle.digest, role, files, upstream)
    resources: tuple[pulumi.Resource, ...] = (*needs, pipeline)
    resources += _triggers(context, spec, pipeline, expression)
    if upstream.alerts.is_given:
        resources += render_outcomes(
            context,
            _PURPOSE,
            pipeline=pipeline.arn,
            topic=upstream.alerts.id,
            rules=spec.alerts.rules,
            gated=True,
        )
    run = status = pulumi.Output.from_input("")
    if spec.pipeline.run_on_up:
        started = _run(context, spec, config, bundle.digest, image, pipeline, resources)
        run, status = started.output("run"), started.output("status")
        resources += (started,)
    return PipelineOutputs(
        id=pipeline.arn,
        run=run,
        status=status if spec.pipeline.run_on_up else pulumi.Output.from_input("none"),
        release=pulumi.Output.from_input(""),
        resources=resources,
    )


def _refuse_first(spec: StackSpec) -> str | None:
    """Refuse what cannot be rendered, before the first resource.

    Returns:
        The schedule's expression; None: there is none.
    """
    for ports in PIPELINE:
        machine_of(ports, spec.pipeline)
    _refuse_stale_data(spec)
    if spec.pipeline.schedule is None:
        return None
    return scheduler_cron(spec.pipeline.schedule, path="pipeline.schedule")


def _refuse_stale_data(spec: StackSpec) -> None:
    """SageMaker's cache goes by the address of the data: it cannot see that they changed."""
    by_itself = {
        "pipeline.schedule": spec.pipeline.schedule is not None,
        "pipeline.on_new_data": spec.pipeline.on_new_data,
        "monitor.on_drift: retrain": spec.monitor.on_drift is OnDrift.retrain,
    }
    starts = [name for name, is_set in by_itself.items() if is_set]
    if spec.pipeline.cache_days is not None and starts:
        what = f"{spec.pipeline.cache_days} beside {', '.join(starts)}: such a run would not see "
        problem = Problem(
            path="pipeline.cache_days",
            what=f"{what}new data, for SageMaker takes the data step from its cache",
            allowed=f"leave it out, or {' and '.join(starts)}",
        )
        raise SpecError([problem])


def _role(context: Context, spec: StackSpec, bucket: Bucket, image: pulumi.Output[str]) -> Role:
    kinds = ["processing-job", "training-job"]
    if searched_by_the_cloud(spec.pipeline) is not None:
        kinds.append("hyper-parameter-tuning-job")
    statements = [
        *store_statements(bucket, read=[FOLDER], write=_WRITTEN),
        *(delete_statements(bucket, TRACKED) if spec.tracking.uri is not None else ()),
        *job_statements(context, image, kinds=kinds),
    ]
    source = urlparse(spec.data.source)
    if source.scheme == "s3":
        statements += source_statements(source.netloc, source.path.strip("/"))
    return render_job_role(context, _PURPOSE, statements)


def _pipeline(
    context: Context,
    spec: StackSpec,
    code: str,
    role: Role,
    files: RunFiles,
    upstream: Upstream,
) -> tuple[Any, tuple[pulumi.Resource, ...]]:
    """The pipeline, and what it needs."""
    from pulumi_aws import sagemaker

    network = render_vpc_config(context, _PURPOSE)
    facts = job_facts(context, role=role.arn, store=upstream.store.uri, network=network)
    needs = (*role.resources, *files.resources, *(network.resources if network else ()))

    def written(found: tuple[JobFacts, str, str]) -> str:
        job, archive, config = found
        digest = ImageReference.parse(job.image).digest
        return pipeline_definition(
            spec.pipeline,
            PipelineFacts(
                job=job,
                config=config,
                archive=archive,
                code=code,
                environment=digest,
                metric=spec.gate.metric,
                is_tracked=spec.tracking.uri is not None,
            ),
        )

    name = Names.of(context).pipeline
    pipeline = sagemaker.Pipeline(
        f"{context.name}-pipeline",
        pipeline_name=name,
        pipeline_display_name=name,
        pipeline_description=f"From data to a release of {context.model}",
        role_arn=role.arn,
        pipeline_definition=pulumi.Output.all(facts, files.archive, files.config).apply(
            lambda found: written((found[0], found[1], found[2]))
        ),
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=[*needs]),
    )
    return pipeline, needs


def _triggers(
    context: Context, spec: StackSpec, pipeline: Any, expression: str | None
) -> tuple[pulumi.Resource, ...]:
    resources: tuple[pulumi.Resource, ...] = ()
    if expression is not None:
        resources += render_schedule(
            context,
            "schedule",
            expression=expression,
            timezone=spec.pipeline.timezone,
            pipeline=pipeline.arn,
        )
    if spec.pipeline.on_new_data:
        source = urlparse(spec.data.source)
        resources += render_trigger(
            context,
            "new-data",
            pattern=new_data_pattern(source.netloc, source.path.strip("/")),
            pipeline=pipeline.arn,
            why=f"New data of {context.model} start its pipeline",
        )
    return resources


def _run(
    context: Context,
    spec: StackSpec,
    config: RunConfig,
    code: str,
    image: pulumi.Output[str],
    pipeline: Any,
    needs: tuple[pulumi.Resource, ...],
) -> PluginResource:
    """A run, when anything that decides the model changed."""
    decisive = config.model_dump(mode="json", exclude={"registry", "monitor", "tracking"})
    data = source_fingerprint(spec.data.source, context.project_directory)

    def digest(uri: str) -> str:
        environment = ImageReference.parse(uri).digest
        return digest_of(canonical_json([decisive, code, environment, data]))

    return PluginResource(
        "trimaran:aws:PipelineRun",
        f"{context.name}-run",
        {
            "account": configured_account(),
            "pipeline_name": pipeline.pipeline_name,
            "digest": image.apply(digest),
            "definition": pipeline.pipeline_definition.apply(lambda text: digest_of(text.encode())),
        },
        PipelineRunOutputs,
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=[*needs]),
    )
