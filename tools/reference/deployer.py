"""What the identity that runs `pulumi up` has to be allowed, by the type of each resource.

Actions: what Pulumi's AWS provider calls to make, read, change and delete a resource of that type
(its source, terraform-provider-aws, read 2026-11-24), and what our own handlers call; resource
forms: "Actions, resources, and condition keys for AWS services" (read 2026-11-24).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

NAME, REGION, ACCOUNT = "NAME", "REGION", "ACCOUNT"
"""Stand in the policy for `{model}-{stack}`, the region and the account."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one type of resource takes.

    Attributes:
        service: prefix of the actions.
        actions: without the prefix.
        resources: ARN patterns; `*`: the actions know no resource, or one that has no name of ours.
        condition: operator → key → values.
    """

    service: str
    actions: str
    resources: tuple[str, ...]
    condition: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The actions in full, sorted."""
        return tuple(sorted(f"{self.service}:{action}" for action in self.actions.split()))


def _arn(service: str, resource: str, *, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


ROLE_USERS = tuple(
    f"{service}.amazonaws.com" for service in ("codebuild", "events", "sagemaker", "scheduler")
)
"""Services that the stack's roles are for."""
_TAGS = "ListTagsForResource TagResource UntagResource"
_BUCKET = (_arn("s3", f"{NAME}-*", region="", account=""),)
_OBJECTS = (_arn("s3", f"{NAME}-*/*", region="", account=""),)
_ROLES = (_arn("iam", f"role/{NAME}-*", region=""),)
_SAGEMAKER = tuple(
    _arn("sagemaker", f"{kind}/{NAME}*")
    for kind in (
        "endpoint",
        "endpoint-config",
        "inference-component",
        "model",
        "model-card",
        "model-package",
        "model-package-group",
        "pipeline",
    )
)
_ANY = ("*",)

GRANTS: Mapping[str, tuple[Grant, ...]] = {
    "aws:budgets/budget:Budget": (
        Grant(
            "budgets",
            f"ModifyBudget ViewBudget {_TAGS}",
            (_arn("budgets", f"budget/{NAME}", region=""),),
        ),
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (
        Grant(
            "cloudwatch",
            f"PutCompositeAlarm DeleteAlarms {_TAGS}",
            (_arn("cloudwatch", f"alarm:{NAME}-*"),),
        ),
        Grant("cloudwatch", "DescribeAlarms", _ANY),
    ),
    "aws:cloudwatch/dashboard:Dashboard": (
        Grant(
            "cloudwatch",
            "DeleteDashboards GetDashboard PutDashboard",
            (_arn("cloudwatch", f"dashboard/{NAME}*", region=""),),
        ),
    ),
    "aws:cloudwatch/eventRule:EventRule": (
        Grant(
            "events",
            f"DeleteRule DescribeRule PutRule {_TAGS}",
            (_arn("events", f"rule/{NAME}-*"),),
        ),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": (
        Grant(
            "events",
            "ListTargetsByRule PutTargets RemoveTargets",
            (_arn("events", f"rule/{NAME}-*"),),
        ),
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        Grant(
            "logs",
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DisassociateKmsKey "
            f"PutRetentionPolicy {_TAGS}",
            (
                _arn("logs", f"log-group:/aws/sagemaker/*/{NAME}*"),
                _arn("logs", f"log-group:/aws/codebuild/{NAME}*"),
            ),
        ),
        Grant("logs", "DescribeLogGroups", _ANY),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        Grant(
            "cloudwatch",
            f"PutMetricAlarm DeleteAlarms {_TAGS}",
            (_arn("cloudwatch", f"alarm:{NAME}-*"),),
        ),
        Grant("cloudwatch", "DescribeAlarms", _ANY),
    ),
    "aws:codebuild/project:Project": (
        Grant(
            "codebuild",
            "BatchGetProjects CreateProject DeleteProject UpdateProject",
            (_arn("codebuild", f"project/{NAME}-*"),),
        ),
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        Grant(
            "ec2",
            "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateSecurityGroup "
            "CreateTags DeleteSecurityGroup DeleteTags "
            "RevokeSecurityGroupEgress RevokeSecurityGroupIngress",
            (_arn("ec2", "security-group/*"), _arn("ec2", "vpc/*")),
        ),
        Grant("ec2", "DescribeNetworkInterfaces DescribeSecurityGroups", _ANY),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        Grant(
            "ec2",
            "CreateTags CreateVpcEndpoint DeleteTags DeleteVpcEndpoints ModifyVpcEndpoint",
            tuple(
                _arn("ec2", f"{kind}/*")
                for kind in ("route-table", "security-group", "subnet", "vpc", "vpc-endpoint")
            ),
        ),
        Grant("ec2", "DescribePrefixLists DescribeVpcEndpoints", _ANY),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (
        Grant(
            "ecr",
            "DeleteLifecyclePolicy GetLifecyclePolicy PutLifecyclePolicy",
            (_arn("ecr", f"repository/{NAME}*"),),
        ),
    ),
    "aws:ecr/repository:Repository": (
        Grant(
            "ecr",
            "BatchDeleteImage CreateRepository DeleteRepository DescribeRepositories ListImages "
            f"PutImageScanningConfiguration PutImageTagMutability {_TAGS}",
            (_arn("ecr", f"repository/{NAME}*"),),
        ),
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": (
        Grant(
            "ecr",
            "DeleteRepositoryPolicy GetRepositoryPolicy SetRepositoryPolicy",
            (_arn("ecr", f"repository/{NAME}*"),),
        ),
    ),
    "aws:iam/role:Role": (
        Grant(
            "iam",
            "CreateRole DeleteRole DeleteRolePermissionsBoundary GetRole ListAttachedRolePolicies "
            "ListInstanceProfilesForRole ListRolePolicies PutRolePermissionsBoundary TagRole "
            "UntagRole UpdateAssumeRolePolicy UpdateRole",
            _ROLES,
        ),
        Grant(
            "iam", "PassRole", _ROLES, {"StringEquals": {"iam:PassedToService": list(ROLE_USERS)}}
        ),
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        Grant("iam", "DeleteRolePolicy GetRolePolicy PutRolePolicy", _ROLES),
    ),
    # A key is called by an id that nobody knows before it is there.
    "aws:kms/key:Key": (
        Grant(
            "kms",
            "DescribeKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags "
            "ScheduleKeyDeletion TagResource UntagResource UpdateKeyDescription",
            (_arn("kms", "key/*"),),
        ),
        Grant("kms", "CreateKey", _ANY),
    ),
    "aws:kms/keyPolicy:KeyPolicy": (
        Grant("kms", "GetKeyPolicy PutKeyPolicy", (_arn("kms", "key/*"),)),
    ),
    "aws:s3/bucket:Bucket": (
        Grant(
            "s3",
            "CreateBucket DeleteBucket GetAccelerateConfiguration GetBucketAcl GetBucketCORS "
            "GetBucketLocation GetBucketLogging GetBucketObjectLockConfiguration GetBucketPolicy "
            "GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite "
            "GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration "
            "ListBucket ListBucketVersions PutBucketTagging",
            _BUCKET,
        ),
        # To read releases and channels, and to empty the bucket when it goes.
        Grant("s3", "DeleteObject DeleteObjectVersion GetObject PutObject", _OBJECTS),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        Grant("s3", "GetLifecycleConfiguration PutLifecycleConfiguration", _BUCKET),
    ),
    "aws:s3/bucketNotification:BucketNotification": (
        Grant("s3", "GetBucketNotification PutBucketNotification", _BUCKET),
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": (
        Grant(
            "s3", "DeleteObject DeleteObjectVersion GetObject GetObjectTagging PutObject", _OBJECTS
        ),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        Grant("s3", "GetBucketOwnershipControls PutBucketOwnershipControls", _BUCKET),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": (
        Grant("s3", "DeleteBucketPolicy GetBucketPolicy PutBucketPolicy", _BUCKET),
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        Grant("s3", "GetBucketPublicAccessBlock PutBucketPublicAccessBlock", _BUCKET),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        Grant("s3", "GetEncryptionConfiguration PutEncryptionConfiguration", _BUCKET),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (
        Grant("s3", "GetBucketVersioning PutBucketVersioning", _BUCKET),
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": (
        Grant(
            "sagemaker",
            "AddTags CreateModelPackageGroup DeleteModelPackageGroup DeleteTags "
            "DescribeModelPackageGroup ListTags",
            _SAGEMAKER,
        ),
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": (
        Grant(
            "sagemaker",
            "DeleteModelPackageGroupPolicy GetModelPackageGroupPolicy PutModelPackageGroupPolicy",
            _SAGEMAKER,
        ),
    ),
    "aws:sagemaker/pipeline:Pipeline": (
        Grant(
            "sagemaker",
            "AddTags CreatePipeline DeletePipeline DeleteTags DescribePipeline ListTags "
            "UpdatePipeline",
            _SAGEMAKER,
        ),
    ),
    "aws:scheduler/schedule:Schedule": (
        Grant(
            "scheduler",
            "CreateSchedule DeleteSchedule GetSchedule UpdateSchedule",
            (_arn("scheduler", f"schedule/default/{NAME}-*"),),
        ),
    ),
    "aws:secretsmanager/secret:Secret": (
        Grant(
            "secretsmanager",
            "CreateSecret DeleteSecret DescribeSecret GetResourcePolicy TagResource UntagResource "
            "UpdateSecret",
            (_arn("secretsmanager", f"secret:{NAME}-*"),),
        ),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (
        Grant(
            "secretsmanager",
            "DescribeSecret GetSecretValue PutSecretValue UpdateSecretVersionStage",
            (_arn("secretsmanager", f"secret:{NAME}-*"),),
        ),
    ),
    "aws:sns/topic:Topic": (
        Grant(
            "sns",
            f"CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes {_TAGS}",
            (_arn("sns", f"{NAME}-alerts"),),
        ),
    ),
    "aws:sns/topicPolicy:TopicPolicy": (
        Grant("sns", "GetTopicAttributes SetTopicAttributes", (_arn("sns", f"{NAME}-alerts"),)),
    ),
    "aws:sns/topicSubscription:TopicSubscription": (
        Grant("sns", "ListSubscriptionsByTopic Subscribe", (_arn("sns", f"{NAME}-alerts"),)),
        Grant("sns", "GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe", _ANY),
    ),
    "trimaran:aws:Endpoint": (
        Grant(
            "sagemaker",
            "AddTags CreateEndpoint CreateEndpointConfig CreateInferenceComponent CreateModel "
            "DeleteEndpoint DeleteEndpointConfig DeleteInferenceComponent DeleteModel DeleteTags "
            "DescribeEndpoint DescribeEndpointConfig DescribeInferenceComponent DescribeModel "
            "InvokeEndpoint InvokeEndpointAsync ListTags UpdateEndpoint "
            "UpdateEndpointWeightsAndCapacities UpdateInferenceComponent",
            _SAGEMAKER,
        ),
        Grant("sagemaker", "ListEndpointConfigs ListInferenceComponents ListModels", _ANY),
        Grant(
            "application-autoscaling",
            "DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget "
            "DescribeScalableTargets DescribeScalingPolicies DescribeScheduledActions "
            "PutScalingPolicy PutScheduledAction RegisterScalableTarget TagResource",
            _ANY,
        ),
        # Application Auto Scaling makes its own role for SageMaker, once per account.
        Grant(
            "iam",
            "CreateServiceLinkedRole",
            (
                _arn(
                    "iam",
                    "role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*",
                    region="",
                ),
            ),
        ),
        Grant("cloudwatch", "DescribeAlarms", _ANY),
    ),
    "trimaran:aws:ImageBuild": (
        Grant(
            "codebuild",
            "BatchGetBuilds ListBuildsForProject StartBuild StopBuild",
            (_arn("codebuild", f"project/{NAME}-*"),),
        ),
        Grant(
            "ecr",
            "BatchDeleteImage DescribeImages DescribeRepositories",
            (_arn("ecr", f"repository/{NAME}*"),),
        ),
        Grant("logs", "GetLogEvents", (_arn("logs", f"log-group:/aws/codebuild/{NAME}*"),)),
        Grant("s3", "DeleteObject GetObject PutObject", _OBJECTS),
    ),
    "trimaran:aws:ModelRegistry": (
        Grant(
            "sagemaker",
            "CreateModelCard CreateModelPackage DeleteModelCard DeleteModelPackage "
            "DescribeModelCard DescribeModelPackage UpdateModelCard UpdateModelPackage",
            _SAGEMAKER,
        ),
        Grant("sagemaker", "ListModelPackages", _ANY),
    ),
    "trimaran:aws:PipelineRun": (
        Grant(
            "sagemaker",
            "DescribePipeline DescribePipelineExecution ListPipelineExecutions "
            "ListPipelineExecutionSteps StartPipelineExecution StopPipelineExecution",
            _SAGEMAKER,
        ),
    ),
    "trimaran:aws:Subnets": (Grant("ec2", "DescribeRouteTables DescribeSubnets", _ANY),),
}
"""By type token."""


COMMAND: tuple[Grant, ...] = (
    Grant(
        "sagemaker",
        "DescribeEndpoint DescribePipeline DescribePipelineExecution ListPipelineExecutions "
        "ListPipelineExecutionSteps StartPipelineExecution",
        _SAGEMAKER,
    ),
    Grant("cloudwatch", "DescribeAlarms GetMetricData", _ANY),
    Grant(
        "logs",
        "DescribeLogStreams FilterLogEvents",
        (_arn("logs", "log-group:/aws/sagemaker/*Jobs*"),),
    ),
    Grant("s3", "ListBucket", _BUCKET),
    Grant("s3", "GetObject PutObject", _OBJECTS),
)
"""What `trimaran status`, `runs`, `logs`, `run`, `monitor`, `approve` and `rollback` call."""


def deployer_policy(types: Iterable[str]) -> dict[str, Any]:
    """An IAM policy that allows making, reading, changing and deleting resources of these types.

    Args:
        types: type tokens.

    Raises:
        KeyError: nothing is known of a type.
    """
    return policy_of(grant for token in types for grant in GRANTS[token])


def policy_of(grants: Iterable[Grant]) -> dict[str, Any]:
    """The policy that grants make together: one statement for the same resources."""
    merged: dict[tuple[str, tuple[str, ...], str], set[str]] = {}
    for grant in grants:
        condition = json.dumps(grant.condition, sort_keys=True)
        merged.setdefault((grant.service, grant.resources, condition), set()).update(grant.names)
    statements = []
    for (_, resources, condition), actions in sorted(merged.items()):
        statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
        if condition != "{}":
            statement["Condition"] = json.loads(condition)
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}
