"""Mistakes in rendered resources, and the layer that has to catch each."""

from dataclasses import dataclass
from typing import Any

from tests.oracles.examples import TUNING

_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_BUCKET = "aws:s3/bucket:Bucket"
_BUDGET = "aws:budgets/budget:Budget"
_COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
_DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
_ENDPOINT = "trimaran:aws:Endpoint"
_EVENTS = "aws:cloudwatch/eventRule:EventRule"
_GROUP = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
_GROUP_POLICY = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
_IMAGES = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_LOGS = "aws:cloudwatch/logGroup:LogGroup"
_PIPELINE = "aws:sagemaker/pipeline:Pipeline"
_POLICY = "aws:iam/rolePolicy:RolePolicy"
_PROJECT = "aws:codebuild/project:Project"
_PUBLIC = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_REPOSITORY = "aws:ecr/repository:Repository"
_ROLE = "aws:iam/role:Role"
_SCALING = "aws:appautoscaling/target:Target"
_SCHEDULE = "aws:scheduler/schedule:Schedule"
_SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
_TARGET = "aws:cloudwatch/eventTarget:EventTarget"
_VERSIONS = "aws:s3/bucketVersioning:BucketVersioning"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake.

    Attributes:
        token: type of the resource.
        at: dotted path in the example; positions are numbers.
        value: what is there instead; `...`: it is taken away.
        layer: the layer that catches it.
        path: how the finding's path ends.
        others: layers that see the same mistake in their own way.
    """

    token: str
    at: str
    value: Any
    layer: str
    path: str
    others: tuple[str, ...] = ()


_STEP = "pipelineDefinition.Steps"
SEEDED: tuple[Mistake, ...] = (
    # The provider's own types.
    Mistake(_BUCKET, "bukcet", "toy", "types", "bukcet"),
    Mistake(_VERSIONS, "versioningConfiguration.mode", "On", "types", "mode"),
    Mistake(_VERSIONS, "versioningConfiguration", ..., "types", "versioningConfiguration"),
    Mistake(_ALARM, "evaluationPeriods", "three", "types", "evaluationPeriods"),
    Mistake(_ALARM, "alarmActions", "arn:aws:sns:x", "types", "alarmActions"),
    Mistake(_SCHEDULE, "target.role_arn", "x", "types", "target.role_arn"),
    Mistake(_LIFECYCLE, "rules.0.expiration.days", "30", "types", "rules[0].expiration.days"),
    Mistake(_ROLE, "assumeRolePolicy", ..., "types", "assumeRolePolicy"),
    # The services' models: names, enums, patterns, ranges.
    Mistake(_ALARM, "comparisonOperator", "GreaterThan", "shapes", "ComparisonOperator"),
    Mistake(_ALARM, "statistic", "Mean", "shapes", "Statistic"),
    Mistake(_ALARM, "evaluationPeriods", 0, "shapes", "EvaluationPeriods", ("rules",)),
    Mistake(_ENCRYPTION, "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", "AES", "shapes",
            "SSEAlgorithm"),
    Mistake(_GROUP, "modelPackageGroupName", "toy_group", "shapes", "ModelPackageGroupName"),
    Mistake(_GROUP_POLICY, "modelPackageGroupName", "toy_group", "shapes",
            "ModelPackageGroupName"),
    Mistake(_PIPELINE, "pipelineName", "-toy", "shapes", "PipelineName"),
    Mistake(_REPOSITORY, "imageTagMutability", "FIXED", "shapes", "imageTagMutability"),
    Mistake(_REPOSITORY, "name", "Toy", "shapes", "repositoryName"),
    Mistake(_ROLE, "path", "teams", "shapes", "Path"),
    Mistake(_ROLE, "name", "toy role", "shapes", "RoleName"),
    Mistake(_PROJECT, "environment.type", "LINUX", "shapes", "environment.type"),
    Mistake(_BUDGET, "notifications.0.comparisonOperator", "ABOVE", "shapes", "ComparisonOperator"),
    Mistake(_SCHEDULE, "flexibleTimeWindow.mode", "NONE", "shapes", "FlexibleTimeWindow.Mode"),
    Mistake(_SCALING, "scalableDimension", "sagemaker:variant:Count", "shapes",
            "ScalableDimension"),
    Mistake(_TARGET, "roleArn", "", "shapes", "Targets[0].RoleArn"),
    # IAM.
    Mistake(_POLICY, "policy.Statement.0.Effect", "allow", "policy", "Statement[0].Effect"),
    Mistake(_POLICY, "policy.Statement.0.Action.0", "s3:GetObjects", "policy", "Action[0]"),
    Mistake(_POLICY, "policy.Statement.0.Action.0", "s4:GetObject", "policy", "Action[0]"),
    Mistake(_POLICY, "policy.Statement.0.Resource.0", "s3://toy/*", "policy", "Resource[0]"),
    Mistake(_POLICY, "policy.Statement.0.Sid", "read-it", "policy", "Statement[0].Sid"),
    Mistake(_POLICY, "policy.Statement.1.Sid", "Read", "policy", "Statement[1].Sid"),
    Mistake(_POLICY, "policy.Version", "2012-10-18", "policy", "Version"),
    Mistake(_POLICY, "policy.Statement.1.Condition", {"StringEqual": {"aws:SourceArn": "x"}},
            "policy", "Condition.StringEqual"),
    Mistake(_POLICY, "policy.Statement.1.Condition", {"StringEquals": {"aws:SourceAcount": "x"}},
            "policy", "StringEquals.aws:SourceAcount"),
    Mistake(_POLICY, "policy.Statement.0.Principal", "*", "policy", "Statement[0].Principal"),
    Mistake(_GROUP_POLICY, "resourcePolicy.Statement.0.Principal.AWS.0", "account 210987654321",
            "policy", "Principal.AWS"),
    Mistake(_GROUP_POLICY, "resourcePolicy.Statement.0.Action.0", "sagemaker:ReadModelPackage",
            "policy", "Action[0]"),
    Mistake(_ROLE, "assumeRolePolicy.Statement.0.Principal.Service", "sagemaker", "policy",
            "Principal.Service"),
    Mistake(_ROLE, "assumeRolePolicy.Statement.0.Resource", "*", "policy", "Resource"),
    # What all of them miss.
    Mistake(_BUCKET, "bucket", "Toy_Store", "rules", "bucket"),
    Mistake(_BUCKET, "bucket", "192.168.1.1", "rules", "bucket"),
    Mistake(_BUCKET, "tags", {"aws:team": "one"}, "rules", "tags.aws:team"),
    Mistake(_VERSIONS, "versioningConfiguration.status", "On", "rules",
            "versioningConfiguration.status", ("shapes",)),
    Mistake(_PUBLIC, "blockPublicPolicy", ..., "rules", "blockPublicPolicy"),
    Mistake(_LIFECYCLE, "rules.0.expiration.days", 0, "rules", "rules[0].expiration.days"),
    Mistake(_LIFECYCLE, "rules.0.filter", ..., "rules", "rules[0].filter"),
    Mistake(_IMAGES, "policy.rules.1.rulePriority", 1, "rules", "rules[0].rulePriority"),
    Mistake(_IMAGES, "policy.rules.0.selection.countUnit", ..., "rules", "countUnit"),
    Mistake(_ALARM, "statistic", ..., "rules", "statistic"),
    Mistake(_ALARM, "period", 90, "rules", "period"),
    Mistake(_ALARM, "datapointsToAlarm", 4, "rules", "datapointsToAlarm"),
    Mistake(_ALARM, "treatMissingData", "good", "rules", "treatMissingData"),
    Mistake(_COMPOSITE, "alarmRule", 'ALARM("toy-errors") OR', "rules", "alarmRule"),
    Mistake(_COMPOSITE, "alarmRule", 'ALARM("toy-error")', "rules", "alarmRule"),
    Mistake(_SCALING, "minCapacity", 5, "rules", "minCapacity"),
    Mistake(_SCALING, "resourceId", "endpoint/toy", "rules", "resourceId"),
    Mistake(_SCHEDULE, "scheduleExpression", "cron(0 3 * * *)", "rules", "scheduleExpression"),
    Mistake(_SCHEDULE, "scheduleExpression", "rate(hourly)", "rules", "scheduleExpression"),
    Mistake(_SCHEDULE, "scheduleExpressionTimezone", "New York", "rules",
            "scheduleExpressionTimezone"),
    Mistake(_EVENTS, "eventPattern.source", "aws.sagemaker", "rules", "eventPattern.source"),
    Mistake(_EVENTS, "eventPattern.detailType", ["x"], "rules", "eventPattern.detailType"),
    Mistake(_EVENTS, "eventPattern.detail.size", [{"more": 1}], "rules", "detail.size[0]"),
    Mistake(_TARGET, "roleArn", ..., "rules", "roleArn"),
    Mistake(_DASHBOARD, "dashboardBody.widgets.0.x", 20, "rules", "widgets[0].width"),
    Mistake(_DASHBOARD, "dashboardBody.widgets.0.properties.region", ..., "rules", "region"),
    Mistake(_DASHBOARD, "dashboardBody.widgets.0.properties.metrics.0", ["AWS/SageMaker"], "rules",
            "metrics[0]"),
    Mistake(_LOGS, "retentionInDays", 45, "rules", "retentionInDays"),
    Mistake(_SUBSCRIPTION, "endpoint", "oncall", "rules", "endpoint"),
    Mistake(_SUBSCRIPTION, "protocol", "mail", "rules", "protocol"),
    Mistake(_BUDGET, "limitAmount", "400 USD", "rules", "limitAmount", ("shapes",)),
    # The JSON inside of a pipeline.
    Mistake(_PIPELINE, f"{_STEP}.0.Type", "Train", "rules", "Steps[0].Type"),
    Mistake(_PIPELINE, f"{_STEP}.0.Arguments.ResourceConfig.InstanceType", "m5.large", "shapes",
            "ResourceConfig.InstanceType"),
    Mistake(_PIPELINE, f"{_STEP}.0.Arguments.OutputDataConfig", ..., "shapes", "OutputDataConfig"),
    Mistake(_PIPELINE, f"{_STEP}.0.Arguments.StoppingCondition.MaxWaitTimeInSeconds", 60, "rules",
            "MaxWaitTimeInSeconds"),
    Mistake(_PIPELINE, f"{_STEP}.0.RetryPolicies.0.ExceptionType", ["THROTTLING"], "rules",
            "ExceptionType"),
    Mistake(_PIPELINE, f"{_STEP}.0.DependsOn", ["accepted"], "rules", "Steps"),
    Mistake(_PIPELINE, f"{_STEP}.1.DependsOn.0", "trane", "rules", "Steps[1].DependsOn[0]"),
    Mistake(_PIPELINE, f"{_STEP}.1.CacheConfig.ExpireAfter", "30 days", "rules", "ExpireAfter"),
    Mistake(_PIPELINE, f"{_STEP}.1.PropertyFiles.0.OutputName", "realease", "rules", "OutputName"),
    Mistake(_PIPELINE, f"{_STEP}.1.Arguments.ProcessingInputs.0.S3Input.S3Uri.Get",
            "Steps.train.Model", "rules", "S3Uri"),
    Mistake(_PIPELINE, f"{_STEP}.1.Arguments.ProcessingInputs.0.S3Input.S3Uri.Get",
            "Parameters.modle", "rules", "S3Uri"),
    Mistake(_PIPELINE, f"{_STEP}.2.Arguments.Conditions.0.Type", "Equal", "rules",
            "Conditions[0].Type"),
    Mistake(_PIPELINE,
            f"{_STEP}.2.Arguments.Conditions.0.LeftValue.Std:JsonGet.PropertyFile.Get",
            "Steps.register.PropertyFiles.verdict", "rules", "PropertyFile"),
    Mistake(_PIPELINE, f"{_STEP}.2.Arguments.ElseSteps.0.Name", "train", "rules",
            "ElseSteps[0].Name"),
    Mistake(_PIPELINE, "pipelineDefinition",
            {**TUNING, "Steps": [{**TUNING["Steps"][0], "Arguments": {
                **TUNING["Steps"][0]["Arguments"], "TrainingJobDefinition": {
                    **TUNING["Steps"][0]["Arguments"]["TrainingJobDefinition"],
                    "AlgorithmSpecification": {"TrainingInputMode": "File"}}}}]},
            "rules", "HyperParameterTuningJobObjective.MetricName"),
    # The plugin's own requests.
    Mistake(_ENDPOINT, "definition.variant.InstanceType", "m5.large", "shapes",
            "ProductionVariants[0].InstanceType"),
    Mistake(_ENDPOINT, "definition.variant.InitialVariantWeight", 0.0, "rules",
            "ProductionVariants"),
    Mistake(_ENDPOINT, "definition.config.DataCaptureConfig.CaptureContentTypeHeader", ...,
            "rules", "DataCaptureConfig"),
    Mistake(_ENDPOINT, "definition.config.DataCaptureConfig.InitialSamplingPercentage", 101,
            "shapes", "InitialSamplingPercentage"),
    Mistake(_ENDPOINT,
            "definition.deployment.BlueGreenUpdatePolicy.TrafficRoutingConfiguration"
            ".CanarySize.Value", 60, "rules", "CanarySize.Value"),
    Mistake(_ENDPOINT, "definition.scaling.target.MinCapacity", 7, "rules", "MinCapacity"),
    Mistake(_ENDPOINT, "definition.deployment.AutoRollbackConfiguration.Alarms.0.AlarmName",
            "toy-error", "rules", "definition"),
)  # fmt: skip
"""Each with the layer that catches it; what two layers catch names the other, too."""
