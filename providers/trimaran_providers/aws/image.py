"""The image of steps and server: a given one, or built in the account from the project's lock."""

import json
from typing import TYPE_CHECKING, Any

import pulumi

from trimaran_providers.aws.account import configured_account
from trimaran_providers.aws.bucket import Bucket, partition
from trimaran_providers.aws.handlers.image_build import ImageBuildOutputs
from trimaran_providers.aws.key import key_of, key_statements
from trimaran_providers.aws.logs import LogGroup, render_log_group
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.policy import Statement, policy_json
from trimaran_providers.aws.role import Role, render_role
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.spec import StoreSpec
from trimaran_providers.plugin.resource import PluginResource
from trimaran_providers.project.image import STEPS, image_context
from trimaran_providers.project.lock import Lock, read_lock

if TYPE_CHECKING:
    from pulumi_aws import codebuild

KEPT_IMAGES = 100
"""Newest images that stay; a release older than so many images cannot be served again."""
_UNTAGGED_DAYS = 14
# Docker 24 and Python on Amazon's build image, x86-64 as SageMaker's default instances are
# (CodeBuild User Guide, "Docker images provided by CodeBuild", read 2026-11-24).
_BUILD_IMAGE = "aws/codebuild/standard:7.0"
_COMPUTE = "BUILD_GENERAL1_MEDIUM"
_TIMEOUT_MINUTES = 60
# SageMaker refuses OCI manifests ("Unsupported manifest media type", aws/amazon-sagemaker-feedback
# issue 180, open on 2026-11-24), which Docker writes as soon as a provenance record is attached.
BUILDSPEC = f"""\
version: 0.2
phases:
  pre_build:
    commands:
      - >-
        aws ecr get-login-password --region "$AWS_REGION"
        | docker login --username AWS --password-stdin "${{REPOSITORY_URI%%/*}}"
  build:
    commands:
      - >-
        docker buildx build --pull --target {STEPS} --platform linux/amd64 --provenance=false
        --output type=docker --tag "$REPOSITORY_URI:$IMAGE_TAG" .
      - docker push "$REPOSITORY_URI:$IMAGE_TAG"
"""
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_PUSH = (
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)


def image_lock(context: Context) -> Lock | None:
    """The lock file that the image is built from; None: the spec gives an image.

    Raises:
        ProjectError: the project's lock file does not do for an image.
    """
    image = context.platform.image
    return read_lock(context.project_directory, image.lock, "aws") if image.uri is None else None


def render_image(
    context: Context, spec: StoreSpec, bucket: Bucket, lock: Lock | None
) -> tuple[pulumi.Output[str], tuple[pulumi.Resource, ...]]:
    """The image by digest, and what it took to make it; nothing where the spec gives an image.

    Args:
        context: where the component stands.
        spec: the store, for the accounts that may pull and for what outlives the stack.
        bucket: takes what an image is built from.
        lock: from `image_lock`.
    """
    given = context.platform.image
    if lock is None:
        return pulumi.Output.from_input(given.uri or ""), ()
    repository: pulumi.Input[str]
    if given.repository is not None:
        repository, made = given.repository, ()
        repository_arn: pulumi.Input[str] = (
            f"arn:{partition()}:ecr:*:*:repository/{given.repository}"
        )
    else:
        own = _repository(context, spec)
        repository, repository_arn, made = own[0].name, own[0].arn, own
    project, around = _project(context, bucket, repository_arn)
    build = PluginResource(
        "trimaran:aws:ImageBuild",
        f"{context.name}-image",
        {
            "account": configured_account(),
            "store_uri": bucket.uri,
            "project": project,
            "repository": repository,
            "lock": lock.text,
            "tag": image_context(lock.text).tag,
        },
        ImageBuildOutputs,
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=[*made, *around]),
    )
    return build.output("image"), (*made, *around, build)


def _repository(context: Context, spec: StoreSpec) -> tuple[Any, ...]:
    """The repository, and its policies."""
    from pulumi_aws import ecr

    options = pulumi.ResourceOptions(parent=context.parent, retain_on_delete=spec.keep_on_destroy)
    key = key_of(context)
    repository = ecr.Repository(
        f"{context.name}-images",
        name=Names.of(context).named().lower(),
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[
            {"encryption_type": "AES256"}
            if key is None
            else {"encryption_type": "KMS", "kms_key": key}
        ],
        force_delete=not spec.keep_on_destroy,
        tags=tags_of(context),
        opts=options,
    )
    made: list[Any] = [repository]
    made.append(
        ecr.LifecyclePolicy(
            f"{context.name}-images-lifecycle",
            repository=repository.name,
            policy=json.dumps(image_lifecycle(), sort_keys=True),
            opts=options,
        )
    )
    if spec.share_with:
        made.append(
            ecr.RepositoryPolicy(
                f"{context.name}-images-policy",
                repository=repository.name,
                policy=policy_json([pull_statement(spec.share_with)]),
                opts=options,
            )
        )
    return tuple(made)


def image_lifecycle() -> dict[str, Any]:
    """Which images go: those without a tag, and the oldest beyond `KEPT_IMAGES`.

    ECR User Guide, "Lifecycle policy properties", read 2026-11-24.
    """
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"without a tag, after {_UNTAGGED_DAYS} days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": _UNTAGGED_DAYS,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": f"all but the newest {KEPT_IMAGES}",
                "selection": {
                    "tagStatus": "any",
                    "countType": "imageCountMoreThan",
                    "countNumber": KEPT_IMAGES,
                },
                "action": {"type": "expire"},
            },
        ]
    }


def pull_statement(accounts: tuple[str, ...]) -> Statement:
    """Other accounts may pull; a repository's policy names no resource, it is the repository's."""
    return Statement(
        sid="PullReleases",
        actions=_PULL,
        principal={"AWS": [f"arn:{partition()}:iam::{account}:root" for account in accounts]},
    )


def _project(
    context: Context, bucket: Bucket, repository_arn: pulumi.Input[str]
) -> tuple[pulumi.Output[str], tuple[pulumi.Resource, ...]]:
    """The build project's name, and the project with its role and log."""
    from pulumi_aws import codebuild

    name = Names.of(context).named("image")
    logs = render_log_group(context, "image", f"/aws/codebuild/{name}")
    role = render_role(
        context,
        "image",
        "codebuild.amazonaws.com",
        build_statements(context, bucket, repository_arn, logs),
    )
    project = codebuild.Project(
        f"{context.name}-image-project",
        name=name,
        description=f"Builds the image of {Names.of(context).base}",
        service_role=role.arn,
        encryption_key=key_of(context),
        artifacts={"type": "NO_ARTIFACTS"},
        source={
            "type": "S3",
            # Every build names its own archive in here.
            "location": pulumi.Output.concat(bucket.name, "/", bucket.key_of("images/")),
            "buildspec": BUILDSPEC,
        },
        environment=_environment(),
        logs_config={"cloudwatch_logs": {"status": "ENABLED", "group_name": logs.name}},
        build_timeout=_TIMEOUT_MINUTES,
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(
            parent=context.parent, depends_on=[*role.resources, *logs.resources]
        ),
    )
    return project.name, _all(role, logs, project)


def _environment() -> "codebuild.ProjectEnvironmentArgsDict":
    return {
        "type": "LINUX_CONTAINER",
        "compute_type": _COMPUTE,
        "image": _BUILD_IMAGE,
        # Docker runs inside the build; it can reach nothing but what its role may.
        "privileged_mode": True,
    }


def _all(role: Role, logs: LogGroup, project: pulumi.Resource) -> tuple[pulumi.Resource, ...]:
    return (*role.resources, *logs.resources, project)


def build_statements(
    context: Context, bucket: Bucket, repository_arn: pulumi.Input[str], logs: LogGroup
) -> tuple[Statement, ...]:
    """What a build may do: read its archive, write its log, push to the one repository."""
    return (
        Statement(
            sid="WriteLog",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[pulumi.Output.concat(logs.arn, ":log-stream:*")],
        ),
        Statement(
            sid="ReadBuildContext",
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[bucket.objects_arn_of("images/*")],
        ),
        Statement(
            sid="FindBucket",
            actions=["s3:GetBucketAcl", "s3:GetBucketLocation"],
            resources=[bucket.arn],
        ),
        Statement(sid="PushImage", actions=[*_PULL, *_PUSH], resources=[repository_arn]),
        Statement(
            sid="LogInToRegistry",
            actions=["ecr:GetAuthorizationToken"],
            resources=["*"],
            why_any="the action is on no resource (Service Authorization Reference, Amazon ECR)",
        ),
        *key_statements(context),
    )
