"""What Pulumi's AWS provider calls, by the type of the resource.

To make, read, change and delete one of that type (its source, terraform-provider-aws, read
2026-11-24).
"""

from collections.abc import Mapping

from tools.reference.grant import (
    ANY,
    BUCKET,
    NAME,
    OBJECTS,
    ROLE_USERS,
    ROLES,
    SAGEMAKER,
    TAGS,
    Grant,
    arn,
)

PROVIDER: Mapping[str, tuple[Grant, ...]] = {
    "aws:budgets/budget:Budget": (
        Grant(
            "budgets",
            f"ModifyBudget ViewBudget {TAGS}",
            (arn("budgets", f"budget/{NAME}", region=""),),
        ),
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (
        Grant(
            "cloudwatch",
            f"PutCompositeAlarm DeleteAlarms {TAGS}",
            (arn("cloudwatch", f"alarm:{NAME}-*"),),
        ),
        Grant("cloudwatch", "DescribeAlarms", ANY),
    ),
    "aws:cloudwatch/dashboard:Dashboard": (
        Grant(
            "cloudwatch",
            "DeleteDashboards GetDashboard PutDashboard",
            (arn("cloudwatch", f"dashboard/{NAME}*", region=""),),
        ),
    ),
    "aws:cloudwatch/eventRule:EventRule": (
        Grant(
            "events",
            f"DeleteRule DescribeRule PutRule {TAGS}",
            (arn("events", f"rule/{NAME}-*"),),
        ),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": (
        Grant(
            "events",
            "ListTargetsByRule PutTargets RemoveTargets",
            (arn("events", f"rule/{NAME}-*"),),
        ),
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        Grant(
            "logs",
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DisassociateKmsKey "
            f"PutRetentionPolicy {TAGS}",
            (
                arn("logs", f"log-group:/aws/sagemaker/*/{NAME}*"),
                arn("logs", f"log-group:/aws/codebuild/{NAME}*"),
            ),
        ),
        Grant("logs", "DescribeLogGroups", ANY),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        Grant(
            "cloudwatch",
            f"PutMetricAlarm DeleteAlarms {TAGS}",
            (arn("cloudwatch", f"alarm:{NAME}-*"),),
        ),
        Grant("cloudwatch", "DescribeAlarms", ANY),
    ),
    "aws:codebuild/project:Project": (
        Grant(
            "codebuild",
            "BatchGetProjects CreateProject DeleteProject UpdateProject",
            (arn("codebuild", f"project/{NAME}-*"),),
        ),
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        Grant(
            "ec2",
            "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateSecurityGroup "
            "CreateTags DeleteSecurityGroup DeleteTags "
            "RevokeSecurityGroupEgress RevokeSecurityGroupIngress",
            (arn("ec2", "security-group/*"), arn("ec2", "vpc/*")),
        ),
        Grant("ec2", "DescribeNetworkInterfaces DescribeSecurityGroups", ANY),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        Grant(
            "ec2",
            "CreateTags CreateVpcEndpoint DeleteTags DeleteVpcEndpoints ModifyVpcEndpoint",
            tuple(
                arn("ec2", f"{kind}/*")
                for kind in ("route-table", "security-group", "subnet", "vpc", "vpc-endpoint")
            ),
        ),
        Grant("ec2", "DescribePrefixLists DescribeVpcEndpoints", ANY),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (
        Grant(
            "ecr",
            "DeleteLifecyclePolicy GetLifecyclePolicy PutLifecyclePolicy",
            (arn("ecr", f"repository/{NAME}*"),),
        ),
    ),
    "aws:ecr/repository:Repository": (
        Grant(
            "ecr",
            "BatchDeleteImage CreateRepository DeleteRepository DescribeRepositories ListImages "
            f"PutImageScanningConfiguration PutImageTagMutability {TAGS}",
            (arn("ecr", f"repository/{NAME}*"),),
        ),
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": (
        Grant(
            "ecr",
            "DeleteRepositoryPolicy GetRepositoryPolicy SetRepositoryPolicy",
            (arn("ecr", f"repository/{NAME}*"),),
        ),
    ),
    "aws:iam/role:Role": (
        Grant(
            "iam",
            "CreateRole DeleteRole DeleteRolePermissionsBoundary GetRole ListAttachedRolePolicies "
            "ListInstanceProfilesForRole ListRolePolicies PutRolePermissionsBoundary TagRole "
            "UntagRole UpdateAssumeRolePolicy UpdateRole",
            ROLES,
        ),
        Grant(
            "iam", "PassRole", ROLES, {"StringEquals": {"iam:PassedToService": list(ROLE_USERS)}}
        ),
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        Grant("iam", "DeleteRolePolicy GetRolePolicy PutRolePolicy", ROLES),
    ),
    # A key is called by an id that nobody knows before it is there.
    "aws:kms/key:Key": (
        Grant(
            "kms",
            "DescribeKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags "
            "ScheduleKeyDeletion TagResource UntagResource UpdateKeyDescription",
            (arn("kms", "key/*"),),
        ),
        Grant("kms", "CreateKey", ANY),
    ),
    "aws:kms/keyPolicy:KeyPolicy": (
        Grant("kms", "GetKeyPolicy PutKeyPolicy", (arn("kms", "key/*"),)),
    ),
    "aws:s3/bucket:Bucket": (
        Grant(
            "s3",
            "CreateBucket DeleteBucket GetAccelerateConfiguration GetBucketAcl GetBucketCORS "
            "GetBucketLocation GetBucketLogging GetBucketObjectLockConfiguration GetBucketPolicy "
            "GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite "
            "GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration "
            "ListBucket ListBucketVersions PutBucketTagging",
            BUCKET,
        ),
        # To read releases and channels, and to empty the bucket when it goes.
        Grant("s3", "DeleteObject DeleteObjectVersion GetObject PutObject", OBJECTS),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        Grant("s3", "GetLifecycleConfiguration PutLifecycleConfiguration", BUCKET),
    ),
    "aws:s3/bucketNotification:BucketNotification": (
        Grant("s3", "GetBucketNotification PutBucketNotification", BUCKET),
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": (
        Grant(
            "s3", "DeleteObject DeleteObjectVersion GetObject GetObjectTagging PutObject", OBJECTS
        ),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        Grant("s3", "GetBucketOwnershipControls PutBucketOwnershipControls", BUCKET),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": (
        Grant("s3", "DeleteBucketPolicy GetBucketPolicy PutBucketPolicy", BUCKET),
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        Grant("s3", "GetBucketPublicAccessBlock PutBucketPublicAccessBlock", BUCKET),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        Grant("s3", "GetEncryptionConfiguration PutEncryptionConfiguration", BUCKET),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (
        Grant("s3", "GetBucketVersioning PutBucketVersioning", BUCKET),
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": (
        Grant(
            "sagemaker",
            "AddTags CreateModelPackageGroup DeleteModelPackageGroup DeleteTags "
            "DescribeModelPackageGroup ListTags",
            SAGEMAKER,
        ),
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": (
        Grant(
            "sagemaker",
            "DeleteModelPackageGroupPolicy GetModelPackageGroupPolicy PutModelPackageGroupPolicy",
            SAGEMAKER,
        ),
    ),
    "aws:sagemaker/pipeline:Pipeline": (
        Grant(
            "sagemaker",
            "AddTags CreatePipeline DeletePipeline DeleteTags DescribePipeline ListTags "
            "UpdatePipeline",
            SAGEMAKER,
        ),
    ),
    "aws:scheduler/schedule:Schedule": (
        Grant(
            "scheduler",
            "CreateSchedule DeleteSchedule GetSchedule UpdateSchedule",
            (arn("scheduler", f"schedule/default/{NAME}-*"),),
        ),
    ),
    "aws:secretsmanager/secret:Secret": (
        Grant(
            "secretsmanager",
            "CreateSecret DeleteSecret DescribeSecret GetResourcePolicy TagResource UntagResource "
            "UpdateSecret",
            (arn("secretsmanager", f"secret:{NAME}-*"),),
        ),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (
        Grant(
            "secretsmanager",
            "DescribeSecret GetSecretValue PutSecretValue UpdateSecretVersionStage",
            (arn("secretsmanager", f"secret:{NAME}-*"),),
        ),
    ),
    "aws:sns/topic:Topic": (
        Grant(
            "sns",
            f"CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes {TAGS}",
            (arn("sns", f"{NAME}-alerts"),),
        ),
    ),
    "aws:sns/topicPolicy:TopicPolicy": (
        Grant("sns", "GetTopicAttributes SetTopicAttributes", (arn("sns", f"{NAME}-alerts"),)),
    ),
    "aws:sns/topicSubscription:TopicSubscription": (
        Grant("sns", "ListSubscriptionsByTopic Subscribe", (arn("sns", f"{NAME}-alerts"),)),
        Grant("sns", "GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe", ANY),
    ),
}
"""By type token."""
