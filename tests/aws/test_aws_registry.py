"""The registry: a model package group, and the mirror between it and the store."""

import json
from pathlib import Path
from typing import Any

import pulumi

from tests.aws.rendering import (
    ACCOUNT,
    IMAGE,
    KEY,
    REGION,
    Recorder,
    context,
    rendered,
    upstream,
)
from trimaran_providers.aws import registry
from trimaran_providers.aws.handlers.model_registry import ModelRegistryInputs
from trimaran_runtime.registry.config import RegistryConfig


def render(
    tmp_path: Path,
    platform: dict[str, Any] | None = None,
    share_with: tuple[str, ...] = (),
    **spec: Any,
) -> Recorder:
    def program(parent: pulumi.Resource) -> None:
        outputs = registry.render(
            context(parent, tmp_path, platform),
            RegistryConfig.model_validate(spec),
            upstream(share_with=share_with),
        )
        outputs.id.apply(told.append)

    told: list[str] = []
    found = rendered(program)
    assert told == [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/toy-test"]
    return found


def inputs(found: Recorder) -> ModelRegistryInputs:
    given = found.of(":ModelRegistry", "toy-registry")
    return ModelRegistryInputs.model_validate({k: v for k, v in given.items() if v is not None})


def test_the_group_is_named_after_the_stack_and_tagged(tmp_path: Path) -> None:
    group = render(tmp_path).of(":ModelPackageGroup", "toy-packages")
    assert group["modelPackageGroupName"] == "toy-test"
    assert group["tags"] == {"trimaran:stack": "toy-test"}


def test_the_mirror_knows_store_group_image_and_who_approves(tmp_path: Path) -> None:
    given = inputs(render(tmp_path, approval="manual", model_card=True))
    assert (given.store_uri, given.group, given.image) == ("s3://toy-store", "toy-test", IMAGE)
    assert (given.approval, given.model_card, given.key) == ("manual", True, "")
    assert given.account.region == REGION


def test_a_run_of_this_update_makes_it_look_again(tmp_path: Path) -> None:
    assert inputs(render(tmp_path)).run == "run-1"


def test_the_key_is_for_cards(tmp_path: Path) -> None:
    assert inputs(render(tmp_path, {"encryption": {"key": KEY}})).key == KEY


def test_a_registry_alone_needs_no_image(tmp_path: Path) -> None:
    assert inputs(render(tmp_path, {"image": {}})).image == ""


def test_a_group_that_is_shared_with_nobody_has_no_policy(tmp_path: Path) -> None:
    assert render(tmp_path).names(":ModelPackageGroupPolicy") == []


def test_other_accounts_find_the_group_and_deploy_its_packages(tmp_path: Path) -> None:
    found = render(tmp_path, share_with=("210987654321", "310987654321"))
    asked = found.of(":ModelPackageGroupPolicy", "toy-packages-policy")
    assert asked["modelPackageGroupName"] == "toy-test"
    group, packages = json.loads(asked["resourcePolicy"])["Statement"]
    where = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    assert group["Resource"] == [f"{where}:model-package-group/toy-test"]
    assert group["Action"] == ["sagemaker:DescribeModelPackageGroup"]
    assert packages["Resource"] == [f"{where}:model-package/toy-test/*"]
    assert packages["Action"] == [
        "sagemaker:CreateModel",
        "sagemaker:DescribeModelPackage",
        "sagemaker:ListModelPackages",
    ]
    roots = [f"arn:aws:iam::{account}:root" for account in ("210987654321", "310987654321")]
    assert group["Principal"] == packages["Principal"] == {"AWS": roots}
