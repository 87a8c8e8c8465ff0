"""What a renderer of the AWS cloud asks for, without an engine: every resource with its inputs."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor

from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.spec import PlatformSpec

ACCOUNT = "123456789012"
REGION = "eu-central-1"


@dataclass(frozen=True)
class Asked:
    """A resource as the program asks the engine for it."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    secrets: frozenset[str]
    depends_on: frozenset[str]
    retained: bool
    parent: str

    def policy(self, key: str = "policy") -> list[dict[str, Any]]:
        """Statements of a policy among the inputs."""
        found: list[dict[str, Any]] = json.loads(self.inputs[key])["Statement"]
        return found


@dataclass
class Rendered:
    """Everything that was asked for."""

    resources: list[Asked] = field(default_factory=list)
    result: Any = None

    def __iter__(self) -> Iterator[Asked]:
        return iter(self.resources)

    def of(self, kind: str) -> list[Asked]:
        """Resources whose type ends like this: `Bucket`, `sns/topic:Topic`."""
        return [asked for asked in self if asked.type.endswith(f":{kind}")]

    def one(self, kind: str) -> Asked:
        """The only resource of its type."""
        found = self.of(kind)
        assert len(found) == 1, [asked.type for asked in self]
        return found[0]

    def statements(self) -> list[tuple[str, dict[str, Any]]]:
        """Every statement of every policy, with the name of the resource that has it."""
        found = []
        for asked in self:
            for key in ("policy", "assumeRolePolicy"):
                if isinstance(asked.inputs.get(key), str) and "Statement" in asked.inputs[key]:
                    found += [(asked.name, item) for item in asked.policy(key)]
        return found


def context_of(project: Path, parent: pulumi.Resource, **platform: Any) -> Context:
    """The component `flights` of stack `prod`; its secrets have the value `s3cret`."""
    spec = PlatformSpec.model_validate(platform)
    return Context(
        name="flights",
        model="flights",
        stack="prod",
        project_directory=project,
        parent=parent,
        secrets={name: pulumi.Output.secret("s3cret") for name in spec.secrets},
        platform=spec,
    )


def rendered(
    project: Path, program: Callable[[Context], pulumi.Input[Any]], **platform: Any
) -> Rendered:
    """Run a renderer in a program of its own.

    Args:
        project: folder of the Pulumi project.
        program: gets the context; what it returns is the result, known.
        platform: sections of the spec's platform.
    """
    found = Rendered()
    monitor = _Monitor(found)
    pulumi.runtime.set_mocks(_Cloud(), project="shop", stack="prod", monitor=monitor)

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        parent = pulumi.ComponentResource("trimaran:index:ArtifactStore", "flights")
        result = pulumi.Output.from_input(program(context_of(project, parent, **platform)))
        return result.apply(lambda value: setattr(found, "result", value))

    run()
    return found


class _Monitor(MockMonitor):
    def __init__(self, found: Rendered) -> None:
        super().__init__(_Cloud())
        self.found = found

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        response = super().RegisterResource(request)
        if request.custom:
            given = rpc.deserialize_properties(request.object)
            self.found.resources.append(
                Asked(
                    type=request.type,
                    name=request.name,
                    inputs={key: rpc.unwrap_rpc_secret(value) for key, value in given.items()},
                    secrets=frozenset(k for k, v in given.items() if rpc.is_rpc_secret(v)),
                    depends_on=frozenset(urn.rpartition("::")[2] for urn in request.dependencies),
                    retained=request.retainOnDelete,
                    parent=request.parent.rpartition("::")[2],
                )
            )
        return response


class _Cloud(pulumi.runtime.Mocks):
    """Every resource comes to be as it is asked for, with an ARN of its kind."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        name = args.inputs.get("name") or args.inputs.get("bucketPrefix", args.name)
        service = args.typ.split(":")[1].split("/")[0]
        made = {
            "arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}",
            "name": name,
            "keyId": f"{args.name}-key-id",
            "region": REGION,
            **args.inputs,
        }
        if args.typ == "aws:s3/bucket:Bucket":
            made |= {"bucket": f"{name}0a1b", "arn": f"arn:aws:s3:::{name}0a1b"}
        if args.typ == "trimaran:aws:ImageBuild":
            made["image"] = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}@sha256:{'0' * 64}"
        if args.typ == "trimaran:aws:Subnets":
            made |= {"vpc": "vpc-1", "routeTables": ["rtb-1"], "cidrs": ["10.0.0.0/24"]}
        return made.get("bucket", f"{args.name}-id") if service == "s3" else f"{args.name}-id", made

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"a preview would ask AWS: {args.token}")
