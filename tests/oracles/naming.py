"""Physical names: which inputs make them, and within what they have to be unique."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Naming:
    """How resources of one type are named.

    Attributes:
        parts: inputs that together are the name; the last one is the provider's to make up.
        space: within what it is unique: another name there is a collision.
        before: whether the parts before the last may be left out.
    """

    parts: tuple[str, ...]
    space: str
    before: str = ""

    def of(self, inputs: Mapping[str, Any]) -> str | None:
        """The name; None: the provider makes one up."""
        values = [inputs.get(part) or self.before for part in self.parts[:-1]]
        last = inputs.get(self.parts[-1])
        return None if last is None else "/".join([*map(str, values), str(last)])

    def __str__(self) -> str:
        return self.parts[-1]


def _one(part: str, space: str) -> Naming:
    return Naming((part,), space)


NAMES: dict[str, Naming] = {
    "aws:appautoscaling/policy:Policy": Naming(("resourceId", "name"), "scaling policy"),
    "aws:appautoscaling/scheduledAction:ScheduledAction": Naming(
        ("resourceId", "name"), "scheduled action"
    ),
    "aws:appautoscaling/target:Target": Naming(
        ("scalableDimension", "resourceId"), "scalable target"
    ),
    "aws:budgets/budget:Budget": _one("name", "budget"),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _one("alarmName", "alarm"),
    "aws:cloudwatch/dashboard:Dashboard": _one("dashboardName", "dashboard"),
    "aws:cloudwatch/eventRule:EventRule": Naming(("eventBusName", "name"), "rule", "default"),
    "aws:cloudwatch/eventTarget:EventTarget": Naming(("rule", "targetId"), "target"),
    "aws:cloudwatch/logGroup:LogGroup": _one("name", "log group"),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": _one("policyName", "log policy"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _one("name", "alarm"),
    "aws:codebuild/project:Project": _one("name", "build project"),
    "aws:ec2/securityGroup:SecurityGroup": Naming(("vpcId", "name"), "security group"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _one("repository", "image lifecycle"),
    "aws:ecr/repository:Repository": _one("name", "repository"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": _one("repository", "repository policy"),
    "aws:iam/policy:Policy": _one("name", "policy"),
    "aws:iam/role:Role": _one("name", "role"),
    "aws:iam/rolePolicy:RolePolicy": Naming(("role", "name"), "role policy"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Naming(
        ("role", "policyArn"), "attachment"
    ),
    "aws:kms/alias:Alias": _one("name", "alias"),
    "aws:kms/keyPolicy:KeyPolicy": _one("keyId", "key policy"),
    "aws:s3/bucket:Bucket": _one("bucket", "bucket"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _one(
        "bucket", "bucket lifecycle"
    ),
    "aws:s3/bucketNotification:BucketNotification": _one("bucket", "bucket notification"),
    "aws:s3/bucketObjectv2:BucketObjectv2": Naming(("bucket", "key"), "object"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _one("bucket", "bucket ownership"),
    "aws:s3/bucketPolicy:BucketPolicy": _one("bucket", "bucket policy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _one("bucket", "public access"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _one(
        "bucket", "bucket encryption"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _one("bucket", "bucket versioning"),
    "aws:sagemaker/endpoint:Endpoint": _one("name", "endpoint"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": _one("name", "endpoint config"),
    "aws:sagemaker/model:Model": _one("name", "model"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": _one(
        "modelPackageGroupName", "package group"
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": _one(
        "modelPackageGroupName", "package group policy"
    ),
    "aws:sagemaker/pipeline:Pipeline": _one("pipelineName", "pipeline"),
    "aws:scheduler/schedule:Schedule": Naming(("groupName", "name"), "schedule", "default"),
    "aws:scheduler/scheduleGroup:ScheduleGroup": _one("name", "schedule group"),
    "aws:secretsmanager/secret:Secret": _one("name", "secret"),
    "aws:sns/topic:Topic": _one("name", "topic"),
    "aws:sns/topicPolicy:TopicPolicy": _one("arn", "topic policy"),
    "aws:sns/topicSubscription:TopicSubscription": Naming(
        ("topic", "protocol", "endpoint"), "subscription"
    ),
    "aws:sqs/queue:Queue": _one("name", "queue"),
}
"""How resources are named, by type token."""
