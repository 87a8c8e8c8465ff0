"""One resource of each kind that is right in every respect; seeded mistakes are put into it."""

import json
from copy import deepcopy
from typing import Any

from tests.oracles.finding import Rendered
from trimaran_providers.aws.autoscaling import ScalingDefinition
from trimaran_providers.aws.endpoint_definition import EndpointDefinition
from trimaran_providers.contract.spec import EndpointKind

ACCOUNT, REGION = "123456789012", "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/toy"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:toy"
PIPELINE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/toy"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/toy@sha256:{'a' * 64}"
VERSION = "2012-10-17"

TRUST = {
    "Version": VERSION,
    "Statement": [
        {
            "Sid": "Assume",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    ],
}
POLICY = {
    "Version": VERSION,
    "Statement": [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "kms:GenerateDataKey*"],
            "Resource": ["arn:aws:s3:::toy/*"],
        },
        {
            "Sid": "Metrics",
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": "Toy"}},
        },
    ],
}
BUCKET_POLICY = {
    "Version": VERSION,
    "Statement": [
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::toy", "arn:aws:s3:::toy/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}
_SHARED_GROUP = {
    "Version": VERSION,
    "Statement": [
        {
            "Sid": "FindGroup",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::210987654321:root"]},
            "Action": ["sagemaker:DescribeModelPackageGroup"],
            "Resource": [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/toy"],
        }
    ],
}
_CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
_TRAINED = {
    "RoleArn": ROLE,
    "AlgorithmSpecification": {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": [
            {"Name": "validation_metric", "Regex": "validation_metric=([0-9.eE+-]+)"}
        ],
    },
    "OutputDataConfig": {"S3OutputPath": "s3://toy/out"},
    "ResourceConfig": _CLUSTER,
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
}
DEFINITION: dict[str, Any] = {
    "Version": "2020-12-01",
    "Parameters": [{"Name": "config", "Type": "String", "DefaultValue": "s3://toy/config.json"}],
    "Steps": [
        {
            "Name": "train",
            "Type": "Training",
            "Arguments": _TRAINED,
            "RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 3}],
        },
        {
            "Name": "register",
            "Type": "Processing",
            "CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"},
            "DependsOn": ["train"],
            "Arguments": {
                "RoleArn": ROLE,
                "AppSpecification": {"ImageUri": IMAGE},
                "ProcessingResources": {"ClusterConfig": _CLUSTER},
                "ProcessingInputs": [
                    {
                        "InputName": "model",
                        "S3Input": {
                            "S3Uri": {"Get": "Steps.train.ModelArtifacts.S3ModelArtifacts"},
                            "LocalPath": "/opt/ml/processing/input/model",
                            "S3DataType": "S3Prefix",
                            "S3InputMode": "File",
                        },
                    }
                ],
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {
                            "OutputName": "release",
                            "S3Output": {
                                "S3Uri": {
                                    "Std:Join": {
                                        "On": "/",
                                        "Values": [
                                            "s3://toy/runs",
                                            {"Get": "Execution.PipelineExecutionId"},
                                        ],
                                    }
                                },
                                "LocalPath": "/opt/ml/processing/output/release",
                                "S3UploadMode": "EndOfJob",
                            },
                        }
                    ]
                },
            },
            "PropertyFiles": [
                {
                    "PropertyFileName": "release",
                    "OutputName": "release",
                    "FilePath": "release.json",
                }
            ],
        },
        {
            "Name": "accepted",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [
                    {
                        "Type": "Equals",
                        "LeftValue": {
                            "Std:JsonGet": {
                                "PropertyFile": {"Get": "Steps.register.PropertyFiles.release"},
                                "Path": "accepted",
                            }
                        },
                        "RightValue": True,
                    }
                ],
                "IfSteps": [],
                "ElseSteps": [
                    {"Name": "refused", "Type": "Fail", "Arguments": {"ErrorMessage": "refused"}}
                ],
            },
        },
    ],
}
TUNING: dict[str, Any] = {
    "Version": "2020-12-01",
    "Steps": [
        {
            "Name": "train",
            "Type": "Tuning",
            "Arguments": {
                "HyperParameterTuningJobConfig": {
                    "Strategy": "Bayesian",
                    "HyperParameterTuningJobObjective": {
                        "Type": "Maximize",
                        "MetricName": "validation_metric",
                    },
                    "ResourceLimits": {"MaxParallelTrainingJobs": 2},
                    "ParameterRanges": {},
                },
                "TrainingJobDefinition": _TRAINED,
            },
        }
    ],
}
DASHBOARD: dict[str, Any] = {
    "widgets": [
        {
            "type": "metric",
            "x": 0,
            "y": 0,
            "width": 12,
            "height": 6,
            "properties": {
                "region": REGION,
                "metrics": [
                    ["AWS/SageMaker", "Invocations", "EndpointName", "toy", {"stat": "Sum"}],
                    [{"expression": "m1/m2", "id": "e1"}],
                ],
                "view": "timeSeries",
            },
        }
    ]
}
PATTERN = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
    "detail": {"pipelineArn": [PIPELINE], "size": [{"numeric": [">", 0]}]},
}
IMAGES = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": 100,
            },
            "action": {"type": "expire"},
        },
    ]
}
ENDPOINT = EndpointDefinition(
    kind=EndpointKind.realtime,
    name="toy",
    store_uri="s3://toy",
    model={"ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE, "Environment": {}}},
    variant={
        "VariantName": "main",
        "InitialVariantWeight": 1.0,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
    },
    config={
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://toy/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        }
    },
    deployment={
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 300,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            }
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "toy-errors"}]},
    },
    scaling=ScalingDefinition(
        target={
            "ServiceNamespace": "sagemaker",
            "ResourceId": "endpoint/toy/variant/main",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "MinCapacity": 2,
            "MaxCapacity": 6,
        }
    ),
).model_dump(mode="json")

EXAMPLES: dict[str, dict[str, Any]] = {
    "aws:appautoscaling/target:Target": {
        "minCapacity": 1,
        "maxCapacity": 4,
        "resourceId": "endpoint/toy/variant/main",
        "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "serviceNamespace": "sagemaker",
    },
    "aws:budgets/budget:Budget": {
        "name": "toy",
        "budgetType": "COST",
        "limitAmount": "400",
        "limitUnit": "USD",
        "timeUnit": "MONTHLY",
        "notifications": [
            {
                "comparisonOperator": "GREATER_THAN",
                "notificationType": "ACTUAL",
                "threshold": 80,
                "thresholdType": "PERCENTAGE",
                "subscriberSnsTopicArns": [TOPIC],
            }
        ],
    },
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": {
        "alarmName": "toy-rollback",
        "alarmRule": 'ALARM("toy-errors") OR (NOT OK("toy-errors") AND FALSE)',
    },
    "aws:cloudwatch/dashboard:Dashboard": {"dashboardName": "toy", "dashboardBody": DASHBOARD},
    "aws:cloudwatch/eventRule:EventRule": {"name": "toy", "eventPattern": PATTERN},
    "aws:cloudwatch/eventTarget:EventTarget": {
        "rule": "toy",
        "arn": PIPELINE,
        "roleArn": ROLE,
        "sagemakerPipelineTarget": {"pipelineParameterLists": [{"name": "a", "value": "b"}]},
    },
    "aws:cloudwatch/logGroup:LogGroup": {"name": "/toy", "retentionInDays": 400},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "name": "toy-errors",
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 3,
        "datapointsToAlarm": 2,
        "metricName": "Invocation5XXErrors",
        "namespace": "AWS/SageMaker",
        "dimensions": {"EndpointName": "toy", "VariantName": "main"},
        "period": 60,
        "statistic": "Sum",
        "threshold": 5,
        "treatMissingData": "notBreaching",
        "alarmActions": [TOPIC],
    },
    "aws:codebuild/project:Project": {
        "name": "toy",
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {
            "computeType": "BUILD_GENERAL1_SMALL",
            "image": "aws/codebuild/standard:7.0",
            "type": "LINUX_CONTAINER",
            "privilegedMode": True,
        },
        "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        "serviceRole": ROLE,
        "logsConfig": {"cloudwatchLogs": {"groupName": "/toy"}},
    },
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": {"repository": "toy", "policy": IMAGES},
    "aws:ecr/repository:Repository": {
        "name": "toy",
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY}],
        "tags": {"team": "one"},
    },
    "aws:iam/role:Role": {"name": "toy", "assumeRolePolicy": TRUST, "path": "/teams/one/"},
    "aws:iam/rolePolicy:RolePolicy": {"role": "toy", "name": "toy", "policy": POLICY},
    "aws:s3/bucket:Bucket": {"bucket": "toy-store", "tags": {"team": "one"}},
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
        "bucket": "toy-store",
        "rules": [
            {
                "id": "old",
                "status": "Enabled",
                "filter": {"prefix": "runs/"},
                "expiration": {"days": 30},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            }
        ],
    },
    "aws:s3/bucketPolicy:BucketPolicy": {"bucket": "toy-store", "policy": BUCKET_POLICY},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "bucket": "toy-store",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "bucket": "toy-store",
        "rules": [
            {
                "applyServerSideEncryptionByDefault": {
                    "sseAlgorithm": "aws:kms",
                    "kmsMasterKeyId": KEY,
                },
                "bucketKeyEnabled": True,
            }
        ],
    },
    "aws:s3/bucketVersioning:BucketVersioning": {
        "bucket": "toy-store",
        "versioningConfiguration": {"status": "Enabled"},
    },
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": {"modelPackageGroupName": "toy"},
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": {
        "modelPackageGroupName": "toy",
        "resourcePolicy": _SHARED_GROUP,
    },
    "aws:sagemaker/pipeline:Pipeline": {
        "pipelineName": "toy",
        "pipelineDisplayName": "toy",
        "roleArn": ROLE,
        "pipelineDefinition": DEFINITION,
    },
    "aws:scheduler/schedule:Schedule": {
        "name": "toy",
        "flexibleTimeWindow": {"mode": "OFF"},
        "scheduleExpression": "cron(0 3 * * ? *)",
        "scheduleExpressionTimezone": "America/New_York",
        "target": {
            "arn": PIPELINE,
            "roleArn": ROLE,
            "sagemakerPipelineParameters": {"pipelineParameters": [{"name": "a", "value": "b"}]},
        },
    },
    "aws:secretsmanager/secret:Secret": {"name": "toy/token", "recoveryWindowInDays": 7},
    "aws:sns/topic:Topic": {"name": "toy", "kmsMasterKeyId": KEY},
    "aws:sns/topicSubscription:TopicSubscription": {
        "topic": TOPIC,
        "protocol": "email",
        "endpoint": "oncall@example.com",
    },
    "trimaran:aws:Endpoint": {"name": "toy", "definition": ENDPOINT},
}
"""Inputs by type token; what AWS takes as JSON text stands here as data."""
_AS_TEXT = {
    *("policy", "assumeRolePolicy", "pipelineDefinition", "dashboardBody", "eventPattern"),
    *("definition", "resourcePolicy"),
}


def example(token: str, changes: dict[str, Any] | None = None, name: str = "toy") -> Rendered:
    """A resource that is right, but for the changes.

    Args:
        token: type token.
        changes: value by dotted path, list positions as numbers; `...` takes the value away.
        name: logical name.
    """
    inputs = deepcopy(EXAMPLES[token])
    for path, value in (changes or {}).items():
        _put(inputs, path.split("."), value)
    texts = {k: json.dumps(v) for k, v in inputs.items() if k in _AS_TEXT and v is not None}
    texts = {k: v for k, v in texts.items() if not isinstance(inputs[k], str)}
    return Rendered(
        type=token, name=name, parent="", urn=name, custom=True, inputs={**inputs, **texts}
    )


def _put(target: Any, path: list[str], value: Any) -> None:
    for part in path[:-1]:
        target = target[int(part)] if isinstance(target, list) else target[part]
    last = int(path[-1]) if isinstance(target, list) else path[-1]
    if value is ...:
        del target[last]
    else:
        target[last] = value
