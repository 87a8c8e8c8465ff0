"""Inputs whose change makes a resource anew.

The Pulumi SDK does not know them. Source: the schema (`ForceNew`, `RequiresReplace`) of each type
in terraform-provider-aws, `internal/service/<service>/`, which pulumi-aws takes over. Compared with
those sources are the composite alarm and ECR's lifecycle policy alone; the others are as known.
"""

from collections.abc import Mapping
from typing import Any

from tests.oracles.naming import NAMES

_BUCKET_PART = frozenset({"bucket", "expectedBucketOwner"})
_SCALED = frozenset({"name", "resourceId", "scalableDimension", "serviceNamespace"})
REPLACED_BY: dict[str, frozenset[str]] = {
    "aws:appautoscaling/policy:Policy": _SCALED,
    "aws:appautoscaling/scheduledAction:ScheduledAction": _SCALED,
    "aws:appautoscaling/target:Target": _SCALED - {"name"},
    "aws:budgets/budget:Budget": frozenset({"name", "namePrefix", "accountId"}),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": frozenset({"alarmName", "actionsEnabled"}),
    "aws:cloudwatch/dashboard:Dashboard": frozenset({"dashboardName"}),
    "aws:cloudwatch/eventRule:EventRule": frozenset({"name", "namePrefix", "eventBusName"}),
    "aws:cloudwatch/eventTarget:EventTarget": frozenset({"rule", "targetId", "eventBusName"}),
    "aws:cloudwatch/logGroup:LogGroup": frozenset({"name", "namePrefix", "logGroupClass"}),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": frozenset({"policyName"}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": frozenset({"name"}),
    "aws:codebuild/project:Project": frozenset({"name"}),
    "aws:ec2/securityGroup:SecurityGroup": frozenset(
        {"name", "namePrefix", "description", "vpcId"}
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": frozenset(
        {"vpcId", "serviceName", "vpcEndpointType", "serviceRegion"}
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": frozenset({"repository", "policy"}),
    "aws:ecr/repository:Repository": frozenset({"name", "encryptionConfigurations"}),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": frozenset({"repository"}),
    "aws:iam/policy:Policy": frozenset({"name", "namePrefix", "path", "description"}),
    "aws:iam/role:Role": frozenset({"name", "namePrefix", "path"}),
    "aws:iam/rolePolicy:RolePolicy": frozenset({"name", "namePrefix", "role"}),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": frozenset({"role", "policyArn"}),
    "aws:kms/alias:Alias": frozenset({"name", "namePrefix"}),
    "aws:kms/key:Key": frozenset({"keyUsage", "customerMasterKeySpec", "multiRegion"}),
    "aws:kms/keyPolicy:KeyPolicy": frozenset({"keyId"}),
    "aws:s3/bucket:Bucket": frozenset({"bucket", "bucketPrefix", "objectLockEnabled"}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _BUCKET_PART,
    "aws:s3/bucketNotification:BucketNotification": frozenset({"bucket"}),
    "aws:s3/bucketObjectv2:BucketObjectv2": frozenset({"bucket", "key"}),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": frozenset({"bucket"}),
    "aws:s3/bucketPolicy:BucketPolicy": frozenset({"bucket"}),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": frozenset({"bucket"}),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _BUCKET_PART
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _BUCKET_PART,
    "aws:sagemaker/endpoint:Endpoint": frozenset({"name"}),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": frozenset(
        {
            *("name", "namePrefix", "productionVariants", "shadowProductionVariants"),
            *("dataCaptureConfig", "asyncInferenceConfig", "kmsKeyArn", "executionRoleArn"),
        }
    ),
    "aws:sagemaker/model:Model": frozenset(
        {
            *("name", "primaryContainer", "containers", "executionRoleArn", "vpcConfig"),
            *("enableNetworkIsolation", "inferenceExecutionConfig"),
        }
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": frozenset(
        {"modelPackageGroupName", "modelPackageGroupDescription"}
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": frozenset(
        {"modelPackageGroupName"}
    ),
    "aws:sagemaker/pipeline:Pipeline": frozenset({"pipelineName"}),
    "aws:scheduler/schedule:Schedule": frozenset({"name", "namePrefix", "groupName"}),
    "aws:scheduler/scheduleGroup:ScheduleGroup": frozenset({"name", "namePrefix"}),
    "aws:secretsmanager/secret:Secret": frozenset({"name", "namePrefix"}),
    "aws:secretsmanager/secretVersion:SecretVersion": frozenset(
        {"secretId", "secretString", "secretBinary"}
    ),
    "aws:sns/topic:Topic": frozenset({"name", "namePrefix", "fifoTopic"}),
    "aws:sns/topicPolicy:TopicPolicy": frozenset({"arn"}),
    "aws:sns/topicSubscription:TopicSubscription": frozenset({"topic", "protocol", "endpoint"}),
    "aws:sqs/queue:Queue": frozenset({"name", "namePrefix", "fifoQueue"}),
}
"""Names of the inputs by type token; every type also by its `region`."""


def replaced_by(token: str) -> frozenset[str]:
    """Inputs whose change replaces a resource of a type; a type that is not listed is a mistake."""
    if token not in REPLACED_BY:
        raise LookupError(f"the referee does not know what replaces a {token}")
    return REPLACED_BY[token] | {"region"}


def keeps_its_name(token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether old and new would have the same name: then the old one has to go first."""
    naming = NAMES.get(token)
    return naming is not None and naming.of(old) is not None and naming.of(old) == naming.of(new)
