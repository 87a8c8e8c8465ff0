"""Forms of AWS's identifiers."""

import ipaddress
import re
from typing import Any, TypeGuard

# Partitions are aws, aws-cn, aws-us-gov, …: patterns of botocore's `RoleArn` and others.
_PARTITION = r"arn:aws[a-z-]*"
_REGION = r"[a-z]{2}(-[a-z]+)+-\d"

# KMS Developer Guide, "Key ARN".
KEY_ARN = re.compile(rf"{_PARTITION}:kms:{_REGION}:\d{{12}}:key/[\w-]+")
# IAM User Guide, "IAM ARNs": a policy of an account, or one that AWS manages.
POLICY_ARN = re.compile(rf"{_PARTITION}:iam::(\d{{12}}|aws):policy/[\w+=,.@/-]+")
# EC2 User Guide, "Resource IDs": 8 or 17 hexadecimal digits.
SUBNET = re.compile(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})")
SECURITY_GROUP = re.compile(r"sg-([0-9a-f]{8}|[0-9a-f]{17})")
ACCOUNT = re.compile(r"\d{12}")
# ECR API Reference, `CreateRepository`.
REPOSITORY = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*")
IMAGE = re.compile(
    rf"\d{{12}}\.dkr\.ecr\.{_REGION}\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+@sha256:[0-9a-f]{{64}}"
)
# A part before the @, a domain with a dot after it: what SNS takes as an endpoint of kind e-mail.
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
# Secrets Manager, `CreateSecret`, Name.
SECRET_NAME = re.compile(r"[\w/+=.@-]{1,128}", re.ASCII)
# botocore, `sagemaker.TagKey`: letters, spaces and digits of any script, and these signs.
TAG_TEXT = re.compile(r"[\w\s.:/=+\-@]*")

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_BUCKET_RESERVED = ("xn--", "sthree-", "amzn-s3-demo-")
_BUCKET_RESERVED_END = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def at_key(section: str, key: str) -> str:
    """Path of a value by a free key, as messages write it: `tags.team`, `tags["a.b"]`."""
    plain = bool(key) and not re.search(r"[.\[]", key)
    return f"{section}.{key}" if plain else f'{section}["{key}"]'


def is_text(value: Any) -> TypeGuard[str]:
    """Whether a value can be looked at now; a Pulumi output cannot, and nothing needs no look."""
    return isinstance(value, str)


def is_bucket(name: str) -> bool:
    """Whether S3 takes it as a bucket's name (S3 User Guide, "General purpose bucket naming")."""
    if not _BUCKET.fullmatch(name) or ".." in name:
        return False
    if name.startswith(_BUCKET_RESERVED) or name.endswith(_BUCKET_RESERVED_END):
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return True
    return False


def is_s3_uri(uri: str) -> bool:
    """Whether it is `s3://bucket` or `s3://bucket/key`."""
    scheme, _, rest = uri.partition("://")
    return scheme == "s3" and is_bucket(rest.partition("/")[0])
