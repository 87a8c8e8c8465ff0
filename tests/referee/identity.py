"""What AWS and its provider say of a resource beyond its inputs: ids, ARNs, addresses.

The forms are those of the Service Authorization Reference ("Resource types defined by …") and of
the provider's documentation ("Attribute Reference", "Import").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from tests.oracles.naming import NAMES

ACCOUNT = "123456789012"
REGION = "eu-central-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Identity of one resource.

    Attributes:
        id: the provider's id.
        outputs: outputs that the inputs do not have.
    """

    id: str
    outputs: Mapping[str, str]


def identity_of(token: str, inputs: Mapping[str, Any], name: str, region: str) -> Identity:
    """Identity of a resource.

    Args:
        token: type token.
        inputs: its inputs, defaults filled in.
        name: logical name, for what has no other.
        region: region of the provider.
    """
    fields = _Fields(token, inputs, name, region)
    form, outputs = FORMS.get(token, ("{unique}", {}))
    return Identity(
        id=form.format_map(fields),
        outputs={key: value.format_map(fields) for key, value in outputs.items()},
    )


class _Fields(dict[str, str]):
    """What a form may name: inputs, and what is made of them."""

    def __init__(self, token: str, inputs: Mapping[str, Any], name: str, region: str) -> None:
        super().__init__({key: value for key, value in inputs.items() if isinstance(value, str)})
        naming = NAMES.get(token)
        physical = inputs.get(naming.parts[-1]) if naming else None
        self["name"] = str(physical or inputs.get("name") or name)
        self["lower"] = self["name"].lower()
        self["unique"] = sha256(f"{token}/{self['name']}/{name}".encode()).hexdigest()[:17]
        self["six"] = self["unique"][:6]
        self["uuid"] = f"{self['unique'][:8]}-0000-4000-8000-{self['unique'][:12]}"
        self["region"], self["account"] = region, ACCOUNT
        self["here"] = f"{region}:{ACCOUNT}"
        self.setdefault("path", "/")
        self.setdefault("groupName", "default")
        bus = self.get("eventBusName", "default")
        self["bus"] = "" if bus == "default" else f"{bus}/"

    def __missing__(self, key: str) -> str:
        return ""


_BUCKET_PART = ("{bucket}", {})
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "aws:appautoscaling/policy:Policy": (
        "{name}",
        {"arn": "arn:aws:autoscaling:{here}:scalingPolicy:{uuid}:policyName/{name}"},
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": (
        "{name}-sagemaker-{resourceId}",
        {"arn": "arn:aws:autoscaling:{here}:scheduledAction:{uuid}:scheduledActionName/{name}"},
    ),
    "aws:appautoscaling/target:Target": (
        "{resourceId}",
        {"arn": "arn:aws:application-autoscaling:{here}:scalable-target/{unique}"},
    ),
    "aws:budgets/budget:Budget": (
        "{account}:{name}",
        {"arn": "arn:aws:budgets::{account}:budget/{name}", "accountId": "{account}"},
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (
        "{name}",
        {"arn": "arn:aws:cloudwatch:{here}:alarm:{name}"},
    ),
    "aws:cloudwatch/dashboard:Dashboard": (
        "{name}",
        {"dashboardArn": "arn:aws:cloudwatch::{account}:dashboard/{name}"},
    ),
    "aws:cloudwatch/eventRule:EventRule": (
        "{name}",
        {"arn": "arn:aws:events:{here}:rule/{bus}{name}"},
    ),
    "aws:cloudwatch/eventTarget:EventTarget": ("{rule}-{targetId}", {}),
    "aws:cloudwatch/logGroup:LogGroup": (
        "{name}",
        {"arn": "arn:aws:logs:{here}:log-group:{name}"},
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ("{name}", {}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        "{name}",
        {"arn": "arn:aws:cloudwatch:{here}:alarm:{name}"},
    ),
    "aws:codebuild/project:Project": (
        "arn:aws:codebuild:{here}:project/{name}",
        {"arn": "arn:aws:codebuild:{here}:project/{name}"},
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        "sg-{unique}",
        {"arn": "arn:aws:ec2:{here}:security-group/sg-{unique}", "ownerId": "{account}"},
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        "vpce-{unique}",
        {"arn": "arn:aws:ec2:{here}:vpc-endpoint/vpce-{unique}", "state": "available"},
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("{repository}", {"registryId": "{account}"}),
    "aws:ecr/repository:Repository": (
        "{name}",
        {
            "arn": "arn:aws:ecr:{here}:repository/{name}",
            "registryId": "{account}",
            "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        },
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("{repository}", {"registryId": "{account}"}),
    "aws:iam/policy:Policy": (
        "arn:aws:iam::{account}:policy{path}{name}",
        {"arn": "arn:aws:iam::{account}:policy{path}{name}"},
    ),
    "aws:iam/role:Role": (
        "{name}",
        {"arn": "arn:aws:iam::{account}:role{path}{name}", "uniqueId": "AROA{unique}"},
    ),
    "aws:iam/rolePolicy:RolePolicy": ("{role}:{name}", {}),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("{role}/{policyArn}", {}),
    "aws:kms/alias:Alias": ("{name}", {"arn": "arn:aws:kms:{here}:{name}"}),
    "aws:kms/key:Key": ("{uuid}", {"arn": "arn:aws:kms:{here}:key/{uuid}", "keyId": "{uuid}"}),
    "aws:kms/keyPolicy:KeyPolicy": ("{keyId}", {}),
    "aws:s3/bucket:Bucket": (
        "{name}",
        {
            "arn": "arn:aws:s3:::{name}",
            "bucketDomainName": "{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{name}.s3.{region}.amazonaws.com",
            "bucketRegion": "{region}",
        },
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _BUCKET_PART,
    "aws:s3/bucketNotification:BucketNotification": _BUCKET_PART,
    "aws:s3/bucketObjectv2:BucketObjectv2": (
        "{key}",
        {"arn": "arn:aws:s3:::{bucket}/{key}", "etag": "{unique}"},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _BUCKET_PART,
    "aws:s3/bucketPolicy:BucketPolicy": _BUCKET_PART,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _BUCKET_PART,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _BUCKET_PART
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _BUCKET_PART,
    "aws:sagemaker/endpoint:Endpoint": (
        "{name}",
        {"arn": "arn:aws:sagemaker:{here}:endpoint/{lower}"},
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": (
        "{name}",
        {"arn": "arn:aws:sagemaker:{here}:endpoint-config/{lower}"},
    ),
    "aws:sagemaker/model:Model": (
        "{name}",
        {"arn": "arn:aws:sagemaker:{here}:model/{lower}"},
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": (
        "{name}",
        {"arn": "arn:aws:sagemaker:{here}:model-package-group/{name}"},
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": ("{name}", {}),
    "aws:sagemaker/pipeline:Pipeline": (
        "{name}",
        {"arn": "arn:aws:sagemaker:{here}:pipeline/{name}"},
    ),
    "aws:scheduler/schedule:Schedule": (
        "{groupName}/{name}",
        {"arn": "arn:aws:scheduler:{here}:schedule/{groupName}/{name}"},
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": (
        "{name}",
        {"arn": "arn:aws:scheduler:{here}:schedule-group/{name}", "state": "ACTIVE"},
    ),
    "aws:secretsmanager/secret:Secret": (
        "arn:aws:secretsmanager:{here}:secret:{name}-{six}",
        {"arn": "arn:aws:secretsmanager:{here}:secret:{name}-{six}"},
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (
        "{secretId}|{uuid}",
        {"arn": "{secretId}", "versionId": "{uuid}"},
    ),
    "aws:sns/topic:Topic": (
        "arn:aws:sns:{here}:{name}",
        {"arn": "arn:aws:sns:{here}:{name}", "owner": "{account}"},
    ),
    "aws:sns/topicPolicy:TopicPolicy": ("{name}", {"owner": "{account}"}),
    "aws:sns/topicSubscription:TopicSubscription": (
        "{topic}:{uuid}",
        {"arn": "{topic}:{uuid}", "ownerId": "{account}"},
    ),
    "aws:sqs/queue:Queue": (
        "https://sqs.{region}.amazonaws.com/{account}/{name}",
        {
            "arn": "arn:aws:sqs:{here}:{name}",
            "url": "https://sqs.{region}.amazonaws.com/{account}/{name}",
        },
    ),
}
"""Form of the id, and of outputs, by type token."""
