"""The store's bucket, as its URI tells it: `s3://bucket` or `s3://bucket/prefix`."""

import os
from dataclasses import dataclass

import pulumi

from trimaran_providers.aws.account import configured_account

_SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and the folder in it that the store fills.

    Attributes:
        uri: URI of the store, no slash at its end.
        name: name of the bucket.
        prefix: folder of the store in the bucket, no slash at either end; empty: the bucket.
        arn: ARN of the bucket, for what is asked of the bucket itself, `s3:ListBucket`.
        objects_arn: ARN pattern of the store's objects, `s3:GetObject` and the like.
    """

    uri: pulumi.Output[str]
    name: pulumi.Output[str]
    prefix: pulumi.Output[str]
    arn: pulumi.Output[str]
    objects_arn: pulumi.Output[str]

    @staticmethod
    def of(uri: pulumi.Input[str]) -> "Bucket":
        """The bucket behind a store's URI.

        Args:
            uri: `s3://bucket` or `s3://bucket/prefix`; an output while the bucket is being made.
        """
        plain = pulumi.Output.from_input(uri).apply(lambda text: text.rstrip("/"))
        return Bucket(
            uri=plain,
            name=plain.apply(lambda text: split_uri(text)[0]),
            prefix=plain.apply(lambda text: split_uri(text)[1]),
            arn=plain.apply(lambda text: f"arn:{partition()}:s3:::{split_uri(text)[0]}"),
            objects_arn=plain.apply(lambda text: objects_arn(text, "*")),
        )

    def uri_of(self, key: str) -> pulumi.Output[str]:
        """URI of an object or folder of the store, by its key below the store."""
        return self.uri.apply(lambda text: f"{text}/{key}")

    def key_of(self, key: str) -> pulumi.Output[str]:
        """Key in the bucket of an object or folder of the store."""
        return self.prefix.apply(lambda prefix: f"{prefix}/{key}" if prefix else key)

    def objects_arn_of(self, key: str) -> pulumi.Output[str]:
        """ARN (pattern) of one object or folder of the store: `releases/*`."""
        return self.uri.apply(lambda text: objects_arn(text, key))


def partition() -> str:
    """Partition of the stack's region, which every ARN begins with; asks nobody.

    Regions are named after it (AWS General Reference, "Amazon Resource Names", read 2026-11-24).
    A region that neither Pulumi's config nor the environment tells is taken for a commercial one.
    """
    environment = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    region = configured_account().region or environment or ""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and prefix of an `s3://` URI; no slash at the prefix's ends.

    Raises:
        ValueError: it is no `s3://` URI.
    """
    if not uri.startswith(_SCHEME):
        raise ValueError(f"{uri!r} is no store on S3; allowed: s3://bucket, s3://bucket/prefix")
    bucket, _, prefix = uri.removeprefix(_SCHEME).partition("/")
    return bucket, prefix.strip("/")


def objects_arn(uri: str, key: str) -> str:
    """ARN (pattern) of objects of the store at a URI."""
    bucket, prefix = split_uri(uri)
    below = f"{prefix}/{key}" if prefix else key
    return f"arn:{partition()}:s3:::{bucket}/{below}"
