"""Which calls of the AWS API a resource of `pulumi_aws` becomes, and where its inputs go.

Names that differ only in case or in the form of a list of pairs are found by the shape itself;
here stands what is called or nested differently (the provider's sources at `internal/service/`,
and the service models of botocore). An input that is named nowhere stays in the
body, where the shape refuses it.
"""

from collections.abc import Callable, Mapping
from typing import Any

Inputs = dict[str, Any]
Arrange = Callable[[Inputs], Inputs | None]
ACCOUNT = "123456789012"


def _named(*, drop: str = "", **renamed: str) -> Arrange:
    """Rename inputs; `drop` names those that go into no body, `region` always does.

    Args:
        drop: names that are left out, separated by spaces.
        renamed: the API's name by the input's.
    """
    dropped = {*drop.split(), "region"}

    def arrange(inputs: Inputs) -> Inputs:
        return {renamed.get(k, k): v for k, v in inputs.items() if k not in dropped}

    return arrange


def _inside(name: str, outside: str = "bucket", **renamed: str) -> Arrange:
    """Everything but `outside` belongs into one structure."""

    def arrange(inputs: Inputs) -> Inputs:
        inner = {renamed.get(k, k): v for k, v in inputs.items() if k not in (outside, "region")}
        return {outside: inputs.get(outside), name: inner}

    return arrange


def _moved(value: Any, old: str, new: str) -> Any:
    """A mapping with one member called otherwise."""
    if not isinstance(value, Mapping):
        return value
    return {new if name == old else name: item for name, item in value.items()}


def _bucket(inputs: Inputs) -> Inputs:
    """The provider adds 26 digits to a prefix, and makes up a name without one."""
    name = inputs.get("bucket") or inputs.get("bucketPrefix", "") + "2" * 26
    return {"Bucket": name, "ObjectLockEnabledForBucket": inputs.get("objectLockEnabled", False)}


def _notification(inputs: Inputs) -> Inputs:
    inner = {
        {
            "topics": "TopicConfigurations",
            "queues": "QueueConfigurations",
            "lambdaFunctions": "LambdaFunctionConfigurations",
        }.get(name, name): value
        for name, value in inputs.items()
        if name not in ("bucket", "region", "eventbridge")
    }
    if inputs.get("eventbridge"):
        inner["EventBridgeConfiguration"] = {}
    return {"Bucket": inputs.get("bucket"), "NotificationConfiguration": inner}


def _alarm(inputs: Inputs) -> Inputs:
    body = _named(
        name="AlarmName",
        evaluateLowSampleCountPercentiles="EvaluateLowSampleCountPercentile",
        metricQueries="Metrics",
    )(inputs)
    if isinstance(body.get("Metrics"), list):
        body["Metrics"] = [_query(query) for query in body["Metrics"]]
    return body


def _query(query: Any) -> Any:
    if not isinstance(query, Mapping) or not isinstance(query.get("metric"), Mapping):
        return query
    metric = dict(query["metric"])
    around = {name: metric.pop(name) for name in ("period", "stat", "unit") if name in metric}
    rest = {name: value for name, value in query.items() if name != "metric"}
    return {**rest, "MetricStat": {"Metric": metric, **around}}


def _composite(inputs: Inputs) -> Inputs:
    body = _named(drop="actionsSuppressor")(inputs)
    suppressor = inputs.get("actionsSuppressor") or {}
    names = {
        "alarm": "ActionsSuppressor",
        "waitPeriod": "ActionsSuppressorWaitPeriod",
        "extensionPeriod": "ActionsSuppressorExtensionPeriod",
    }
    return body | {names.get(name, name): value for name, value in suppressor.items()}


def _event_target(inputs: Inputs) -> Inputs:
    target = _named(
        drop="rule eventBusName forceDestroy",
        targetId="Id",
        sagemakerPipelineTarget="SageMakerPipelineParameters",
        sqsTarget="SqsParameters",
    )(inputs)
    target.setdefault("Id", "target")
    parameters = target.get("SageMakerPipelineParameters")
    if parameters is not None:
        moved = _moved(parameters, "pipelineParameterLists", "PipelineParameterList")
        target["SageMakerPipelineParameters"] = moved
    if "inputTransformer" in target:
        target["InputTransformer"] = _moved(
            target.pop("inputTransformer"), "inputPaths", "InputPathsMap"
        )
    around = {k: v for k, v in inputs.items() if k in ("rule", "eventBusName")}
    return {**around, "Targets": [target]}


def _schedule(inputs: Inputs) -> Inputs:
    body = _named(drop="namePrefix")(inputs)
    target = body.get("target")
    if isinstance(target, Mapping) and "sagemakerPipelineParameters" in target:
        moved = _moved(
            target["sagemakerPipelineParameters"], "pipelineParameters", "PipelineParameterList"
        )
        body["target"] = {**target, "sagemakerPipelineParameters": moved}
    return body


def _topic(inputs: Inputs) -> Inputs:
    attributes = {
        name[0].upper() + name[1:]: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in inputs.items()
        if name not in ("name", "tags", "region")
    }
    return {"Name": inputs.get("name"), "Attributes": attributes, "Tags": inputs.get("tags", {})}


def _subscription(inputs: Inputs) -> Inputs:
    attributes = {
        name[0].upper() + name[1:]: str(value).lower() if isinstance(value, bool) else value
        for name, value in inputs.items()
        if name in ("filterPolicy", "filterPolicyScope", "rawMessageDelivery", "redrivePolicy")
    }
    direct = {k: v for k, v in inputs.items() if k in ("protocol", "endpoint")}
    return {"TopicArn": inputs.get("topic"), **direct, "Attributes": attributes}


def _topic_policy(inputs: Inputs) -> Inputs:
    return {
        "TopicArn": inputs.get("arn"),
        "AttributeName": "Policy",
        "AttributeValue": inputs.get("policy"),
    }


def _queue(inputs: Inputs) -> Inputs:
    names = {
        "messageRetentionSeconds": "MessageRetentionPeriod",
        "visibilityTimeoutSeconds": "VisibilityTimeout",
        "kmsMasterKeyId": "KmsMasterKeyId",
        "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
        "sqsManagedSseEnabled": "SqsManagedSseEnabled",
        "policy": "Policy",
    }
    attributes = {names[name]: str(value) for name, value in inputs.items() if name in names}
    return {
        "QueueName": inputs.get("name"),
        "Attributes": attributes,
        "tags": inputs.get("tags", {}),
    }


def _repository(inputs: Inputs) -> Inputs:
    body = _named(drop="forceDelete encryptionConfigurations", name="repositoryName")(inputs)
    encryption = inputs.get("encryptionConfigurations")
    if isinstance(encryption, list) and encryption:
        body["encryptionConfiguration"] = encryption[0]
    return body


def _retention(inputs: Inputs) -> Inputs | None:
    days = inputs.get("retentionInDays")
    return {"logGroupName": inputs.get("name"), "retentionInDays": days} if days else None


def _build_project(inputs: Inputs) -> Inputs:
    body = _named(
        drop="badgeEnabled projectVisibility resourceAccessRole",
        buildTimeout="timeoutInMinutes",
        queuedTimeout="queuedTimeoutInMinutes",
    )(inputs)
    logs = body.get("logsConfig")
    if isinstance(logs, Mapping):
        # The provider's default; the API has none.
        filled = {n: {"status": "ENABLED", **v} for n, v in logs.items() if n == "cloudwatchLogs"}
        body["logsConfig"] = {**logs, **filled}
    return body


def _budget(inputs: Inputs) -> Inputs:
    budget = _named(
        drop="accountId notifications costFilters limitAmount limitUnit tags"
        " timePeriodStart timePeriodEnd namePrefix",
        name="BudgetName",
    )(inputs)
    if "limitAmount" in inputs:
        budget["BudgetLimit"] = {
            "Amount": inputs["limitAmount"],
            "Unit": inputs.get("limitUnit"),
        }
    if "costFilters" in inputs:
        budget["CostFilters"] = {f["name"]: f["values"] for f in inputs["costFilters"]}
    return {
        "AccountId": inputs.get("accountId", ACCOUNT),
        "Budget": budget,
        "NotificationsWithSubscribers": [_warning(n) for n in inputs.get("notifications", [])],
        "ResourceTags": inputs.get("tags", {}),
    }


def _warning(notification: Mapping[str, Any]) -> Inputs:
    emails = notification.get("subscriberEmailAddresses") or []
    topics = notification.get("subscriberSnsTopicArns") or []
    plain = {k: v for k, v in notification.items() if not k.startswith("subscriber")}
    return {
        "Notification": plain,
        "Subscribers": [
            *({"SubscriptionType": "EMAIL", "Address": email} for email in emails),
            *({"SubscriptionType": "SNS", "Address": topic} for topic in topics),
        ],
    }


def _scaling_policy(inputs: Inputs) -> Inputs:
    body = _named(name="PolicyName")(inputs)
    steps = body.get("stepScalingPolicyConfiguration")
    if isinstance(steps, Mapping) and "stepAdjustments" in steps:
        names = {"metricIntervalLowerBound", "metricIntervalUpperBound"}
        # Text at the provider, numbers at the API.
        adjustments = [
            {k: float(v) if k in names else v for k, v in step.items()}
            for step in steps["stepAdjustments"]
        ]
        body["stepScalingPolicyConfiguration"] = {**steps, "stepAdjustments": adjustments}
    return body


def _variants(inputs: Inputs) -> Inputs:
    body = _named(
        drop="namePrefix",
        name="EndpointConfigName",
        kmsKeyArn="KmsKeyId",
    )(inputs)
    for name in ("productionVariants", "shadowProductionVariants"):
        if isinstance(body.get(name), list):
            body[name] = [_variant(variant) for variant in body[name]]
    return body


def _variant(variant: Any) -> Any:
    if not isinstance(variant, Mapping):
        return variant
    routing = variant.get("routingConfigs")
    rest = {k: v for k, v in variant.items() if k != "routingConfigs"}
    return {**rest, "routingConfig": routing[0]} if routing else rest


def _model(inputs: Inputs) -> Inputs:
    body = _named(name="ModelName")(inputs)
    container = body.get("primaryContainer")
    if isinstance(container, Mapping) and isinstance(container.get("modelDataSource"), Mapping):
        sources = container["modelDataSource"].get("s3DataSources") or [{}]
        body["primaryContainer"] = {**container, "modelDataSource": {"s3DataSource": sources[0]}}
    return body


def _security_group(inputs: Inputs) -> Inputs:
    return {
        "GroupName": inputs.get("name"),
        "Description": inputs.get("description", "Managed by Pulumi"),
        "VpcId": inputs.get("vpcId"),
    }


def _vpc_endpoint(inputs: Inputs) -> Inputs:
    return _named(drop="tags autoAccept", policy="PolicyDocument")(inputs)


def _only(*names: str, **renamed: str) -> Arrange:
    """The named inputs alone; the others are the provider's own or in other calls."""

    def arrange(inputs: Inputs) -> Inputs:
        chosen = {name: inputs[name] for name in names if name in inputs}
        return chosen | {new: inputs[old] for old, new in renamed.items() if old in inputs}

    return arrange


CALLS: dict[str, tuple[tuple[str, str, Arrange], ...]] = {
    "aws:appautoscaling/policy:Policy": (
        ("application-autoscaling", "PutScalingPolicy", _scaling_policy),
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": (
        ("application-autoscaling", "PutScheduledAction", _named(name="ScheduledActionName")),
    ),
    "aws:appautoscaling/target:Target": (
        ("application-autoscaling", "RegisterScalableTarget", _named()),
    ),
    "aws:budgets/budget:Budget": (("budgets", "CreateBudget", _budget),),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (
        ("cloudwatch", "PutCompositeAlarm", _composite),
    ),
    "aws:cloudwatch/dashboard:Dashboard": (("cloudwatch", "PutDashboard", _named()),),
    "aws:cloudwatch/eventRule:EventRule": (
        ("events", "PutRule", _named(drop="forceDestroy isEnabled namePrefix")),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": (("events", "PutTargets", _event_target),),
    "aws:cloudwatch/logGroup:LogGroup": (
        ("logs", "CreateLogGroup", _only("kmsKeyId", "tags", "logGroupClass", name="logGroupName")),
        ("logs", "PutRetentionPolicy", _retention),
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": (
        ("logs", "PutResourcePolicy", _named()),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (("cloudwatch", "PutMetricAlarm", _alarm),),
    "aws:codebuild/project:Project": (("codebuild", "CreateProject", _build_project),),
    "aws:ec2/securityGroup:SecurityGroup": (("ec2", "CreateSecurityGroup", _security_group),),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (("ec2", "CreateVpcEndpoint", _vpc_endpoint),),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (
        (
            "ecr",
            "PutLifecyclePolicy",
            _named(repository="repositoryName", policy="lifecyclePolicyText"),
        ),
    ),
    "aws:ecr/repository:Repository": (("ecr", "CreateRepository", _repository),),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": (
        ("ecr", "SetRepositoryPolicy", _named(repository="repositoryName", policy="policyText")),
    ),
    "aws:iam/policy:Policy": (
        (
            "iam",
            "CreatePolicy",
            _named(drop="namePrefix", name="PolicyName", policy="PolicyDocument"),
        ),
    ),
    "aws:iam/role:Role": (
        (
            "iam",
            "CreateRole",
            _named(
                drop="forceDetachPolicies inlinePolicies managedPolicyArns namePrefix",
                name="RoleName",
                assumeRolePolicy="AssumeRolePolicyDocument",
            ),
        ),
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        (
            "iam",
            "PutRolePolicy",
            _named(drop="namePrefix", name="PolicyName", role="RoleName", policy="PolicyDocument"),
        ),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
        ("iam", "AttachRolePolicy", _named(role="RoleName")),
    ),
    "aws:kms/alias:Alias": (("kms", "CreateAlias", _named(name="AliasName")),),
    "aws:kms/key:Key": (("kms", "CreateKey", _only("description", "keyUsage", "policy", "tags")),),
    "aws:kms/keyPolicy:KeyPolicy": (("kms", "PutKeyPolicy", _named()),),
    "aws:s3/bucket:Bucket": (("s3", "CreateBucket", _bucket),),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        ("s3", "PutBucketLifecycleConfiguration", _inside("LifecycleConfiguration")),
    ),
    "aws:s3/bucketNotification:BucketNotification": (
        ("s3", "PutBucketNotificationConfiguration", _notification),
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": (
        ("s3", "PutObject", _only("bucket", "key", "contentType", kmsKeyId="SSEKMSKeyId")),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        (
            "s3",
            "PutBucketOwnershipControls",
            lambda inputs: {
                "bucket": inputs.get("bucket"),
                "OwnershipControls": {"Rules": [inputs.get("rule", {})]},
            },
        ),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": (("s3", "PutBucketPolicy", _named()),),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        ("s3", "PutPublicAccessBlock", _inside("PublicAccessBlockConfiguration")),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        ("s3", "PutBucketEncryption", _inside("ServerSideEncryptionConfiguration")),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (("s3", "PutBucketVersioning", _named()),),
    "aws:sagemaker/endpoint:Endpoint": (
        ("sagemaker", "CreateEndpoint", _named(name="EndpointName")),
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": (
        ("sagemaker", "CreateEndpointConfig", _variants),
    ),
    "aws:sagemaker/model:Model": (("sagemaker", "CreateModel", _model),),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": (
        ("sagemaker", "CreateModelPackageGroup", _named()),
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": (
        ("sagemaker", "PutModelPackageGroupPolicy", _named()),
    ),
    "aws:sagemaker/pipeline:Pipeline": (("sagemaker", "CreatePipeline", _named()),),
    "aws:scheduler/schedule:Schedule": (("scheduler", "CreateSchedule", _schedule),),
    "aws:scheduler/scheduleGroup:ScheduleGroup": (
        ("scheduler", "CreateScheduleGroup", _named(drop="namePrefix")),
    ),
    "aws:secretsmanager/secret:Secret": (
        (
            "secretsmanager",
            "CreateSecret",
            _named(drop="recoveryWindowInDays policy namePrefix forceOverwriteReplicaSecret"),
        ),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (
        ("secretsmanager", "PutSecretValue", _named()),
    ),
    "aws:sns/topic:Topic": (("sns", "CreateTopic", _topic),),
    "aws:sns/topicPolicy:TopicPolicy": (("sns", "SetTopicAttributes", _topic_policy),),
    "aws:sns/topicSubscription:TopicSubscription": (("sns", "Subscribe", _subscription),),
    "aws:sqs/queue:Queue": (("sqs", "CreateQueue", _queue),),
}
"""Service, operation and arrangement of the body by type token."""
