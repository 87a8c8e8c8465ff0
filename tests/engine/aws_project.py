"""The toy project on an AWS of this machine: the engine, our plugin and our program are real.

What Pulumi's provider `aws` would make, the referee makes, and mirrors into moto what our own
plugin's calls have to find there; what those calls make of SageMaker, the fake control plane keeps.
"""

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from ruamel.yaml import YAML

import trimaran
from tests.aws.endpoint_case import stored_release
from tests.aws.fake_sagemaker import FakeAws, fake_aws
from tests.aws.scenarios import ACCOUNT, BASE, REGION
from tests.engine_kit.inline import InlineStack, Outcome
from tests.engine_kit.settings import engine_settings
from tests.referee.referee import PLUGIN, Referee
from tests.referee.server import beside
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.config import Approval
from trimaran_runtime.registry.promotion import promote
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.storage.store import Store

TOY = Path(__file__).parent.parent / "projects" / "toy"
LOCK = Path(__file__).parents[2] / "requirements.lock"
MANIFEST = """\
name: toy
runtime: python
plugins:
  providers:
    - {{name: trimaran, path: {trimaran}}}
    - {{name: aws, path: {referee}}}
config:
  aws:region: {region}
"""
TEAM_BUCKETS = ("team-bucket", "team-data")
"""Buckets of the user's, which were there before."""
_BUCKET = "aws:s3/bucket:Bucket"
_OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
_ANSWERS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION")


@dataclass
class AwsProject:
    """A project folder with one stack, `test`, of the AWS cloud.

    Attributes:
        folder: the project.
        stack: the stack.
        referee: what the engine made by provider `aws`.
        overrides: values by dotted path, laid over the base; they stay for the next operation.
    """

    folder: Path
    stack: InlineStack
    referee: Referee
    overrides: dict[str, Any] = field(default_factory=dict)

    def preview(self) -> Outcome:
        """`pulumi preview`."""
        return self.stack.preview(self.program)

    def up(self, changes: Mapping[str, Any] | None = None) -> Outcome:
        """`pulumi up`."""
        for path, value in (changes or {}).items():
            _lay(self.overrides, path, value)
        return self.stack.up(self.program)

    def destroy(self) -> Outcome:
        """`pulumi destroy`."""
        return self.stack.destroy()

    def left(self) -> list[str]:
        """What provider `aws` made and still is there; in a bucket of the user's, code stays."""
        return [
            f"{thing.type} {thing.id}"
            for thing in self.referee.things()
            if not thing.foreign
            and not (thing.type == _OBJECT and thing.inputs["bucket"] in TEAM_BUCKETS)
        ]

    def done(self, operation: str) -> int:
        """How many calls of an operation provider `aws` had so far."""
        return sum(call.operation == operation for call in self.referee.calls())

    def kept(self, names: Sequence[str]) -> list[str]:
        """Those whose predecessor stays in the cloud when they are made anew."""
        state = self.stack.state()
        return [name for name in names if state[name].get("retainOnDelete")]

    def uploaded(self, store: str) -> list[str]:
        """Keys of what `up` put into the store."""
        bucket = store.removeprefix("s3://")
        found = boto3.client("s3").list_objects_v2(Bucket=bucket)
        return [item["Key"] for item in found.get("Contents", [])]

    def program(self) -> None:
        """The Pulumi program."""
        import pulumi

        stack = trimaran.MLStack("toy", trimaran.load("toy.yaml", self.overrides))
        pulumi.export("url", stack.url)
        pulumi.export("release", stack.release)
        pulumi.export("store", stack.rendered.store.uri if stack.rendered.store else "")


@dataclass(frozen=True)
class SharedAws:
    """A stack and its account, for the tests of a file."""

    stack: AwsProject
    aws: FakeAws

    def left(self) -> tuple[list[str], dict[str, list[str]]]:
        """What is left in the account: of provider `aws`, and of our own plugin and of runs."""
        return self.stack.left(), left_in(self.aws)


@contextmanager
def aws_project(folder: Path, home: Path) -> Iterator[AwsProject]:
    """A copy of the toy project, without credentials and with nothing that could be reached.

    Args:
        folder: an empty folder.
        home: the engine's own folder.
    """
    referee = Referee(folder / "account")
    for bucket in TEAM_BUCKETS:
        referee.has(_BUCKET, bucket, {"bucket": bucket})
    with pytest.MonkeyPatch.context() as patch, beside(referee) as provider:
        env = {**engine_settings(home, folder / "backend"), **provider}
        for name, value in {**env, "AWS_EC2_METADATA_DISABLED": "true"}.items():
            patch.setenv(name, value)
        for name in _ANSWERS:
            patch.delenv(name, raising=False)
        project = folder / "project"
        _copy(project)
        patch.chdir(project)
        stack = InlineStack(project, env)
        stack.set_config("toy:warehouse", "open sesame", secret=True)
        yield AwsProject(project, stack, referee)


@contextmanager
def aws_account() -> Iterator[FakeAws]:
    """AWS, with the user's buckets and subnets; its credentials are in the environment."""
    with fake_aws() as aws:
        where = {"LocationConstraint": REGION}
        for bucket in TEAM_BUCKETS:
            boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        _make_subnets("subnet-0123456789abcdef0", "subnet-0123456789abcdef1")
        yield aws


def left_in(aws: FakeAws) -> dict[str, list[str]]:
    """What the stack made and is still there, by kind."""
    sagemaker = boto3.client("sagemaker")
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    pipelines = sagemaker.list_pipelines()["PipelineSummaries"]
    buckets = {bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]}
    repositories = boto3.client("ecr").describe_repositories()["repositories"]
    kinds = {
        "buckets": sorted(buckets.difference(TEAM_BUCKETS)),
        "pipelines": [item["PipelineName"] for item in pipelines],
        "groups": [item["ModelPackageGroupName"] for item in groups],
        "repositories": [item["repositoryName"] for item in repositories],
        "projects": boto3.client("codebuild").list_projects()["projects"],
    }
    return {**aws.left(), **{kind: names for kind, names in kinds.items() if names}}


def published(store: Store, model: bytes) -> str:
    """A release that the gate accepted, as the pipeline's last step leaves it."""
    now = current(store, Channel.production)
    made = stored_release(store, model, champion=now.release if now else None)
    release = read_release(store, made)
    promote(store, release, Approval.automatic, why="the gate accepted it", who="run")
    return release.id


def _lay(overrides: dict[str, Any], path: str, value: Any) -> None:
    """Override a path, which may be inside of a section that is overridden as a whole."""
    for section in [key for key in overrides if path.startswith(f"{key}.")]:
        # The scenarios are constants: what is inside of them stays as it is.
        overrides[section] = dict(overrides[section])
        _lay(overrides[section], path.removeprefix(f"{section}."), value)
        return
    overrides[path] = value


def _copy(project: Path) -> None:
    shutil.copytree(TOY, project, ignore=shutil.ignore_patterns("__pycache__", ".trimaran"))
    shutil.copy(LOCK, project)
    plugin = Path(sys.executable).parent
    manifest = MANIFEST.format(trimaran=plugin, referee=PLUGIN, region=REGION)
    (project / "Pulumi.yaml").write_text(manifest)
    with (project / "toy.yaml").open("w") as out:
        YAML(typ="safe").dump(BASE, out)


def _make_subnets(*ids: str) -> None:
    """Subnets of one VPC; moto makes ids up, and a spec names those it knows."""
    from moto.ec2.models import ec2_backends

    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    backend = ec2_backends[ACCOUNT][REGION]
    for number, wanted in enumerate(ids):
        block = f"10.0.{number}.0/24"
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]
        zone = backend.subnets[made["AvailabilityZone"]]
        subnet = zone.pop(made["SubnetId"])
        subnet.id = wanted
        zone[wanted] = subnet
