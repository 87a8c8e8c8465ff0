"""The image: given, or built in the account from what the project locks, and from nothing else."""

import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.aws.locks import HASH, lock_text, write_lock
from tests.aws.rendered import Rendered, rendered
from tests.serving.dockerfile import stages
from trimaran_providers.aws import artifact_store, image
from trimaran_providers.contract.errors import ProjectError
from trimaran_providers.contract.spec import StoreSpec
from trimaran_providers.project.image import dockerfile, image_context
from trimaran_providers.project.lock import read_lock

KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b"
BUCKET = "arn:aws:s3:::flights-prod-0a1b"
REPOSITORY = "arn:aws:ecr:eu-central-1:123456789012:flights-prod"


def built(project: Path, spec: dict[str, Any] | None = None, **platform: Any) -> Rendered:
    """The store of a project whose image is built."""
    return rendered(
        write_lock(project),
        lambda context: artifact_store.render(context, StoreSpec(**(spec or {}))).image,
        **platform,
    )


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return built(tmp_path_factory.mktemp("project"))


def test_a_given_image_is_passed_on_and_nothing_built(tmp_path: Path) -> None:
    uri = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/mine@sha256:{'1' * 64}"
    found = rendered(
        tmp_path,
        lambda context: artifact_store.render(context, StoreSpec()).image,
        image={"uri": uri},
    )
    assert found.result == uri
    assert not [asked for asked in found if not asked.type.startswith("aws:s3/")]


def test_a_built_image_is_named_by_digest(default: Rendered) -> None:
    assert re.search(r"@sha256:[0-9a-f]{64}$", default.result)


def test_the_build_gets_the_lock_and_the_digest_of_all_it_is_made_from(default: Rendered) -> None:
    inputs = default.one("ImageBuild").inputs
    assert inputs["lock"] == lock_text()
    assert inputs["tag"] == image_context(lock_text()).tag
    assert inputs["project"] == "flights-prod-image"
    assert inputs["repository"] == "flights-prod"


def test_the_build_waits_for_its_role_and_log(default: Rendered) -> None:
    assert default.one("ImageBuild").depends_on >= {
        "flights-image",
        "flights-image-policy",
        "flights-image-logs",
        "flights-image-project",
        "flights-images",
    }


def test_tags_of_images_cannot_move_and_images_are_scanned(default: Rendered) -> None:
    repository = default.one("Repository").inputs
    assert repository["name"] == "flights-prod"
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfigurations"] == [{"encryptionType": "AES256"}]
    assert repository["forceDelete"] is True


def test_old_images_go(default: Rendered) -> None:
    rules = image.image_lifecycle()["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "any"]
    assert default.one("LifecyclePolicy").inputs["repository"] == "flights-prod"


def test_the_stacks_key_encrypts_images_logs_and_builds(tmp_path: Path) -> None:
    found = built(tmp_path, encryption={"key": KEY})
    (encryption,) = found.one("Repository").inputs["encryptionConfigurations"]
    assert encryption == {"encryptionType": "KMS", "kmsKey": KEY}
    assert found.one("LogGroup").inputs["kmsKeyId"] == KEY
    assert found.one("Project").inputs["encryptionKey"] == KEY
    statements = found.one("RolePolicy").policy()
    assert next(s for s in statements if s["Sid"] == "UseKey")["Resource"] == [KEY]


def test_logs_are_kept_for_the_next_longer_time_that_is_offered(tmp_path: Path) -> None:
    found = built(tmp_path, logs={"retention_days": 100})
    assert found.one("LogGroup").inputs["retentionInDays"] == 120
    assert found.one("LogGroup").inputs["name"] == "/aws/codebuild/flights-prod-image"


def test_a_build_may_read_its_archive_write_its_log_and_push_to_one_repository(
    default: Rendered,
) -> None:
    allowed = {s["Sid"]: (s["Action"], s["Resource"]) for s in default.one("RolePolicy").policy()}
    assert allowed["ReadBuildContext"] == (
        ["s3:GetObject", "s3:GetObjectVersion"],
        [f"{BUCKET}/images/*"],
    )
    assert allowed["FindBucket"][1] == [BUCKET]
    assert allowed["PushImage"][1] == [REPOSITORY]
    assert allowed["WriteLog"][1][0].endswith("/aws/codebuild/flights-prod-image:log-stream:*")
    assert allowed["LogInToRegistry"] == (["ecr:GetAuthorizationToken"], ["*"])
    assert len(allowed) == 5


def test_other_accounts_may_pull_and_not_push(tmp_path: Path) -> None:
    found = built(tmp_path, {"share_with": ["111111111111"]})
    (statement,) = found.one("RepositoryPolicy").policy()
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::111111111111:root"]}
    assert statement["Action"] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ]


def test_a_store_that_is_kept_keeps_its_images(tmp_path: Path) -> None:
    found = built(tmp_path, {"keep_on_destroy": True})
    assert found.one("Repository").retained
    assert found.one("Repository").inputs["forceDelete"] is False


def test_an_existing_repository_is_pushed_to_and_left_as_it_is(tmp_path: Path) -> None:
    found = built(tmp_path, image={"repository": "team/images"})
    assert not found.of("Repository")
    assert found.one("ImageBuild").inputs["repository"] == "team/images"
    statements = {s["Sid"]: s for s in found.one("RolePolicy").policy()}
    assert statements["PushImage"]["Resource"] == ["arn:aws:ecr:*:*:repository/team/images"]


def test_the_builds_commands_write_a_manifest_that_sagemaker_takes(default: Rendered) -> None:
    source = default.one("Project").inputs["source"]
    assert source["type"] == "S3"
    assert source["location"] == "flights-prod-0a1b/images/"
    phases = yaml.safe_load(source["buildspec"])["phases"]
    build, push = phases["build"]["commands"]
    assert "--provenance=false" in build
    assert "--platform linux/amd64" in build
    assert push == 'docker push "$REPOSITORY_URI:$IMAGE_TAG"'


def test_a_missing_lock_stops_before_the_first_resource(tmp_path: Path) -> None:
    found = Rendered()
    with pytest.raises(ProjectError, match=r"image\.lock: no file"):
        found = rendered(tmp_path, lambda c: artifact_store.render(c, StoreSpec()).uri)
    assert list(found) == []


@pytest.mark.parametrize(
    "line",
    [
        f"scipy>=1.0 {HASH}",
        "scipy==1.0",
        "-e ./package",
        "-r further.txt",
        f"local @ file:///wheels/local.whl {HASH}",
        "git+https://github.com/me/package",
    ],
)
def test_a_lock_that_is_not_pinned_by_version_and_hash_is_refused(
    line: str, tmp_path: Path
) -> None:
    with pytest.raises(ProjectError, match="not pinned by version and hash") as refused:
        read_lock(write_lock(tmp_path, line), "requirements.lock", "aws")
    assert line.split()[0] in str(refused.value)


@pytest.mark.parametrize(
    "line",
    [
        f"scipy==1.0 ; sys_platform == 'linux' \\\n    {HASH}",
        f"scipy[all]==1.0 {HASH} # why",
        f"wheel @ https://example.com/wheel.whl {HASH}",
        "--index-url https://example.com/simple",
        "# a remark",
        "",
    ],
)
def test_what_pip_installs_by_hash_is_taken(line: str, tmp_path: Path) -> None:
    lock = read_lock(write_lock(tmp_path, line), "requirements.lock", "aws")
    assert lock.text == lock_text(line)


def test_a_lock_without_what_the_server_needs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(lock_text().replace("granian==", "granite=="))
    with pytest.raises(ProjectError, match="lacks what steps and server need: granian"):
        read_lock(tmp_path, "requirements.lock", "aws")


def test_line_ends_of_another_system_make_no_other_image(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_bytes(lock_text().replace("\n", "\r\n").encode())
    assert read_lock(tmp_path, "requirements.lock", "aws").text == lock_text()


def test_the_archive_holds_the_dockerfile_the_lock_and_the_installed_runtime() -> None:
    context = image_context(lock_text())
    with zipfile.ZipFile(BytesIO(context.zipped())) as archive:
        names = set(archive.namelist())
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.read("requirements.lock").decode() == lock_text()
        assert archive.read("Dockerfile").decode() == dockerfile()
    assert "runtime/trimaran_runtime/serving/__main__.py" in names
    assert "runtime/trimaran_runtime/monitoring/report.html.jinja" in names
    assert not [name for name in names if "__pycache__" in name]


def test_equal_files_give_equal_archives_and_tags() -> None:
    one, other = image_context(lock_text()), image_context(lock_text())
    assert one.zipped() == other.zipped()
    assert one.tag == other.tag
    assert re.fullmatch("[0-9a-f]{40}", one.tag)
    assert image_context(lock_text("# other")).tag != one.tag


def test_the_image_is_the_one_that_sagemaker_can_run(default: Rendered) -> None:
    build = yaml.safe_load(default.one("Project").inputs["source"]["buildspec"])["phases"]["build"]
    (stage,) = [stage for stage in stages(dockerfile()) if stage.name == image.STEPS]
    assert f"--target {stage.name} " in build["commands"][0]
    # SageMaker's folders below /opt/ml belong to root.
    assert not stage.all("USER")
    assert "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true" in stage.one("LABEL")
