"""The artifact store on AWS: a bucket that nobody else gets at, and that tidies itself."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.aws.rendered import Rendered, rendered
from trimaran_providers.aws import artifact_store
from trimaran_providers.aws.own_bucket import lifecycle
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.spec import StoreSpec

IMAGE = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/mine@sha256:{'1' * 64}"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b"


def store(project: Path, spec: dict[str, Any] | None = None, **platform: Any) -> Rendered:
    """The store of a stack whose image is given."""
    platform = {"image": {"uri": IMAGE}, **platform}
    return rendered(
        project,
        lambda context: artifact_store.render(context, StoreSpec(**(spec or {}))).uri,
        **platform,
    )


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return store(tmp_path_factory.mktemp("project"))


def test_the_uri_is_the_buckets(default: Rendered) -> None:
    assert default.result == "s3://flights-prod-0a1b"


def test_the_bucket_has_a_free_name_that_begins_like_the_stack(default: Rendered) -> None:
    assert default.one("Bucket").inputs["bucketPrefix"] == "flights-prod-"
    assert "bucket" not in default.one("Bucket").inputs


def test_a_long_name_is_cut_to_what_the_provider_takes(tmp_path: Path) -> None:
    def program(context: Context) -> Any:
        long = dataclasses.replace(context, name="Flights_of_a_very_long_name_" * 3)
        return artifact_store.render(long, StoreSpec()).uri

    found = rendered(tmp_path, program, image={"uri": IMAGE})
    prefix = found.one("Bucket").inputs["bucketPrefix"]
    assert len(prefix) <= 37
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]+-", prefix)


def test_nothing_of_it_is_public(default: Rendered) -> None:
    block = default.one("BucketPublicAccessBlock").inputs
    assert {key for key, value in block.items() if value is True} == {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    }


def test_access_lists_are_off(default: Rendered) -> None:
    rule = default.one("BucketOwnershipControls").inputs["rule"]
    assert rule == {"objectOwnership": "BucketOwnerEnforced"}


def test_plain_http_is_refused_to_everybody(default: Rendered) -> None:
    (statement,) = default.one("BucketPolicy").policy()
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == {"AWS": "*"}
    assert statement["Action"] == ["s3:*"]
    assert statement["Resource"] == [
        "arn:aws:s3:::flights-prod-0a1b",
        "arn:aws:s3:::flights-prod-0a1b/*",
    ]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_versions_are_kept(default: Rendered) -> None:
    versioning = default.one("BucketVersioning").inputs["versioningConfiguration"]
    assert versioning == {"status": "Enabled"}


def test_it_is_encrypted_with_s3s_keys(default: Rendered) -> None:
    (rule,) = default.one("BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}


def test_it_is_encrypted_with_the_stacks_key_and_asks_kms_once_for_many(tmp_path: Path) -> None:
    found = store(tmp_path, encryption={"key": KEY})
    (rule,) = found.one("BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule == {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
        "bucketKeyEnabled": True,
    }


def test_eventbridge_hears_of_new_data(default: Rendered) -> None:
    assert default.one("BucketNotification").inputs["eventbridge"] is True


def test_unfinished_uploads_and_old_versions_go(default: Rendered) -> None:
    (rule,) = default.one("BucketLifecycleConfiguration").inputs["rules"]
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert rule["status"] == "Enabled"


def test_traffic_runs_and_reports_age_and_releases_do_not() -> None:
    ageing = {
        rule["filter"]["prefix"]: rule["expiration"]["days"]
        for rule in lifecycle(30)
        if "days" in rule["expiration"]
    }
    assert ageing == {"capture/": 30, "sagemaker-capture/": 30, "runs/": 30, "monitor/": 30}


def test_who_reads_the_uri_comes_after_every_setting(tmp_path: Path) -> None:
    def program(context: Context) -> Any:
        uri = artifact_store.render(context, StoreSpec()).uri

        class Reader(pulumi.CustomResource):
            def __init__(self) -> None:
                super().__init__("test:index:Reader", "reader", {"uri": uri})

        Reader()
        return uri

    found = rendered(tmp_path, program, image={"uri": IMAGE})
    settings = {asked.name for asked in found if asked.type.startswith("aws:s3/")}
    assert len(settings) == 8
    assert found.one("Reader").depends_on == settings


def test_a_destroyed_stack_leaves_nothing(default: Rendered) -> None:
    assert default.one("Bucket").inputs["forceDestroy"] is True
    assert not any(asked.retained for asked in default)


def test_a_store_that_is_kept_is_kept_closed_and_encrypted(tmp_path: Path) -> None:
    found = store(tmp_path, {"keep_on_destroy": True})
    assert found.one("Bucket").inputs["forceDestroy"] is False
    assert all(asked.retained for asked in found)


def test_other_accounts_read_releases_and_nothing_else(tmp_path: Path) -> None:
    found = store(tmp_path, {"share_with": ["111111111111", "222222222222"]})
    _, listed, read = found.one("BucketPolicy").policy()
    accounts = {"AWS": ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"]}
    assert listed["Principal"] == read["Principal"] == accounts
    assert read["Action"] == ["s3:GetObject"]
    folders = ("releases", "blobs", "channels", "serving")
    assert read["Resource"] == [f"arn:aws:s3:::flights-prod-0a1b/{f}/*" for f in folders]
    assert listed["Action"] == ["s3:ListBucket"]
    assert listed["Condition"] == {"StringLike": {"s3:prefix": [f"{f}/*" for f in folders]}}


@pytest.mark.parametrize(
    ("existing", "uri"),
    [
        ("team-models", "s3://team-models"),
        ("s3://team-models/flights/", "s3://team-models/flights"),
    ],
)
def test_an_existing_bucket_is_used_as_it_is(existing: str, uri: str, tmp_path: Path) -> None:
    found = store(tmp_path, {"existing": existing})
    assert found.result == uri
    assert list(found) == []


def test_secrets_are_named_for_all_components_and_gone_with_the_stack(tmp_path: Path) -> None:
    found = store(tmp_path, secrets={"WAREHOUSE": {"config": "warehouse"}}, encryption={"key": KEY})
    secret, version = found.one("Secret"), found.one("SecretVersion")
    assert secret.inputs["name"] == "flights-prod-secret-WAREHOUSE"
    assert secret.inputs["kmsKeyId"] == KEY
    assert secret.inputs["recoveryWindowInDays"] == 0
    assert version.inputs["secretString"] == "s3cret"
    assert version.secrets == {"secretString"}


def test_everything_that_takes_tags_names_its_stack(tmp_path: Path) -> None:
    found = store(tmp_path, secrets={"A": {"config": "a"}}, tags={"team": "pricing"})
    tagged = [asked.inputs["tags"] for asked in found if "tags" in asked.inputs]
    assert tagged == [{"team": "pricing", "trimaran:stack": "flights-prod"}] * 2


def test_every_child_is_the_components(default: Rendered) -> None:
    assert {asked.parent for asked in default} == {"flights"}
    assert all(asked.name.startswith("flights-") for asked in default)
