"""The monitor on AWS: a pipeline of one step by the clock, and alarms on what it finds."""

from typing import Any
from urllib.parse import urlparse

import pulumi

from trimaran_providers.aws.bucket import Bucket
from trimaran_providers.aws.dashboard import render_dashboard
from trimaran_providers.aws.drift_alarms import (
    render_drift_alarm,
    render_retraining,
    render_silence_alarm,
)
from trimaran_providers.aws.job_facts import image_of, job_facts
from trimaran_providers.aws.job_policy import (
    job_statements,
    render_job_role,
    source_statements,
    store_statements,
)
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.network import render_vpc_config
from trimaran_providers.aws.outcome import render_outcomes
from trimaran_providers.aws.pipeline_definition import monitor_definition
from trimaran_providers.aws.policy import Statement
from trimaran_providers.aws.run_files import FOLDER, render_check_config
from trimaran_providers.aws.schedule import five_fields, render_schedule, scheduler_cron
from trimaran_providers.aws.step_definition import JobFacts
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.outputs import MonitorOutputs
from trimaran_runtime.monitoring.archive import LATEST_REPORT
from trimaran_runtime.monitoring.check_config import CheckConfig
from trimaran_runtime.monitoring.config import MonitorConfig, OnDrift

CAPTURE = "sagemaker-capture"
"""Folder of the store for SageMaker's data capture."""
_PURPOSE = "monitor"
_READ = (FOLDER, CAPTURE, "releases", "blobs", "channels")
_WRITTEN = ("monitor", "runs")


def render(context: Context, spec: MonitorConfig, upstream: Upstream) -> MonitorOutputs:
    """The check's pipeline, its schedule, alarms and dashboard.

    Raises:
        SpecError: the schedule cannot be rendered; raised before any resource.
    """
    cron = five_fields(spec.schedule)
    expression = None if cron is None else scheduler_cron(cron, path="monitor.schedule")
    bucket = Bucket.of(upstream.store.uri)
    pipeline, resources = _pipeline(context, spec, bucket, upstream)
    if expression is not None:
        resources += render_schedule(
            context,
            "monitor-schedule",
            expression=expression,
            timezone="UTC",
            pipeline=pipeline.arn,
        )
    resources += _alarms(context, spec, pipeline.arn, upstream)
    report = bucket.uri_of(LATEST_REPORT)
    region = pipeline.arn.apply(lambda arn: arn.split(":")[3])
    resources += (render_dashboard(context, region=region, report=report),)
    return MonitorOutputs(id=pipeline.arn, report_url=report, resources=resources)


def _pipeline(
    context: Context, spec: MonitorConfig, bucket: Bucket, upstream: Upstream
) -> tuple[Any, tuple[pulumi.Resource, ...]]:
    from pulumi_aws import sagemaker

    role = render_job_role(
        context,
        _PURPOSE,
        [
            *store_statements(bucket, read=_READ, write=_WRITTEN),
            *_label_statements(spec),
            *job_statements(context, image_of(context)),
        ],
    )
    network = render_vpc_config(context, _PURPOSE)
    facts = job_facts(context, role=role.arn, store=upstream.store.uri, network=network)
    names = Names.of(context)
    asked = CheckConfig(model=context.model, monitor=spec)
    config, stored = render_check_config(context, bucket, asked.to_json(), upstream.store.resources)

    def written(job: JobFacts, uri: str) -> str:
        parameters = {
            "endpoint": names.endpoint,
            "capture": f"{job.store}/{CAPTURE}",
            "fraction": f"{upstream.capture_fraction:g}",
            "metrics": names.namespace,
        }
        return monitor_definition(job, uri, parameters)

    needs = (stored, *role.resources, *(network.resources if network else ()))
    pipeline = sagemaker.Pipeline(
        f"{context.name}-monitor",
        pipeline_name=names.monitor,
        pipeline_display_name=names.monitor,
        pipeline_description=f"Judges the traffic of {context.model}",
        role_arn=role.arn,
        pipeline_definition=pulumi.Output.all(facts, config).apply(
            lambda found: written(found[0], found[1])
        ),
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(
            parent=context.parent, depends_on=[*needs, *upstream.store.resources]
        ),
    )
    return pipeline, (*needs, pipeline)


def _label_statements(spec: MonitorConfig) -> list[Statement]:
    if spec.labels is None:
        return []
    source = urlparse(spec.labels.source.removeprefix("delta+"))
    return source_statements(source.netloc, source.path.strip("/").partition("*")[0])


def _alarms(
    context: Context, spec: MonitorConfig, monitor: pulumi.Output[str], upstream: Upstream
) -> tuple[pulumi.Resource, ...]:
    resources: tuple[pulumi.Resource, ...] = ()
    rules, topic = upstream.alerts.rules, upstream.alerts.id
    if upstream.alerts.is_given:
        resources += render_outcomes(
            context, _PURPOSE, pipeline=monitor, topic=topic, rules=rules, gated=False
        )
        if rules.drift and spec.on_drift is not OnDrift.log:
            resources += (render_drift_alarm(context, topic),)
        if rules.no_data_hours is not None:
            silence = render_silence_alarm(
                context,
                topic,
                no_data_hours=rules.no_data_hours,
                window_hours=spec.window_hours,
            )
            resources += (silence,)
    if spec.on_drift is OnDrift.retrain and upstream.pipeline is not None:
        resources += render_retraining(context, upstream.pipeline.id)
    return resources
