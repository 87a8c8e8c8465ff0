"""`trimaran:aws:ImageBuild`: the image of steps and server, built by CodeBuild where it is missing.

An image is found by what it is made from: its tag is a digest of the lock file, the Dockerfile and
the runtime. `images/` in the store holds, by repository, a record of the newest one, and the
archive of a build while that build runs.
"""

import json
from typing import Any

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.bucket import split_uri
from trimaran_providers.aws.handlers.address import address, parse_address
from trimaran_providers.aws.handlers.code_build import CodeBuild
from trimaran_providers.aws.handlers.refusal import error_code, told_as_ours
from trimaran_providers.aws.handlers.repository import find_image, warn_of_manifest
from trimaran_providers.aws.handlers.session import client
from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel
from trimaran_providers.project.image import image_context

_GONE = frozenset({"NoSuchKey", "NoSuchBucket"})


class ImageBuildInputs(ResourceModel):
    """What the image is made from, and where it goes."""

    account: AwsAccount
    """How AWS is reached."""
    store_uri: str
    """Store that takes the archive of a build."""
    project: str
    """Name of the CodeBuild project."""
    repository: str
    """Name of the ECR repository."""
    lock: str
    """Text of the lock file."""
    tag: str
    """Digest of what the image is made from, 40 hexadecimal digits."""


class ImageBuildOutputs(ResourceModel):
    """The image."""

    repository: str
    """Name of the ECR repository."""
    tag: str
    """Its tag."""
    image: str
    """The image by digest, `…/name@sha256:…`; empty: it is gone from the repository."""


class ImageBuildHandler:
    """CRUD of the image; its id is the URI of its folder in the store, and how that is reached.

    Args:
        poll_seconds: time between two looks at a running build, seconds.
    """

    token = "trimaran:aws:ImageBuild"
    inputs = ImageBuildInputs
    outputs = ImageBuildOutputs
    replace_on = frozenset({"store_uri", "repository"})

    def __init__(self, poll_seconds: float = 5.0) -> None:
        self._poll_seconds = poll_seconds

    def create(self, inputs: ImageBuildInputs, report: Reporter) -> Created[ImageBuildOutputs]:
        outputs = self._apply(inputs, report)
        return Created(id=address(_folder(inputs), inputs.account), outputs=outputs)

    def read(self, resource_id: str) -> tuple[ImageBuildInputs, ImageBuildOutputs] | None:
        folder, account = parse_address(resource_id)
        with told_as_ours(folder):
            record = _read(account, folder)
            if record is None:
                return None
            inputs = ImageBuildInputs(account=account, **record)
            image = find_image(client(account, "ecr"), inputs.repository, inputs.tag)
        return inputs, _outputs(inputs, image)

    def drifted(self, outputs: ImageBuildOutputs) -> frozenset[str]:
        return frozenset() if outputs.image else frozenset({"image"})

    def update(
        self, resource_id: str, old: ImageBuildOutputs, new: ImageBuildInputs, report: Reporter
    ) -> ImageBuildOutputs:
        return self._apply(new, report)

    def delete(self, resource_id: str, old: ImageBuildOutputs, report: Reporter) -> None:
        # The images stay: another stack may run them, and how long they are kept is the
        # repository's business.
        folder, account = parse_address(resource_id)
        bucket, key = _record(folder)
        with told_as_ours(folder):
            s3 = client(account, "s3")
            try:
                s3.delete_object(Bucket=bucket, Key=key)
            except s3.exceptions.ClientError as exc:
                if error_code(exc) not in _GONE:
                    raise

    def _apply(self, inputs: ImageBuildInputs, report: Reporter) -> ImageBuildOutputs:
        context = image_context(inputs.lock)
        if context.tag != inputs.tag:
            raise ResourceError(
                "the program and the plugin have different versions of trimaran-runtime",
                where=f"image of {inputs.repository}",
                next_step="install the project's requirements into one environment, and try again",
            )
        with told_as_ours(f"image of {inputs.repository}"):
            ecr = client(inputs.account, "ecr")
            image = find_image(ecr, inputs.repository, inputs.tag)
            if image is None:
                self._build(inputs).run(context.zipped(), report)
                image = find_image(ecr, inputs.repository, inputs.tag)
                if image is None:
                    raise ResourceError(
                        f"the build succeeded, and there is no image {inputs.tag}",
                        where=f"image of {inputs.repository}",
                        next_step="look whether the repository's lifecycle policy took it",
                    )
                warn_of_manifest(ecr, inputs.repository, inputs.tag, report)
            _write(inputs)
        return _outputs(inputs, image)

    def _build(self, inputs: ImageBuildInputs) -> CodeBuild:
        return CodeBuild(
            account=inputs.account,
            project=inputs.project,
            repository=inputs.repository,
            tag=inputs.tag,
            folder=_folder(inputs),
            poll_seconds=self._poll_seconds,
        )


def _folder(inputs: ImageBuildInputs) -> str:
    return f"{inputs.store_uri}/images/{inputs.repository}"


def _record(folder: str) -> tuple[str, str]:
    """Bucket and key of the record of the newest image."""
    bucket, prefix = split_uri(folder)
    return bucket, f"{prefix}/image.json"


def _write(inputs: ImageBuildInputs) -> None:
    bucket, key = _record(_folder(inputs))
    record = inputs.model_dump(mode="json", exclude={"account"})
    client(inputs.account, "s3").put_object(
        Bucket=bucket, Key=key, Body=json.dumps(record, sort_keys=True).encode()
    )


def _read(account: AwsAccount, folder: str) -> dict[str, Any] | None:
    bucket, key = _record(folder)
    s3 = client(account, "s3")
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError as exc:
        if error_code(exc) not in _GONE:
            raise
        return None
    record: dict[str, Any] = json.loads(answer["Body"].read())
    return record


def _outputs(inputs: ImageBuildInputs, image: str | None) -> ImageBuildOutputs:
    return ImageBuildOutputs(repository=inputs.repository, tag=inputs.tag, image=image or "")
