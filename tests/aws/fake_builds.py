"""CodeBuild's builds, each of which has pushed its image by the time its start is answered.

moto's builds push nothing. How a build is waited for, and how it fails, is told by
`code_build_service`.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

Body = dict[str, Any]
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Builds:
    """Operations on builds; those on projects are moto's.

    Args:
        ecr: makes a client of the registry that the images go to.
    """

    def __init__(self, ecr: Callable[[], Any]) -> None:
        self._ecr = ecr
        self.builds: dict[str, Body] = {}

    def start_build(self, body: Body) -> Body:
        variables = {v["name"]: v["value"] for v in body["environmentVariablesOverride"]}
        repository, tag = variables["REPOSITORY_URI"].partition("/")[2], variables["IMAGE_TAG"]
        build_id = f"{body['projectName']}:{len(self.builds)}"
        self.builds[build_id] = {
            "id": build_id,
            "projectName": body["projectName"],
            "buildStatus": "SUCCEEDED",
            "currentPhase": "COMPLETED",
        }
        self._push(repository, tag)
        return {"build": self.builds[build_id]}

    def batch_get_builds(self, body: Body) -> Body:
        return {"builds": [self.builds[build_id] for build_id in body["ids"]]}

    def list_builds_for_project(self, body: Body) -> Body:
        return {"ids": []}

    def _push(self, repository: str, tag: str) -> None:
        config = {"digest": f"sha256:{tag:0<64}", "size": 1, "mediaType": "c"}
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": []}
        self._ecr().put_image(
            repositoryName=repository,
            imageTag=tag,
            imageManifest=json.dumps(manifest),
            imageManifestMediaType=_MANIFEST,
            imageDigest=f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}",
        )
