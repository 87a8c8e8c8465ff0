"""Mistakes seeded into a spec for AWS: what has to be said of each, and by which layer.

`docs/reference/aws-mistakes.md` is made from this list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from trimaran.spec.load import override
from trimaran_providers.aws.capabilities import CAPABILITIES
from trimaran_providers.aws.problems import problems_of
from trimaran_providers.contract.errors import Problem, SpecError, UnsupportedError
from trimaran_providers.contract.spec import StackSpec

MINIMAL: Mapping[str, Any] = {
    "name": "toy",
    "data": {"source": "toy:load", "target": "bought"},
    "pipeline": {"train": "toy:fit"},
}
"""The smallest spec that is right on AWS."""
ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0a1b2c3d-1234-5678-9abc-0123456789ab"
SUBNET = "subnet-0a1b2c3d4e5f67890"
GROUP = "sg-0a1b2c3d4e5f67890"
NETWORK: Mapping[str, Any] = {"private": True, "subnets": [SUBNET], "security_groups": [GROUP]}
UNWATCHED: Mapping[str, Any] = {"monitor.schedule": "off", "endpoint.capture": None}
"""What an endpoint needs whose traffic SageMaker does not record."""
SERVERLESS: Mapping[str, Any] = {
    **UNWATCHED,
    "endpoint.kind": "serverless",
    "endpoint.compute.memory_gib": 4,
}
ASYNC: Mapping[str, Any] = {**UNWATCHED, "endpoint.kind": "async"}
BATCH: Mapping[str, Any] = {
    **UNWATCHED,
    "endpoint.kind": "batch",
    "endpoint.batch": {"source": "s3://rows/tonight/"},
}


class Layer(StrEnum):
    """What stands between a spec and the first resource, in this order."""

    spec = "the spec's own rules"
    capabilities = "the cloud's capabilities"
    limits = "the cloud's limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake.

    Attributes:
        what: the mistake in words.
        changes: values by dotted path, laid over `MINIMAL`.
        path: where it has to be reported.
        says: a part of what has to be said.
        layer: which layer sees it.
    """

    what: str
    changes: Mapping[str, Any]
    path: str
    says: str
    layer: Layer = Layer.limits


@dataclass(frozen=True, slots=True)
class Finding:
    """What a layer said of a spec."""

    layer: Layer
    path: str
    text: str


def spec_with(changes: Mapping[str, Any]) -> StackSpec:
    """The minimal spec with changes. Raises SpecError."""
    return override(MINIMAL, changes, "overrides")


def findings(changes: Mapping[str, Any]) -> list[Finding]:
    """What the first layer that has something to say, says."""
    try:
        spec = spec_with(changes)
    except SpecError as exc:
        return [_of(Layer.spec, problem) for problem in exc.problems]
    try:
        CAPABILITIES.check(spec)
    except UnsupportedError as exc:
        return [Finding(Layer.capabilities, exc.field.partition(":")[0], str(exc))]
    return [_of(Layer.limits, problem) for problem in problems_of(spec, spec)]


def _of(layer: Layer, problem: Problem) -> Finding:
    return Finding(layer, problem.path, str(problem))


def _spec(what: str, changes: Mapping[str, Any], path: str, says: str) -> Mistake:
    return Mistake(what=what, changes=changes, path=path, says=says, layer=Layer.spec)


def _capability(what: str, changes: Mapping[str, Any], path: str, says: str) -> Mistake:
    return Mistake(what=what, changes=changes, path=path, says=says, layer=Layer.capabilities)


def _limit(what: str, changes: Mapping[str, Any], path: str, says: str) -> Mistake:
    return Mistake(what=what, changes=changes, path=path, says=says)


def _channel(**channel: str) -> Mapping[str, Any]:
    return {"alerts.channels": [channel]}


def _rollout(strategy: str, **rollout: Any) -> Mapping[str, Any]:
    return {
        "endpoint.replicas": {"min": 2, "max": 2},
        "endpoint.rollout": {"strategy": strategy, **rollout},
    }


def _tune(**tune: Any) -> Mapping[str, Any]:
    return {"pipeline.tune": {"space": {"depth": {"low": 1, "high": 9}}, **tune}}


_DATA = (
    _limit(
        "data in a local file",
        {"data.source": "flights.parquet"},
        "data.source",
        "not to be seen from the account",
    ),
    _limit(
        "labels in a local file",
        {"monitor.labels": {"source": "labels.parquet"}},
        "monitor.labels.source",
        "s3://BUCKET/KEY",
    ),
    _limit(
        "data in another cloud",
        {"data.source": "gs://bucket/rows.parquet"},
        "data.source",
        "module:function, or s3://BUCKET/KEY",
    ),
    _limit(
        "a bucket that cannot be, for the data",
        {"data.source": "s3://My_Bucket/rows.parquet"},
        "data.source",
        "not to be seen",
    ),
    _limit(
        "runs on new data, where a function gives the data",
        {"pipeline.on_new_data": True},
        "pipeline.on_new_data",
        "nothing tells of new data",
    ),
)
_PIPELINE = (
    _spec(
        "a key that does not exist", {"pipeline.shedule": "0 3 * * *"}, "pipeline.shedule", "did"
    ),
    _spec("text for a number", {"pipeline.retries": "many"}, "pipeline.retries", "wrong type"),
    _spec(
        "a GPU that nobody makes",
        {"pipeline.compute.gpu": {"kind": "t5"}},
        "pipeline.compute.gpu.kind",
        "not one of the choices",
    ),
    _spec(
        "two ways to train",
        {"pipeline.learner": "auto"},
        "",
        "exactly one of train and learner",
    ),
    _spec(
        "a space for a built-in learner",
        {**_tune(), "pipeline.learner": "auto", "pipeline.train": None},
        "",
        "brings its own hyperparameters",
    ),
    _capability(
        "a step of one's own",
        {"pipeline.steps": {"report": {"run": "toy:report"}}},
        "pipeline.steps.run",
        "not part of this version",
    ),
    _limit(
        "six fields, as EventBridge writes cron",
        {"pipeline.schedule": "0 3 * * ? *"},
        "pipeline.schedule",
        "is not cron: 6 fields",
    ),
    _limit(
        "EventBridge's rate",
        {"pipeline.schedule": "rate(1 day)"},
        "pipeline.schedule",
        "is not cron: 2 fields",
    ),
    _limit(
        "an hour of 25",
        {"pipeline.schedule": "0 25 * * *"},
        "pipeline.schedule",
        "hour '25' is not 0 to 23",
    ),
    _limit(
        "a step of no minutes",
        {"pipeline.schedule": "*/0 * * * *"},
        "pipeline.schedule",
        "step '0' of the minute",
    ),
    _limit(
        "a range that runs backwards",
        {"pipeline.schedule": "0 9-5 * * *"},
        "pipeline.schedule",
        "runs backwards",
    ),
    _limit(
        "a month that is none",
        {"pipeline.schedule": "0 3 1 sept *"},
        "pipeline.schedule",
        "month 'sept' is no number",
    ),
    _limit(
        "days of the month and weekdays together",
        {"pipeline.schedule": "0 3 1 * 1"},
        "pipeline.schedule",
        "EventBridge takes one",
    ),
    _limit(
        "a time zone that is none",
        {"pipeline.schedule": "0 3 * * *", "pipeline.timezone": "Europe/Viena"},
        "pipeline.timezone",
        "no time zone 'Europe/Viena'",
    ),
    _limit(
        "an instance type without ml.",
        {"pipeline.compute.instance": "m5.large"},
        "pipeline.compute.instance",
        "no instance type of SageMaker",
    ),
    _limit(
        "more memory than a processing job can have",
        {"pipeline.compute.memory_gib": 3072},
        "pipeline.compute",
        "no instance type for training",
    ),
    _limit(
        "more GPUs of a kind than a machine has",
        {"pipeline.compute.gpu": {"kind": "t4", "count": 8}},
        "pipeline.compute",
        "8 GPUs t4",
    ),
    _limit(
        "a step that takes ten days",
        {"pipeline.timeout_minutes": 14_400},
        "pipeline.timeout_minutes",
        "at most 12960 minutes",
    ),
    _spec(
        "a search without a space",
        {"pipeline.tune": {"trials": 5}},
        "pipeline",
        "tune.space names nothing to search",
    ),
    _limit(
        "a search of one minute",
        _tune(minutes=1),
        "pipeline.tune.minutes",
        "2 to 262800 minutes",
    ),
    _spec(
        "a metric of one's own, of which more may be worse",
        _tune(metric="profit"),
        "pipeline.tune.metric",
        "is not one of the choices",
    ),
    _spec(
        "whole numbers between fractions",
        _tune(space={"depth": {"low": 0.5, "high": 9, "integer": True}}),
        "pipeline.tune.space.depth",
        "whole numbers",
    ),
    _spec(
        "a range without an end",
        _tune(space={"depth": {"low": 1}}),
        "pipeline.tune.space.depth",
        "high not given",
    ),
    _spec(
        "a logarithmic range from 0",
        _tune(space={"rate": {"low": 0, "high": 1, "log": True}}),
        "pipeline.tune.space.rate",
        "no logarithm",
    ),
    _spec(
        "a range that ends before it begins",
        _tune(space={"depth": {"low": 9, "high": 1}}),
        "pipeline.tune.space.depth",
        "is no range",
    ),
    _spec(
        "choices beside a range",
        _tune(space={"depth": {"low": 1, "high": 9, "choices": [1, 9]}}),
        "pipeline.tune.space.depth",
        "one of the two",
    ),
    _spec(
        "no choice to choose from",
        _tune(space={"kind": {"choices": []}}),
        "pipeline.tune.space.kind",
        "0 choices",
    ),
    _limit(
        "31 choices",
        _tune(space={"kind": {"choices": list(range(31))}}),
        "pipeline.tune.space.kind.choices",
        "at most 30",
    ),
    _limit(
        "31 hyperparameters to search",
        _tune(space={f"p{n}": {"low": 0, "high": 1} for n in range(31)}),
        "pipeline.tune.space",
        "31 hyperparameters",
    ),
)
_REGISTRY = (
    _spec(
        "an approval that is none",
        {"registry.approval": "manualy"},
        "registry.approval",
        "did you mean manual?",
    ),
    _capability(
        "releases that are thrown away",
        {"registry.keep_releases": 3},
        "registry.keep_releases",
        "store.retention_days",
    ),
)
_ENDPOINT = (
    _spec(
        "more replicas at least than at most",
        {"endpoint.replicas": {"min": 3, "max": 1}},
        "endpoint.replicas",
        "min (3) must not exceed max (1)",
    ),
    _spec(
        "a batch source for an endpoint",
        {"endpoint.batch": {"source": "s3://rows/"}},
        "endpoint",
        "exactly when kind is batch",
    ),
    _spec(
        "a share above 1",
        {"endpoint.capture.fraction": 1.5},
        "endpoint.capture.fraction",
        "too large",
    ),
    _capability("a port", {"endpoint.port": 8080}, "endpoint.port", "output `url`"),
    _capability(
        "interruptible capacity for a server",
        {"endpoint.compute.spot": True},
        "endpoint.compute.spot",
        "on-demand",
    ),
    _capability(
        "columns that are not to be recorded",
        {"endpoint.capture.redact": ["tailnum"]},
        "endpoint.capture.redact",
        "whole requests",
    ),
    _capability(
        "a budget of recorded traffic",
        {"endpoint.capture.max_gib": 2},
        "endpoint.capture.max_gib",
        "capture.fraction",
    ),
    _capability(
        "recorded traffic in another cloud's format",
        {"endpoint.capture.format": "vertex"},
        "endpoint.capture.format",
        "in its own format",
    ),
    _limit(
        "half a percent of the traffic",
        {"endpoint.capture.fraction": 0.005},
        "endpoint.capture.fraction",
        "no whole percentage",
    ),
    _limit(
        "a body of 7 MiB",
        {"endpoint.limits.max_body_mib": 7},
        "endpoint.limits.max_body_mib",
        "at most 6",
    ),
    _limit(
        "a request of two minutes",
        {"endpoint.limits.timeout_seconds": 120},
        "endpoint.limits.timeout_seconds",
        "or endpoint.kind: async",
    ),
    _limit(
        "a GPU that no server can have so many of",
        {"endpoint.compute.gpu": {"kind": "l4", "count": 16}},
        "endpoint.compute",
        "no instance type for hosting",
    ),
    _limit(
        "a disk of 600 GiB",
        {"endpoint.compute.disk_gib": 600},
        "endpoint.compute.disk_gib",
        "at most 512",
    ),
    _limit(
        "replicas by a clock of 61 minutes",
        {"endpoint.replicas.schedules": [{"cron": "61 8 * * *", "min": 1, "max": 2}]},
        "endpoint.replicas.schedules[0].cron",
        "minute '61' is not 0 to 59",
    ),
)
_ROLLOUT = (
    _spec(
        "steps that fall",
        _rollout("canary", steps=[50, 10, 100]),
        "endpoint.rollout",
        "must rise and end at 100",
    ),
    _limit(
        "a canary of three steps",
        _rollout("canary", steps=[10, 50, 100]),
        "endpoint.rollout.steps",
        "two steps",
    ),
    _limit(
        "a canary of more than half",
        _rollout("canary", steps=[60, 100]),
        "endpoint.rollout.steps",
        "more than half",
    ),
    _limit(
        "a canary of one instance",
        {"endpoint.rollout.strategy": "canary"},
        "endpoint.replicas.min",
        "a part of the instances",
    ),
    _limit(
        "a rolling update of one instance",
        {"endpoint.rollout.strategy": "rolling"},
        "endpoint.replicas.min",
        "2 or more",
    ),
    _limit(
        "linear steps of 5 %",
        _rollout("linear", steps=[*range(5, 101, 5)]),
        "endpoint.rollout.steps",
        "steps of 10 to 50 %",
    ),
    _limit(
        "linear steps that are uneven",
        _rollout("linear", steps=[10, 50, 100]),
        "endpoint.rollout.steps",
        "same share at every step",
    ),
    _limit(
        "two hours between steps",
        _rollout("canary", steps=[10, 100], bake_minutes=120),
        "endpoint.rollout.bake_minutes",
        "at most 60",
    ),
    _limit(
        "an update of ten hours",
        _rollout("linear", steps=[*range(10, 101, 10)], bake_minutes=60),
        "endpoint.rollout.bake_minutes",
        "less than 480 minutes in all",
    ),
    _limit(
        "a way back from latency that has no limit",
        {"endpoint.rollout.rollback_on": ["errors", "latency"]},
        "endpoint.rollout.rollback_on",
        "give alerts.rules.latency_p99_ms",
    ),
    _limit(
        "a canary where replicas go down to zero",
        {
            "endpoint.rollout.strategy": "canary",
            "endpoint.replicas": {"min": 0, "max": 4, "target_concurrency": 8},
        },
        "endpoint.rollout.strategy",
        "go down to 0",
    ),
    _limit(
        "a shadow where replicas go down to zero by the clock",
        {
            "endpoint.shadow": {"fraction": 0.5},
            "endpoint.replicas": {
                "min": 1,
                "max": 4,
                "schedules": [{"cron": "0 20 * * *", "min": 0, "max": 1}],
            },
        },
        "endpoint.shadow",
        "go down to 0",
    ),
    _limit(
        "a rolling update beside a shadow",
        {**_rollout("rolling"), "endpoint.shadow": {"fraction": 0.5}},
        "endpoint.rollout.strategy",
        "one variant",
    ),
)
_SERVERLESS = (
    _limit(
        "a serverless endpoint that is recorded",
        {**SERVERLESS, "endpoint.capture": {"fraction": 1}},
        "endpoint.capture",
        "records no traffic of kind serverless",
    ),
    _limit(
        "a serverless endpoint that is monitored",
        {**SERVERLESS, "monitor.schedule": "hourly"},
        "monitor.schedule",
        "nothing to check",
    ),
    _limit(
        "a serverless endpoint with a GPU",
        {**SERVERLESS, "endpoint.compute.gpu": {"kind": "t4"}},
        "endpoint.compute.gpu",
        "no GPU",
    ),
    _limit(
        "a serverless endpoint with an instance type",
        {**SERVERLESS, "endpoint.compute.instance": "ml.m5.large"},
        "endpoint.compute.instance",
        "no instances",
    ),
    _limit(
        "a serverless endpoint of 8 GiB",
        {**SERVERLESS, "endpoint.compute.memory_gib": 8},
        "endpoint.compute.memory_gib",
        "at most 6",
    ),
    _limit(
        "a serverless endpoint in a private network",
        {**SERVERLESS, "network": NETWORK},
        "network.private",
        "in a network of yours",
    ),
    _limit(
        "a serverless endpoint with a canary",
        {**SERVERLESS, "endpoint.rollout.strategy": "canary"},
        "endpoint.rollout.strategy",
        "guardrails are for realtime",
    ),
    _limit(
        "a serverless endpoint with a rolling update",
        {**SERVERLESS, "endpoint.rollout.strategy": "rolling"},
        "endpoint.rollout.strategy",
        "rolling with kind serverless",
    ),
    _limit(
        "a serverless endpoint with a shadow",
        {**SERVERLESS, "endpoint.shadow": {"fraction": 0.5}},
        "endpoint.shadow",
        "one variant",
    ),
    _limit(
        "a serverless endpoint of 300 requests at a time",
        {**SERVERLESS, "endpoint.replicas": {"min": 0, "max": 300}},
        "endpoint.replicas.max",
        "at most 200",
    ),
    _limit(
        "a serverless endpoint that is scaled",
        {**SERVERLESS, "endpoint.replicas": {"min": 1, "max": 4, "target_concurrency": 8}},
        "endpoint.replicas.target_concurrency",
        "scales by itself",
    ),
    _limit(
        "a serverless body of 5 MiB",
        {**SERVERLESS, "endpoint.limits.max_body_mib": 5},
        "endpoint.limits.max_body_mib",
        "at most 4",
    ),
)
_OTHER_KINDS = (
    _limit(
        "an asynchronous endpoint with a shadow",
        {**ASYNC, "endpoint.shadow": {"fraction": 0.5}},
        "endpoint.shadow",
        "no shadow variant",
    ),
    _limit(
        "an asynchronous endpoint that is monitored",
        {**ASYNC, "monitor.schedule": "daily"},
        "monitor.schedule",
        "kind async",
    ),
    _limit(
        "a transform job on a GPU that has none",
        {**BATCH, "endpoint.compute.gpu": {"kind": "h100"}},
        "endpoint.compute",
        "no instance type for transform",
    ),
    _limit(
        "a table outside of S3",
        {**BATCH, "endpoint.batch": {"source": "rows.csv"}},
        "endpoint.batch.source",
        "no folder of S3",
    ),
    _limit(
        "a batch by a clock that is none",
        {**BATCH, "endpoint.batch": {"source": "s3://rows/", "schedule": "@daily"}},
        "endpoint.batch.schedule",
        "is not cron: 1 fields",
    ),
    _limit(
        "a batch with a canary",
        {**BATCH, "endpoint.rollout.strategy": "canary"},
        "endpoint.rollout.strategy",
        "no traffic to move",
    ),
    _limit(
        "a batch body of 200 MiB",
        {**BATCH, "endpoint.limits.max_body_mib": 200},
        "endpoint.limits.max_body_mib",
        "at most 100",
    ),
)
_MONITOR = (
    _limit(
        "a monitor of traffic that is not recorded",
        {"endpoint.capture": None},
        "monitor.schedule",
        "endpoint.capture is null",
    ),
    _limit(
        "a monitor of traffic of which nothing is recorded",
        {"endpoint.capture.fraction": 0},
        "monitor.schedule",
        "endpoint.capture.fraction is 0",
    ),
    _limit(
        "a monitor by a clock that is none",
        {"monitor.schedule": "every hour"},
        "monitor.schedule",
        "is not cron: 2 fields",
    ),
)
_ALERTS = (
    _capability(
        "a channel that SNS has not",
        _channel(kind="apprise", url="slack://a/b/c"),
        "alerts.channels.kind",
        "kind: webhook",
    ),
    _capability(
        "reminders of an open alert",
        {"alerts.rules.repeat_hours": 4},
        "alerts.rules.repeat_hours",
        "tells once",
    ),
    _spec(
        "an e-mail channel with a URL",
        _channel(kind="email", url="https://example.com"),
        "alerts.channels[0]",
        "exactly one of to",
    ),
    _spec(
        "a secret that is not among the secrets",
        _channel(kind="webhook", secret="HOOK"),
        "",
        "secret 'HOOK' is not in secrets",
    ),
    _limit(
        "an address without a domain",
        _channel(kind="email", to="oncall"),
        "alerts.channels[0].to",
        "no e-mail address",
    ),
    _limit(
        "a webhook in the clear",
        _channel(kind="webhook", url="http://example.com/hook"),
        "alerts.channels[0].url",
        "not encrypted",
    ),
    _limit(
        "a window of half a minute",
        {"alerts.rules.window_minutes": 0.5},
        "alerts.rules.window_minutes",
        "whole minutes",
    ),
    _limit(
        "two weeks without data",
        {"alerts.rules.no_data_hours": 336},
        "alerts.rules.no_data_hours",
        "1 to 168",
    ),
)
_STORE = (
    _limit(
        "a bucket's name in capitals",
        {"store.existing": "My-Bucket"},
        "store.existing",
        "no bucket",
    ),
    _limit(
        "a store in another cloud",
        {"store.existing": "gs://models"},
        "store.existing",
        "no bucket",
    ),
    _limit(
        "a bucket named like an address",
        {"store.existing": "192.168.0.1"},
        "store.existing",
        "no bucket",
    ),
    _limit(
        "the lifecycle of a bucket that is not the stack's",
        {"store.existing": "models", "store.retention_days": 30},
        "store.retention_days",
        "beside store.existing",
    ),
    _limit(
        "the policy of a bucket that is not the stack's",
        {"store.existing": "models", "store.share_with": [ACCOUNT]},
        "store.share_with",
        "that bucket's own policy",
    ),
    _limit(
        "a role where an account is wanted",
        {"store.share_with": [f"arn:aws:iam::{ACCOUNT}:root"]},
        "store.share_with[0]",
        "12 digits",
    ),
)
_PLATFORM = (
    _limit(
        "an image by tag",
        {"image.uri": f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/toy:latest"},
        "image.uri",
        "by digest",
    ),
    _limit(
        "an image from another registry",
        {"image.uri": f"docker.io/library/toy@sha256:{'a' * 64}"},
        "image.uri",
        "no image of ECR",
    ),
    _limit(
        "a repository in capitals",
        {"image.repository": "Toy"},
        "image.repository",
        "no name of an ECR repository",
    ),
    _limit(
        "a secret with a space in its name",
        {"secrets": {"my hook": {"config": "hook"}}},
        "secrets.my hook",
        "no name of a secret",
    ),
    _limit(
        "a private network without subnets",
        {"network.private": True},
        "network.private",
        "needs subnets",
    ),
    _limit(
        "security groups without subnets",
        {"network.security_groups": [GROUP]},
        "network.security_groups",
        "without subnets",
    ),
    _limit(
        "a subnet by its address",
        {"network": {**NETWORK, "subnets": ["10.0.0.0/24"]}},
        "network.subnets[0]",
        "like subnet-",
    ),
    _limit(
        "a security group by its name",
        {"network": {**NETWORK, "security_groups": ["default"]}},
        "network.security_groups[0]",
        "like sg-",
    ),
    _limit(
        "six security groups",
        {"network": {**NETWORK, "security_groups": [GROUP] * 6}},
        "network.security_groups",
        "at most 5",
    ),
    _limit(
        "a key by its alias",
        {"encryption.key": "alias/ml"},
        "encryption.key",
        "not an alias",
    ),
    _spec("a path of roles without its ends", {"identity.path": "ml"}, "identity.path", "form"),
    _limit(
        "a role where a policy is wanted",
        {"identity.permissions_boundary": f"arn:aws:iam::{ACCOUNT}:role/bound"},
        "identity.permissions_boundary",
        "no ARN of a policy",
    ),
    _limit(
        "50 tags beside the one that names the stack",
        {"tags": {f"key{n}": "value" for n in range(50)}},
        "tags",
        "at most 49",
    ),
    _limit(
        "a tag of AWS's own",
        {"tags": {"aws:team": "ml"}},
        "tags.aws:team",
        "reserved",
    ),
    _limit(
        "a tag's key of 129 characters",
        {"tags": {"k" * 129: "value"}},
        f"tags.{'k' * 129}",
        "1 to 128",
    ),
    _limit(
        "a tag's value of 257 characters",
        {"tags": {"team": "v" * 257}},
        "tags.team",
        "at most 256",
    ),
    _limit(
        "a tag's value with a percent sign",
        {"tags": {"share": "50%"}},
        "tags.share",
        "a character that tags cannot",
    ),
    _spec(
        "a budget of nothing",
        {"budget.monthly_usd": 0},
        "budget.monthly_usd",
        "too small",
    ),
    _limit(
        "eleven thresholds of a budget",
        {"budget": {"monthly_usd": 100, "notify_percent": list(range(10, 121, 10))}},
        "budget.notify_percent",
        "at most 10",
    ),
)
MISTAKES: tuple[Mistake, ...] = (
    *_DATA,
    *_PIPELINE,
    *_REGISTRY,
    *_ENDPOINT,
    *_ROLLOUT,
    *_SERVERLESS,
    *_OTHER_KINDS,
    *_MONITOR,
    *_ALERTS,
    *_STORE,
    *_PLATFORM,
)
