"""The image's build: found where it is there, built once where it is not, and told of when not."""

import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from moto import mock_aws

from tests.aws.code_build_service import REGION, CodeBuildService, aws, push
from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers import code_build
from trimaran_providers.aws.handlers.image_build import ImageBuildHandler, ImageBuildInputs
from trimaran_providers.contract.errors import ResourceError, StoppedError
from trimaran_providers.project.image import image_context

BUCKET = "flights-prod"
REPOSITORY = "flights"
LOCK = "numpy==1.0 --hash=sha256:0\n"
TAG = image_context(LOCK).tag
HANDLER = ImageBuildHandler(poll_seconds=0)


class Report:
    """Lines, until somebody stops it."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.stop_at = stop_at

    def progress(self, text: str) -> None:
        self.lines.append(text)
        if self.stop_at is not None and len(self.lines) >= self.stop_at:
            raise StoppedError("stopped")

    def info(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with the bucket and the repository."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        location = {"LocationConstraint": REGION}
        aws("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
        aws("ecr").create_repository(repositoryName=REPOSITORY)
        yield


def building(monkeypatch: pytest.MonkeyPatch, *outcomes: str, **settings: Any) -> CodeBuildService:
    """CodeBuild, whose builds end like this."""
    service = CodeBuildService(list(outcomes), **settings)
    others = code_build.client

    def client(account: AwsAccount, name: str) -> Any:
        return service.client() if name == "codebuild" else others(account, name)

    monkeypatch.setattr(code_build, "client", client)
    return service


def inputs(**changes: Any) -> ImageBuildInputs:
    given = {
        "account": AwsAccount(region=REGION),
        "store_uri": f"s3://{BUCKET}/team",
        "project": "p",
        "repository": REPOSITORY,
        "lock": LOCK,
        "tag": TAG,
    }
    return ImageBuildInputs.model_validate({**given, **changes})


def keys() -> list[str]:
    found = aws("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [item["Key"] for item in found]


def test_an_image_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    push(REPOSITORY, TAG)
    service = building(monkeypatch)
    made = HANDLER.create(inputs(), Report())
    assert service.started == []
    digest = aws("ecr").describe_images(repositoryName=REPOSITORY)["imageDetails"][0]
    uri = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}"
    assert made.outputs.image == f"{uri}@{digest['imageDigest']}"


def test_a_missing_image_is_built_from_the_archive_in_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archives = []

    def fetch(request: dict[str, Any]) -> None:
        bucket, _, key = request["sourceLocationOverride"].partition("/")
        body = aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        archives.append(zipfile.ZipFile(BytesIO(body)).read("requirements.lock").decode())

    service = building(monkeypatch, "SUCCEEDED", on_start=fetch)
    report = Report()
    made = HANDLER.create(inputs(), report)
    (request,) = service.started
    assert request["sourceLocationOverride"] == f"{BUCKET}/team/images/{REPOSITORY}/{TAG}.zip"
    assert request["projectName"] == "p"
    assert archives == [LOCK]
    assert "@sha256:" in made.outputs.image
    assert report.lines[0].startswith(f"building {REPOSITORY}:{TAG[:12]}: build, ")


def test_the_archive_goes_when_the_build_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    building(monkeypatch, "SUCCEEDED")
    HANDLER.create(inputs(), Report())
    assert keys() == [f"team/images/{REPOSITORY}/image.json"]


def test_a_failed_build_is_told_with_the_end_of_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    service = building(monkeypatch, "BUILD")
    logs = aws("logs")
    group, stream = service.log
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": now + n, "message": f"line {n}\n"} for n in range(50)],
    )
    with pytest.raises(ResourceError) as failed:
        HANDLER.create(inputs(), Report())
    text = str(failed.value)
    assert "ended failed in phase BUILD: it broke in BUILD" in text
    assert "  line 20\n" in text
    assert "  line 49\n" in text
    assert "line 19\n" not in text
    assert "https://console.aws.amazon.com/log" in text
    assert keys() == []


def test_a_failed_build_without_a_log_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    building(monkeypatch, "BUILD")
    with pytest.raises(ResourceError, match="the build wrote no log"):
        HANDLER.create(inputs(), Report())


def test_a_build_that_its_new_role_kept_from_starting_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = building(monkeypatch, "DOWNLOAD_SOURCE", "PROVISIONING", "SUCCEEDED")
    assert HANDLER.create(inputs(), Report()).outputs.image
    assert len(service.started) == 3


def test_it_is_not_tried_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    building(monkeypatch, *["DOWNLOAD_SOURCE"] * 3)
    with pytest.raises(ResourceError, match="in phase DOWNLOAD_SOURCE"):
        HANDLER.create(inputs(), Report())


def test_who_stops_an_update_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    service = building(monkeypatch, "SUCCEEDED", looks=9)
    with pytest.raises(StoppedError):
        HANDLER.create(inputs(), Report(stop_at=2))
    assert service.stopped == ["p:0"]
    assert keys() == []


def test_a_build_that_a_killed_update_left_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    service = building(monkeypatch, "SUCCEEDED")
    uri = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}"
    service.looks = 3
    service.begin([{"name": "REPOSITORY_URI", "value": uri}, {"name": "IMAGE_TAG", "value": TAG}])
    assert HANDLER.create(inputs(), Report()).outputs.image
    assert service.started == []


def test_another_builds_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    service = building(monkeypatch, "SUCCEEDED", looks=3)
    service.begin([{"name": "IMAGE_TAG", "value": "0" * 40}])
    service.looked["p:0"] = -99
    HANDLER.create(inputs(), Report())
    assert len(service.started) == 1


def test_a_new_lock_builds_a_new_image_and_the_old_one_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    building(monkeypatch, "SUCCEEDED", "SUCCEEDED")
    made = HANDLER.create(inputs(), Report())
    lock = LOCK + "# more\n"
    new = inputs(lock=lock, tag=image_context(lock).tag)
    outputs = HANDLER.update(made.id, made.outputs, new, Report())
    assert outputs.image != made.outputs.image
    images = aws("ecr").describe_images(repositoryName=REPOSITORY)["imageDetails"]
    assert len(images) == 2


def test_it_reads_back_from_its_id_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    push(REPOSITORY, TAG)
    made = HANDLER.create(inputs(), Report())
    assert HANDLER.read(made.id) == (inputs(), made.outputs)
    assert HANDLER.drifted(made.outputs) == frozenset()


def test_an_image_that_is_gone_is_seen_and_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    push(REPOSITORY, TAG)
    made = HANDLER.create(inputs(), Report())
    aws("ecr").batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": TAG}])
    found = HANDLER.read(made.id)
    assert found is not None
    assert HANDLER.drifted(found[1]) == {"image"}
    building(monkeypatch, "SUCCEEDED")
    assert HANDLER.update(made.id, found[1], inputs(), Report()).image


def test_a_repository_that_is_gone_is_an_image_that_is_gone() -> None:
    push(REPOSITORY, TAG)
    made = HANDLER.create(inputs(), Report())
    aws("ecr").delete_repository(repositoryName=REPOSITORY, force=True)
    found = HANDLER.read(made.id)
    assert found is not None
    assert found[1].image == ""


def test_what_was_never_made_is_not_there() -> None:
    assert HANDLER.read(f"s3://{BUCKET}/images/none?region={REGION}") is None
    assert HANDLER.read(f"s3://no-such-bucket/images/none?region={REGION}") is None


def test_deleting_takes_the_record_and_leaves_images_that_others_may_run() -> None:
    push(REPOSITORY, TAG)
    made = HANDLER.create(inputs(), Report())
    HANDLER.delete(made.id, made.outputs, Report())
    assert keys() == []
    assert aws("ecr").describe_images(repositoryName=REPOSITORY)["imageDetails"]
    HANDLER.delete(made.id, made.outputs, Report())


def test_deleting_after_the_bucket_is_gone_is_no_error() -> None:
    push(REPOSITORY, TAG)
    made = HANDLER.create(inputs(store_uri=f"s3://{BUCKET}"), Report())
    aws("s3").delete_object(Bucket=BUCKET, Key=f"images/{REPOSITORY}/image.json")
    aws("s3").delete_bucket(Bucket=BUCKET)
    HANDLER.delete(made.id, made.outputs, Report())


def test_a_missing_repository_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    building(monkeypatch)
    with pytest.raises(ResourceError, match=r"image\.repository: there is no ECR repository"):
        HANDLER.create(inputs(repository="none"), Report())


def test_another_runtime_than_the_programs_is_refused() -> None:
    with pytest.raises(ResourceError, match="different versions of trimaran-runtime"):
        HANDLER.create(inputs(tag="0" * 40), Report())


def test_a_manifest_that_sagemaker_refuses_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    service = building(monkeypatch, "SUCCEEDED")
    monkeypatch.setattr(
        service,
        "_end",
        lambda build, outcome: (
            build.update(buildStatus=outcome),
            push(REPOSITORY, TAG, "oci.image.manifest.v1"),
        ),
    )
    report = Report()
    HANDLER.create(inputs(), report)
    (warning,) = report.warnings
    assert "application/vnd.oci.image.manifest.v1+json" in warning


def test_what_aws_refuses_is_told_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    aws("s3").delete_bucket(Bucket=BUCKET)
    building(monkeypatch)
    with pytest.raises(ResourceError, match="AWS refused PutObject: NoSuchBucket"):
        HANDLER.create(inputs(), Report())
