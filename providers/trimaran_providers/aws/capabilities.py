"""What the AWS cloud does with every field of the spec.

What only some values, or two fields together, make impossible is in `problems`.
"""

from trimaran_providers.contract.capabilities import (
    Capabilities,
    Capability,
    emulated,
    native,
    rejected,
)

_LATER = "not part of this version"
_SMALLEST = (
    "the smallest instance type of SageMaker that has it; a serverless endpoint gets the memory, "
    "and CPUs in proportion to it"
)
_ALARM_ONCE = "a CloudWatch alarm tells once, when its state changes"

TABLE: dict[str, Capability] = {
    "name": native(),
    "cloud": native(),
    "data": native(),
    "validation": native(),
    "pipeline.train": native(),
    "pipeline.learner": native(),
    "pipeline.parameters": native(),
    "pipeline.seed": native(),
    "pipeline.tune": native(),
    "pipeline.trusted_types": native(),
    "pipeline.check_reproducible": native(),
    "pipeline.lowering": native(),
    "pipeline.code": native(),
    "pipeline.compute": emulated(_SMALLEST),
    "pipeline.compute.gpu": native(),
    "pipeline.compute.instance": native(),
    "pipeline.compute.spot": emulated(
        "the train step alone, with checkpoints; processing jobs have no interruptible capacity"
    ),
    "pipeline.steps": rejected(_LATER, "do the work in the function named by pipeline.train"),
    "pipeline.schedule": native(),
    "pipeline.timezone": native(),
    "pipeline.on_new_data": native(),
    "pipeline.run_on_up": emulated(
        "`up` starts the run and does not wait for it; the next `up` serves what it released"
    ),
    "pipeline.retries": native(),
    "pipeline.timeout_minutes": native(),
    "pipeline.cache_days": native(),
    "evaluation": native(),
    "gate": native(),
    "gate.on_refusal=fail": emulated(
        "the pipeline's run fails; `up` does not wait for the run, so it cannot fail with it"
    ),
    "explain": native(),
    "registry.approval": native(),
    "registry.signing": native(),
    "registry.keep_releases": rejected(
        _LATER, "store.retention_days deletes traffic, run files and reports"
    ),
    "registry.keep_releases=none": native(),
    "registry.model_card": native(),
    "endpoint.kind": native(),
    "endpoint.compute": emulated(_SMALLEST),
    "endpoint.compute.gpu": native(),
    "endpoint.compute.instance": native(),
    "endpoint.compute.spot": rejected(
        "endpoints run on on-demand instances", "pipeline.compute.spot"
    ),
    "endpoint.compute.spot=false": native(),
    "endpoint.replicas": native(),
    "endpoint.rollout": native(),
    "endpoint.rollout.bake_minutes": emulated("in whole seconds"),
    "endpoint.rollout.rollback_on": emulated(
        "by CloudWatch alarms at the limits of alerts.rules; the old release is no measure"
    ),
    "endpoint.shadow": native(),
    "endpoint.capture": native(),
    "endpoint.capture.redact": rejected(
        "SageMaker records whole requests", "leave the column out of requests, or capture: null"
    ),
    "endpoint.capture.max_gib": rejected(
        "SageMaker's data capture has no budget", "capture.fraction and store.retention_days"
    ),
    "endpoint.capture.format": rejected(
        "SageMaker itself records, in its own format", "leave it out: `sagemaker` is what you get"
    ),
    "endpoint.limits": emulated("by our server, inside the container"),
    "endpoint.lowered": emulated("by our server, inside the container"),
    "endpoint.gpu": emulated("by our server, inside the container"),
    "endpoint.explanations": emulated("by our server, inside the container"),
    "endpoint.access": rejected(
        "IAM says who may invoke an endpoint", "sagemaker:InvokeEndpoint in the caller's policy"
    ),
    "endpoint.access=none": native(),
    "endpoint.batch": native(),
    "endpoint.port": rejected("SageMaker chooses the address", "the endpoint's output `url`"),
    "endpoint.port=none": native(),
    "monitor": native(),
    "tracking.uri": emulated(
        "by the last step of a run that comes to a verdict; one that fails before waits in the "
        "store for the next"
    ),
    "tracking.experiment": native(),
    "alerts.channels": native(),
    "alerts.channels.kind=apprise": rejected(
        "alerts leave through SNS, which knows no Apprise", "kind: webhook or kind: email"
    ),
    "alerts.rules": native(),
    "alerts.rules.repeat_hours": rejected(_ALARM_ONCE, "leave it out"),
    "store": native(),
    "store.share_with": emulated(
        "by the policies of bucket, repository and model package group; those of a key or of a "
        "repository of yours stay as they are"
    ),
    "image": native(),
    "secrets": native(),
    "network": native(),
    "encryption": native(),
    "identity": native(),
    "logs": emulated(
        "of the endpoint and of the image's build; SageMaker's jobs write into log groups that all "
        "stacks of an account share, and whose retention is the account's"
    ),
    "tags": emulated("everything that takes tags; schedules and alarms' subscriptions take none"),
    "budget": emulated("AWS Budgets watches the bill and alerts; a preview is not priced"),
}

CAPABILITIES = Capabilities(cloud="aws", table=TABLE)
