"""Clients of AWS's services for what runs inside AWS: boto3, loaded when it is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trimaran_runtime.errors import PlatformError

_REFUSALS = ("AccessDenied", "AccessDeniedException", "UnrecognizedClientException")
"""Error codes that say that the caller may not (botocore, `ClientError.response`)."""
_FORBIDDEN = 403


def aws_client(service: str) -> Any:
    """A boto3 client with the region and the credentials of the environment.

    Raises:
        PlatformError: boto3 is not installed, or there is no region.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError as exc:
        raise PlatformError(
            "boto3 is not installed here",
            where=service,
            next_step="use an image with `trimaran-runtime[aws]`",
        ) from exc
    try:
        return boto3.client(service)
    except BotoCoreError as exc:
        raise PlatformError(
            str(exc), where=service, next_step="set AWS_REGION to the region of the stack"
        ) from exc


@contextmanager
def told_as_platform_error(what: str, where: str, permission: str) -> Iterator[None]:
    """Turn what boto3 raises into a PlatformError.

    Args:
        what: what cannot be done: `cannot read the secret`.
        where: the resource.
        permission: IAM action that is needed for it.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as exc:
        error = exc.response.get("Error", {})
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        refused = error.get("Code") in _REFUSALS or status == _FORBIDDEN
        raise PlatformError(
            f"{what}: {error.get('Code')}: {error.get('Message')}",
            where=where,
            next_step=f"allow {permission} in the role of the step" if refused else "",
        ) from exc
    except BotoCoreError as exc:
        raise PlatformError(
            f"{what}: {exc}",
            where=where,
            next_step="check the credentials and the network of the step",
        ) from exc
