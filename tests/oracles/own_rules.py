"""Rules that neither the provider's types nor the services' models know.

Each rule looks at the inputs of one type of resource. What only shows when all resources are seen
is in `stack_rules`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import available_timezones

from tests.oracles import alarm_rules, dashboard_rules, event_rules, lifecycle_rules, pipeline_rules
from tests.oracles.cron_rules import problem_of
from tests.oracles.finding import Finding, Rendered, judged

LAYER = "rules"
Inputs = Mapping[str, Any]
Rule = Callable[[Inputs], Iterator[Finding]]
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an")
_TAG = re.compile(r"[\w\s_.:/=+\-@]*")
_RETENTION_DAYS = {
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557),
    *(2922, 3288, 3653),
}
_MOST_TAGS = 50


def check(resource: Rendered) -> list[Finding]:
    """Everything that the rules find in one resource."""
    inputs = {name: value for name, value in resource.inputs.items() if value is not None}
    found = list(_tags(inputs))
    for rule in RULES.get(resource.type, ()):
        found += rule(inputs)
    return found


def _tags(inputs: Inputs) -> Iterator[Finding]:
    """Tag Editor User Guide, "Tag naming limits and requirements"."""
    tags = inputs.get("tags")
    if not isinstance(tags, Mapping):
        return
    if len(tags) > _MOST_TAGS:
        yield _found("tags", f"has {len(tags)} tags, more than {_MOST_TAGS}")
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            yield _found(f"tags.{key}", "aws: is reserved")
        if not 1 <= len(key) <= 128 or not _TAG.fullmatch(key):
            yield _found(f"tags.{key}", "is no key of a tag")
        if judged(value) and (len(str(value)) > 256 or not _TAG.fullmatch(str(value))):
            yield _found(f"tags.{key}", f"{value!r} is no value of a tag")


def _bucket_name(inputs: Inputs) -> Iterator[Finding]:
    """Amazon S3 User Guide, "General purpose bucket naming rules"."""
    name = inputs.get("bucket")
    if name is None or not judged(name):
        return
    wrong = (
        not _BUCKET.fullmatch(name)
        or ".." in name
        or _ADDRESS.fullmatch(name)
        or name.startswith(_RESERVED_STARTS)
        or name.endswith(_RESERVED_ENDS)
    )
    if wrong:
        yield _found("bucket", f"{name!r} is no name of a bucket")


def _public_access(inputs: Inputs) -> Iterator[Finding]:
    for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls"):
        if inputs.get(name) is not True:
            yield _found(name, "is not on: the provider's default lets the public in")
    if inputs.get("restrictPublicBuckets") is not True:
        yield _found("restrictPublicBuckets", "is not on: the provider's default lets them in")


def _versioning(inputs: Inputs) -> Iterator[Finding]:
    status = (inputs.get("versioningConfiguration") or {}).get("status")
    # `Disabled` is the provider's word for never having been enabled; the API has no such status.
    if judged(status) and status not in ("Enabled", "Suspended", "Disabled"):
        yield _found("versioningConfiguration.status", f"{status!r} is no status")


def _encryption(inputs: Inputs) -> Iterator[Finding]:
    for position, rule in enumerate(inputs.get("rules", [])):
        default = rule.get("applyServerSideEncryptionByDefault") or {}
        at = f"rules[{position}].applyServerSideEncryptionByDefault"
        if default.get("kmsMasterKeyId") and default.get("sseAlgorithm") == "AES256":
            yield _found(f"{at}.kmsMasterKeyId", "belongs to aws:kms, not to AES256")


def _scaling_target(inputs: Inputs) -> Iterator[Finding]:
    least, most = inputs.get("minCapacity"), inputs.get("maxCapacity")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield _found("minCapacity", f"{least} is more than maxCapacity {most}")
    yield from _scaled(inputs)


def _scaled(inputs: Inputs) -> Iterator[Finding]:
    of = {
        "sagemaker:variant:": r"endpoint/[^/]+/variant/[^/]+",
        "sagemaker:inference-component:": r"inference-component/[^/]+",
    }
    dimension, resource = inputs.get("scalableDimension", ""), inputs.get("resourceId", "")
    for start, pattern in of.items():
        wrong = judged(resource) and not re.fullmatch(pattern, resource)
        if dimension.startswith(start) and wrong:
            yield _found("resourceId", f"{resource!r} is not of the form {pattern}")


def _schedule(inputs: Inputs) -> Iterator[Finding]:
    expression = inputs.get("scheduleExpression", "")
    if judged(expression):
        problem = problem_of(expression, scheduler=True)
        if problem:
            yield _found("scheduleExpression", f"{expression!r}: {problem}")
    zone = inputs.get("scheduleExpressionTimezone", "UTC")
    if judged(zone) and zone not in available_timezones():
        yield _found("scheduleExpressionTimezone", f"{zone!r} is no time zone")
    window = inputs.get("flexibleTimeWindow") or {}
    flexible, length = window.get("mode") == "FLEXIBLE", window.get("maximumWindowInMinutes")
    if flexible != (length is not None):
        yield _found("flexibleTimeWindow.maximumWindowInMinutes", "goes with FLEXIBLE, and only so")


def _scheduled_action(inputs: Inputs) -> Iterator[Finding]:
    expression = inputs.get("schedule", "")
    problem = problem_of(expression, scheduler=True) if judged(expression) else ""
    if problem:
        yield _found("schedule", f"{expression!r}: {problem}")
    action = inputs.get("scalableTargetAction") or {}
    # Text at some versions of the provider, numbers at others.
    ends = [int(action[n]) for n in ("minCapacity", "maxCapacity") if action.get(n) is not None]
    if not ends:
        yield _found("scalableTargetAction", "sets neither minCapacity nor maxCapacity")
    if len(ends) == 2 and ends[0] > ends[1]:
        yield _found("scalableTargetAction", f"{ends[0]} is more than maxCapacity {ends[1]}")
    yield from _scaled(inputs)


def _log_group(inputs: Inputs) -> Iterator[Finding]:
    days = inputs.get("retentionInDays")
    if days is not None and judged(days) and days not in _RETENTION_DAYS:
        allowed = ", ".join(map(str, sorted(_RETENTION_DAYS)))
        yield _found("retentionInDays", f"{days} is none of {allowed}")


def _pipeline(inputs: Inputs) -> Iterator[Finding]:
    definition, elsewhere = (
        inputs.get("pipelineDefinition"),
        inputs.get("pipelineDefinitionS3Location"),
    )
    if (definition is None) == (elsewhere is None):
        yield _found("pipelineDefinition", "exactly one of it and its S3 location is needed")
    if "roleArn" not in inputs:
        yield _found("roleArn", "is missing: the API wants it, though the provider does not")
    if definition is not None and judged(definition):
        yield from pipeline_rules.check(definition)


def _subscription(inputs: Inputs) -> Iterator[Finding]:
    """Amazon SNS API Reference, Subscribe."""
    protocol, endpoint = inputs.get("protocol"), inputs.get("endpoint", "")
    forms = {
        "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
        "email-json": r"[^@\s]+@[^@\s]+\.[^@\s]+",
        "http": r"http://\S+",
        "https": r"https://\S+",
        "sms": r"\+\d{6,15}",
        "sqs": r"arn:.+",
        "lambda": r"arn:.+",
        "firehose": r"arn:.+",
        "application": r"arn:.+",
    }
    if protocol not in forms:
        yield _found("protocol", f"{protocol!r} is none of {', '.join(forms)}")
    elif judged(endpoint) and not re.fullmatch(forms[protocol], endpoint):
        yield _found("endpoint", f"{endpoint!r} is no address for {protocol}")


def _budget(inputs: Inputs) -> Iterator[Finding]:
    amount = inputs.get("limitAmount", "0")
    if judged(amount) and not re.fullmatch(r"\d+(\.\d+)?", str(amount)):
        yield _found("limitAmount", f"{amount!r} is no amount")
    for position, notification in enumerate(inputs.get("notifications", [])):
        at = f"notifications[{position}]"
        emails = notification.get("subscriberEmailAddresses") or []
        if not emails and not notification.get("subscriberSnsTopicArns"):
            yield _found(at, "has no subscriber")
        if not 0 < notification.get("threshold", 0) <= 1_000_000_000:
            yield _found(f"{at}.threshold", f"{notification.get('threshold')} is no threshold")


def _endpoint_variants(inputs: Inputs) -> Iterator[Finding]:
    variants = inputs.get("productionVariants", [])
    weights = [variant.get("initialVariantWeight", 1.0) for variant in variants]
    if variants and sum(weights) <= 0:
        yield _found("productionVariants", f"weights {weights} leave nobody the traffic")
    if inputs.get("shadowProductionVariants") and len(variants) != 1:
        yield _found("shadowProductionVariants", "a shadow needs exactly one production variant")


def _rule_of_events(inputs: Inputs) -> Iterator[Finding]:
    pattern, expression = inputs.get("eventPattern"), inputs.get("scheduleExpression")
    if pattern is None and expression is None:
        yield _found("eventPattern", "neither it nor scheduleExpression is there")
    if pattern is not None and judged(pattern):
        yield from event_rules.check_pattern(pattern, "eventPattern")
    if expression is not None and judged(expression):
        problem = problem_of(expression, scheduler=False)
        if problem:
            yield _found("scheduleExpression", f"{expression!r}: {problem}")


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path, what=what)


RULES: dict[str, tuple[Rule, ...]] = {
    "aws:appautoscaling/scheduledAction:ScheduledAction": (_scheduled_action,),
    "aws:appautoscaling/policy:Policy": (_scaled,),
    "aws:appautoscaling/target:Target": (_scaling_target,),
    "aws:budgets/budget:Budget": (_budget,),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (alarm_rules.composite,),
    "aws:cloudwatch/dashboard:Dashboard": (dashboard_rules.dashboard,),
    "aws:cloudwatch/eventRule:EventRule": (_rule_of_events,),
    "aws:cloudwatch/eventTarget:EventTarget": (event_rules.target,),
    "aws:cloudwatch/logGroup:LogGroup": (_log_group,),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (alarm_rules.metric,),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (lifecycle_rules.images,),
    "aws:s3/bucket:Bucket": (_bucket_name,),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (lifecycle_rules.objects,),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (_public_access,),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _encryption,
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (_versioning,),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": (_endpoint_variants,),
    "aws:sagemaker/pipeline:Pipeline": (_pipeline,),
    "aws:scheduler/schedule:Schedule": (_schedule,),
    "aws:sns/topicSubscription:TopicSubscription": (_subscription,),
}
"""Rules by type token."""
