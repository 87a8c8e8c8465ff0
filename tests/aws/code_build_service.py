"""CodeBuild as far as an image's build sees it; moto's does not build, so it cannot fail.

Requests and answers are checked against botocore's shapes. A build that succeeds pushes an image to
moto's ECR.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.validate import validate_parameters

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers.session import client

REGION = "eu-central-1"


def aws(service: str) -> Any:
    """A client of moto's AWS; boto3's own way to one reads the service's model anew each time."""
    return client(AwsAccount(region=REGION), service)


@dataclass
class CodeBuildService:
    """Builds end as `outcomes` say, one after the other, `looks` looks after their start.

    Attributes:
        outcomes: `SUCCEEDED`, or the phase that fails.
        looks: how often a build is looked at before it ends.
        on_start: called with every request to start.
    """

    outcomes: list[str]
    looks: int = 2
    on_start: Callable[[dict[str, Any]], None] = lambda request: None
    builds: dict[str, dict[str, Any]] = field(default_factory=dict)
    started: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    log: tuple[str, str] = ("/aws/codebuild/p", "stream")

    def client(self) -> Any:
        """A client of it."""
        made = aws("codebuild")
        given: dict[str, Any] = {}

        def take(params: dict[str, Any], **_: Any) -> None:
            given["params"] = params

        def answer(model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
            body = getattr(self, model.name)(**given["params"])
            validate_parameters(body, model.output_shape)
            return AWSResponse("", 200, {}, None), body

        made.meta.events.register("before-parameter-build.codebuild.*", take)
        made.meta.events.register("before-call.codebuild.*", answer)
        return made

    def ListBuildsForProject(self, projectName: str) -> dict[str, Any]:  # noqa: N802, N803
        return {"ids": list(self.builds)} if self.builds else {}

    def StartBuild(self, **request: Any) -> dict[str, Any]:  # noqa: N802
        self.on_start(request)
        self.started.append(request)
        return {"build": self.begin(request["environmentVariablesOverride"])}

    def begin(self, variables: list[dict[str, Any]]) -> dict[str, Any]:
        """A build that runs."""
        build_id = f"p:{len(self.builds)}"
        self.builds[build_id] = {
            "id": build_id,
            "buildStatus": "IN_PROGRESS",
            "currentPhase": "BUILD",
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "i",
                "computeType": "BUILD_GENERAL1_MEDIUM",
                "environmentVariables": variables,
            },
            "logs": {
                "groupName": self.log[0],
                "streamName": self.log[1],
                "deepLink": "https://console.aws.amazon.com/log",
            },
        }
        return self.builds[build_id]

    def BatchGetBuilds(self, ids: list[str]) -> dict[str, Any]:  # noqa: N802
        for build_id in ids:
            build = self.builds[build_id]
            looked = self.looked.setdefault(build_id, 0)
            self.looked[build_id] += 1
            if looked + 1 >= self.looks and build["buildStatus"] == "IN_PROGRESS":
                self._end(build, self.outcomes.pop(0))
        return {"builds": [self.builds[build_id] for build_id in ids]}

    looked: dict[str, int] = field(default_factory=dict)

    def StopBuild(self, id: str) -> dict[str, Any]:  # noqa: A002, N802
        self.stopped.append(id)
        self.builds[id]["buildStatus"] = "STOPPED"
        return {"build": self.builds[id]}

    def _end(self, build: dict[str, Any], outcome: str) -> None:
        if outcome == "SUCCEEDED":
            build |= {"buildStatus": outcome, "currentPhase": "COMPLETED"}
            variables = {
                v["name"]: v["value"] for v in build["environment"]["environmentVariables"]
            }
            push(variables["REPOSITORY_URI"].partition("/")[2], variables["IMAGE_TAG"])
            return
        build["buildStatus"] = "FAILED"
        build["phases"] = [
            {"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED"},
            {
                "phaseType": outcome,
                "phaseStatus": "FAILED",
                "contexts": [{"message": f"it broke in {outcome}"}],
            },
        ]


def push(repository: str, tag: str, form: str = "docker.distribution.manifest.v2") -> None:
    """An image in moto's ECR."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"application/vnd.{form}+json",
        "config": {"digest": f"sha256:{tag:0<64}", "size": 1, "mediaType": "c"},
        "layers": [],
    }
    aws("ecr").put_image(
        repositoryName=repository,
        imageTag=tag,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=manifest["mediaType"],
        imageDigest=f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}",
    )
