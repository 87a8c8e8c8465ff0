"""Limits of what all components of a stack share: image, network, key, identity, tags, budget."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from trimaran_providers.aws.limits.identifiers import (
    IMAGE,
    KEY_ARN,
    POLICY_ARN,
    REPOSITORY,
    SECRET_NAME,
    SECURITY_GROUP,
    SUBNET,
    TAG_TEXT,
    at_key,
    is_text,
)
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.spec import NetworkSpec, PlatformSpec

# botocore, `sagemaker.VpcConfig`: Subnets at most 16, VpcSecurityGroupIds at most 5, both needed.
_SUBNETS = 16
_SECURITY_GROUPS = 5
# botocore, `sagemaker.TagList`, `TagKey`, `TagValue`, the same for the other services: 50 tags, of
# which one names the stack.
_TAGS = 49
_RESERVED = ("aws:", "trimaran:")
_TAG_KEY = 128
_TAG_VALUE = 256
# botocore, `sagemaker.ContainerImage`, `ecr.RepositoryName`.
_IMAGE = 255
_REPOSITORY = 256
# botocore, `budgets.NotificationWithSubscribersList`.
_NOTIFICATIONS = 10


def platform_problems(platform: PlatformSpec) -> Iterator[Problem]:
    """What AWS cannot do of the shared sections."""
    yield from _image(platform)
    for name in platform.secrets:
        if not SECRET_NAME.fullmatch(name):
            yield Problem(
                path=at_key("secrets", name),
                what=f"{name!r} is no name of a secret",
                allowed="at most 128 letters, digits and /_+=.@-",
            )
    yield from _network(platform.network)
    yield from _key(platform)
    yield from _tags(platform.tags)
    if platform.budget is not None and len(platform.budget.notify_percent) > _NOTIFICATIONS:
        yield Problem(
            path="budget.notify_percent",
            what=f"{len(platform.budget.notify_percent)} notifications",
            allowed=f"at most {_NOTIFICATIONS} for one budget",
        )


def _image(platform: PlatformSpec) -> Iterator[Problem]:
    uri, repository = platform.image.uri, platform.image.repository
    # Empty is what a store without an image hands on; there is then nothing to look at.
    if is_text(uri) and uri and not (IMAGE.fullmatch(uri) and len(uri) <= _IMAGE):
        yield Problem(
            path="image.uri",
            what=f"{uri!r} is no image of ECR by digest",
            allowed="ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:64 hexadecimal digits",
        )
    if repository is not None and not (
        REPOSITORY.fullmatch(repository) and 2 <= len(repository) <= _REPOSITORY
    ):
        yield Problem(
            path="image.repository",
            what=f"{repository!r} is no name of an ECR repository",
            allowed="2 to 256 lower-case letters and digits, parted by . _ - /",
        )


def _network(network: NetworkSpec) -> Iterator[Problem]:
    if network.private and not network.subnets:
        yield Problem(
            path="network.private",
            what="needs subnets: SageMaker puts jobs and servers into yours",
            allowed="network.subnets, ids of private subnets",
        )
    if network.security_groups and not network.subnets:
        yield Problem(
            path="network.security_groups",
            what="given without subnets, which they would apply in",
            allowed="network.subnets beside them",
        )
    yield from _ids("network.subnets", network.subnets, SUBNET, _SUBNETS)
    yield from _ids(
        "network.security_groups", network.security_groups, SECURITY_GROUP, _SECURITY_GROUPS
    )


def _ids(path: str, given: Sequence[Any], form: re.Pattern[str], most: int) -> Iterator[Problem]:
    if len(given) > most:
        yield Problem(path=path, what=f"{len(given)} of them", allowed=f"at most {most}")
    for position, value in enumerate(given):
        if is_text(value) and not form.fullmatch(value):
            example = f"{form.pattern.partition('(')[0]}0a1b2c3d4e5f67890"
            yield Problem(
                path=f"{path}[{position}]",
                what=f"{value!r} is no id of one",
                allowed=f"like {example}",
            )


def _key(platform: PlatformSpec) -> Iterator[Problem]:
    key = platform.encryption.key if platform.encryption else None
    # Roles are allowed the key by its ARN; an alias in a policy's resource allows nothing (KMS
    # Developer Guide, "Using aliases to control access to KMS keys").
    if is_text(key) and not KEY_ARN.fullmatch(key):
        yield Problem(
            path="encryption.key",
            what=f"{key!r} is no ARN of a KMS key",
            allowed="arn:aws:kms:REGION:ACCOUNT:key/ID; the key's own ARN, not an alias",
        )
    boundary = platform.identity.permissions_boundary
    if is_text(boundary) and not POLICY_ARN.fullmatch(boundary):
        yield Problem(
            path="identity.permissions_boundary",
            what=f"{boundary!r} is no ARN of a policy",
            allowed="arn:aws:iam::ACCOUNT:policy/NAME",
        )


def _tags(tags: dict[str, str]) -> Iterator[Problem]:
    if len(tags) > _TAGS:
        yield Problem(path="tags", what=f"{len(tags)} tags", allowed=f"at most {_TAGS}")
    for key, value in tags.items():
        path = at_key("tags", key)
        if key.lower().startswith(_RESERVED):
            prefix = key.partition(":")[0]
            yield Problem(
                path=path,
                what=f"{prefix}: is reserved for tags that {prefix} gives",
                allowed="another key",
            )
        elif not 1 <= len(key) <= _TAG_KEY:
            yield Problem(
                path=path,
                what=f"a key of {len(key)} characters",
                allowed=f"1 to {_TAG_KEY} characters",
            )
        elif not TAG_TEXT.fullmatch(key):
            yield Problem(
                path=path,
                what=f"the key {key!r} holds a character that tags cannot",
                allowed="letters, digits, spaces and .:/=+-@_",
            )
        if len(value) > _TAG_VALUE:
            yield Problem(
                path=path,
                what=f"a value of {len(value)} characters",
                allowed=f"at most {_TAG_VALUE} characters",
            )
        elif not TAG_TEXT.fullmatch(value):
            yield Problem(
                path=path,
                what=f"the value {value!r} holds a character that tags cannot",
                allowed="letters, digits, spaces and .:/=+-@_",
            )
