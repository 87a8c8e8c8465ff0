"""Rendering in this process: what a renderer declares, with every output known."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.outputs import (
    AlertsOutputs,
    ArtifactStoreOutputs,
    PipelineOutputs,
)
from trimaran_providers.contract.spec import PlatformSpec, StackSpec
from trimaran_runtime.alerting.config import AlertRules

ACCOUNT = "111122223333"
REGION = "eu-central-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/toy@sha256:{'a' * 64}"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:toy-alerts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
STORE = "s3://toy-store"
PIPELINE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/toy-test"
_ARNS = {
    "aws:iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role/",
    "aws:sagemaker/pipeline:Pipeline": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": (
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/"
    ),
    "aws:cloudwatch/logGroup:LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:",
    "aws:cloudwatch/metricAlarm:MetricAlarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:",
}
_WAITING = {"url": "", "release": "", "wakePolicy": ""}
"""Outputs of an endpoint that has no release yet, beside its model."""
_NAMES = ("name", "pipelineName", "modelPackageGroupName")


@dataclass
class Recorder(Mocks):
    """Resources by type and name, as they were declared."""

    resources: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    model: str = ""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.resources[args.typ, args.name] = args.inputs
        name = next((args.inputs[n] for n in _NAMES if n in args.inputs), args.name)
        outputs = dict(args.inputs)
        if args.typ == "trimaran:aws:Endpoint":
            outputs = {**_WAITING, "model": self.model, **outputs}
        if args.typ in _ARNS:
            outputs["arn"] = f"{_ARNS[args.typ]}{name}"
        return f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> Any:
        raise AssertionError(f"{args.token} was called: a preview asks nobody")

    def of(self, kind: str, name: str) -> dict[str, Any]:
        """Inputs of a resource by the end of its type and its name."""
        found = [i for (typ, n), i in self.resources.items() if typ.endswith(kind) and n == name]
        assert len(found) == 1, f"{kind} {name} among {sorted(self.resources)}"
        return found[0]

    def names(self, kind: str) -> list[str]:
        """Names of the resources of a type, by its end."""
        return sorted(name for typ, name in self.resources if typ.endswith(kind))

    def statements(self, name: str) -> dict[str, dict[str, Any]]:
        """Statements of a role's policy by their sid."""
        policy = json.loads(self.of(":RolePolicy", name)["policy"])
        return {statement["Sid"]: statement for statement in policy["Statement"]}


class _Parent(pulumi.ComponentResource):
    def __init__(self) -> None:
        super().__init__("test:index:Parent", "toy")


def ensure_event_loop() -> None:
    """Pulumi's SDK takes the loop from the thread; a test before may have left none, or a closed
    one.
    """
    policy = asyncio.get_event_loop_policy()
    try:
        is_usable = not policy.get_event_loop().is_closed()
    except RuntimeError:
        is_usable = False
    if not is_usable:
        policy.set_event_loop(policy.new_event_loop())


def rendered(program: Callable[[pulumi.Resource], Any], *, model: str = "") -> Recorder:
    """Run a program; its argument is the parent of what it declares.

    Args:
        program: the program.
        model: model of the endpoint's release; empty: the endpoint waits for one.
    """
    ensure_event_loop()
    recorder = Recorder(model=model)
    pulumi.runtime.set_mocks(recorder, project="toy", stack="test")
    pulumi.runtime.set_all_config({"aws:region": REGION})

    @pulumi.runtime.test
    def run() -> None:
        program(_Parent())

    run()
    return recorder


def context(
    parent: pulumi.Resource, project: Path, platform: Mapping[str, Any] | None = None
) -> Context:
    """A component of stack `test` of model `toy`."""
    return Context(
        name="toy",
        model="toy",
        stack="test",
        project_directory=project,
        parent=parent,
        secrets={},
        platform=PlatformSpec.model_validate({"image": {"uri": IMAGE}, **(platform or {})}),
    )


def upstream(
    *,
    alerts: bool = True,
    rules: AlertRules | None = None,
    pipeline: bool = True,
    share_with: tuple[str, ...] = (),
    capture_fraction: float = 1.0,
) -> Upstream:
    """What a component builds on."""
    known = pulumi.Output.from_input
    given = PipelineOutputs(
        id=known(PIPELINE), run=known("run-1"), status=known(""), release=known("")
    )
    return Upstream(
        store=ArtifactStoreOutputs(
            uri=known(STORE), id=known("toy-store"), image=known(IMAGE), share_with=share_with
        ),
        alerts=AlertsOutputs(
            id=known(TOPIC if alerts else ""), rules=rules or AlertRules(), is_given=alerts
        ),
        pipeline=given if pipeline else None,
        capture_fraction=capture_fraction,
    )


def spec(**sections: Any) -> StackSpec:
    """A spec of model `toy`."""
    pipeline = {"train": "toy:fit", **sections.pop("pipeline", {})}
    data = {"source": "s3://lake/toy/", "target": "bought", **sections.pop("data", {})}
    return StackSpec.model_validate({"name": "toy", "data": data, "pipeline": pipeline, **sections})
