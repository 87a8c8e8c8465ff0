"""Images in ECR by tag, and their digests."""

from typing import Any

from trimaran_providers.aws.handlers.refusal import error_code
from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.contract.handler import Reporter

_MISSING = frozenset({"RepositoryNotFoundException", "ImageNotFoundException"})
# aws/amazon-sagemaker-feedback issue 180, open on 2026-11-24.
_REFUSED_BY_SAGEMAKER = "application/vnd.oci."


def repository_uri(ecr: Any, name: str) -> str:
    """URI of a repository.

    Raises:
        ResourceError: there is none of that name.
    """
    try:
        answer = ecr.describe_repositories(repositoryNames=[name])
    except ecr.exceptions.ClientError as exc:
        if error_code(exc) not in _MISSING:
            raise
        raise ResourceError(
            f"there is no ECR repository {name!r} in this account and region",
            where="image.repository",
            next_step="make it, or leave image.repository out: the stack then makes its own",
        ) from exc
    return str(answer["repositories"][0]["repositoryUri"])


def find_image(ecr: Any, name: str, tag: str) -> str | None:
    """The image of a tag, `…/name@sha256:…`; None: there is none, or no repository."""
    try:
        found = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ClientError as exc:
        if error_code(exc) not in _MISSING:
            raise
        return None
    details = found["imageDetails"]
    if not details:
        return None
    return f"{repository_uri(ecr, name)}@{details[0]['imageDigest']}"


def warn_of_manifest(ecr: Any, name: str, tag: str, report: Reporter) -> None:
    """Say so where SageMaker would refuse the image for the form of its manifest."""
    found = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
    form = found["imageDetails"][0].get("imageManifestMediaType", "")
    if form.startswith(_REFUSED_BY_SAGEMAKER):
        report.warning(f"{name}:{tag} has the manifest {form}, which SageMaker may refuse")
