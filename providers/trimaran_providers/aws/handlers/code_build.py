"""One build of an image in CodeBuild: started or found running, watched, and told of."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.bucket import split_uri
from trimaran_providers.aws.handlers.repository import repository_uri
from trimaran_providers.aws.handlers.session import client
from trimaran_providers.contract.errors import ResourceError, StoppedError
from trimaran_providers.contract.handler import Reporter

_LOG_LINES = 30
_ATTEMPTS = 3
# A role made seconds ago is not known everywhere yet (IAM User Guide, "Changes that I make are not
# always immediately visible", read 2026-11-24): a build that ends before its first command is tried
# again.
_BEFORE_COMMANDS = frozenset({"SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE"})
_TAG_VARIABLE = "IMAGE_TAG"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBuild:
    """How to build one image.

    Attributes:
        account: how AWS is reached.
        project: name of the CodeBuild project.
        repository: name of the ECR repository.
        tag: tag of the image.
        folder: URI of the folder that takes the archive while the build runs.
        poll_seconds: time between two looks at the build, seconds.
    """

    account: AwsAccount
    project: str
    repository: str
    tag: str
    folder: str
    poll_seconds: float

    def run(self, archive: bytes, report: Reporter) -> None:
        """Build it and wait; a build of the same image that runs already is waited for.

        Raises:
            ResourceError: the build failed; the last lines of its log are in the message.
            StoppedError: the user asked to stop; the build was stopped, too.
        """
        service, s3 = client(self.account, "codebuild"), client(self.account, "s3")
        bucket, prefix = split_uri(self.folder)
        key = f"{prefix}/{self.tag}.zip"
        build = self._running(service)
        if build is None:
            s3.put_object(Bucket=bucket, Key=key, Body=archive)
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                build = self._watched(service, build or self._start(service, bucket, key), report)
                if build["buildStatus"] == "SUCCEEDED":
                    return
                if attempt == _ATTEMPTS or _failed_phase(build) not in _BEFORE_COMMANDS:
                    raise self._failure(build)
                report.info(f"{build['id']} did not come to its first command; trying again")
                time.sleep(self.poll_seconds)
                build = None
        finally:
            s3.delete_object(Bucket=bucket, Key=key)

    def _running(self, service: Any) -> Any | None:
        """A build of this tag that an interrupted `up` left running."""
        ids = service.list_builds_for_project(projectName=self.project).get("ids", [])
        builds = service.batch_get_builds(ids=ids)["builds"] if ids else []
        for build in builds:
            variables = build["environment"].get("environmentVariables", [])
            tags = {v["value"] for v in variables if v["name"] == _TAG_VARIABLE}
            if build["buildStatus"] == "IN_PROGRESS" and self.tag in tags:
                return build
        return None

    def _start(self, service: Any, bucket: str, key: str) -> Any:
        uri = repository_uri(client(self.account, "ecr"), self.repository)
        return service.start_build(
            projectName=self.project,
            sourceTypeOverride="S3",
            sourceLocationOverride=f"{bucket}/{key}",
            environmentVariablesOverride=[
                {"name": "REPOSITORY_URI", "value": uri, "type": "PLAINTEXT"},
                {"name": _TAG_VARIABLE, "value": self.tag, "type": "PLAINTEXT"},
            ],
        )["build"]

    def _watched(self, service: Any, build: Any, report: Reporter) -> Any:
        begun = time.monotonic()
        while build["buildStatus"] == "IN_PROGRESS":
            seconds = int(time.monotonic() - begun)
            phase = build.get("currentPhase", "SUBMITTED").lower().replace("_", " ")
            try:
                report.progress(f"building {self.repository}:{self.tag[:12]}: {phase}, {seconds} s")
            except StoppedError:
                service.stop_build(id=build["id"])
                raise
            time.sleep(self.poll_seconds)
            build = service.batch_get_builds(ids=[build["id"]])["builds"][0]
        return build

    def _failure(self, build: Any) -> ResourceError:
        logs = build.get("logs", {})
        lines = list(self._log(logs))
        said = "\n".join(f"  {line}" for line in lines) or "  (the build wrote no log)"
        reason = _reason(build)
        return ResourceError(
            f"{build['id']} ended {build['buildStatus'].lower()} in phase "
            f"{_failed_phase(build) or '?'}{f': {reason}' if reason else ''}\n"
            f"Last lines of its log:\n{said}",
            where=f"image of {self.repository}",
            next_step=f"the whole log: {logs['deepLink']}" if logs.get("deepLink") else "",
        )

    def _log(self, logs: Any) -> Iterator[str]:
        if not logs.get("groupName") or not logs.get("streamName"):
            return
        service = client(self.account, "logs")
        try:
            events = service.get_log_events(
                logGroupName=logs["groupName"],
                logStreamName=logs["streamName"],
                limit=_LOG_LINES,
                startFromHead=False,
            )["events"]
        except service.exceptions.ResourceNotFoundException:
            return
        for event in events:
            yield event["message"].rstrip()


def _failed_phase(build: Any) -> str:
    """Phase that the build ended in: the first that did not succeed."""
    for phase in build.get("phases", []):
        if phase.get("phaseStatus") not in {None, "SUCCEEDED"}:
            return str(phase["phaseType"])
    return ""


def _reason(build: Any) -> str:
    said = [
        context.get("message", "")
        for phase in build.get("phases", [])
        for context in phase.get("contexts", [])
    ]
    return next((text for text in said if text), "")
