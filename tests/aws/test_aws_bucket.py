"""The store's bucket is read from its URI, at preview if the URI is known then."""

import pulumi
import pytest

from trimaran_providers.aws.bucket import Bucket, split_uri


def plain(value: pulumi.Output[str]) -> str:
    found: list[str] = []

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        return value.apply(found.append)

    program()
    return found[0]


@pytest.mark.parametrize("uri", ["s3://models", "s3://models/"])
def test_a_store_may_fill_a_bucket(uri: str) -> None:
    bucket = Bucket.of(uri)
    assert plain(bucket.uri) == "s3://models"
    assert plain(bucket.name) == "models"
    assert plain(bucket.prefix) == ""
    assert plain(bucket.arn) == "arn:aws:s3:::models"
    assert plain(bucket.objects_arn) == "arn:aws:s3:::models/*"
    assert plain(bucket.uri_of("releases/x")) == "s3://models/releases/x"
    assert plain(bucket.key_of("releases/x")) == "releases/x"


def test_a_store_may_be_a_folder_and_its_arns_stay_in_it() -> None:
    bucket = Bucket.of("s3://shared/team/fraud")
    assert plain(bucket.arn) == "arn:aws:s3:::shared"
    assert plain(bucket.objects_arn) == "arn:aws:s3:::shared/team/fraud/*"
    assert plain(bucket.objects_arn_of("releases/*")) == "arn:aws:s3:::shared/team/fraud/releases/*"
    assert plain(bucket.key_of("releases/x")) == "team/fraud/releases/x"


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_arns_are_of_the_regions_partition(
    region: str, partition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    assert plain(Bucket.of("s3://models").arn) == f"arn:{partition}:s3:::models"


def test_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        split_uri("gs://models")
