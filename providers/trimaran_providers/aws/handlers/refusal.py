"""What AWS refuses, told as ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from trimaran_providers.contract.errors import ResourceError

_SIGN_IN = "sign in (`aws sso login`, or credentials in the environment), then `pulumi up` again"
_CREDENTIALS = frozenset({"NoCredentialsError", "TokenRetrievalError", "SSOTokenLoadError"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@contextmanager
def told_as_ours(where: str) -> Iterator[None]:
    """Turn what boto3 raises into a ResourceError.

    Args:
        where: what was being worked on.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as exc:
        code, operation = error_code(exc), exc.operation_name
        message = exc.response.get("Error", {}).get("Message", "")
        raise ResourceError(
            f"AWS refused {operation}: {code}: {message}", where=where, next_step=_next(code)
        ) from exc
    except BotoCoreError as exc:
        missing = type(exc).__name__ in _CREDENTIALS
        raise ResourceError(str(exc), where=where, next_step=_SIGN_IN if missing else "") from exc


def error_code(error: Exception) -> str:
    """Code of a ClientError: `AccessDeniedException`."""
    response: dict[str, dict[str, str]] = getattr(error, "response", {})
    return response.get("Error", {}).get("Code", "")


def _next(code: str) -> str:
    if code in _EXPIRED:
        return _SIGN_IN
    if code in _DENIED:
        return "give the deployer's identity that permission"
    return ""
