"""Secrets of the platform in the environment of the user's code.

A container's definition names where secrets are kept, never what they are:
`TRIMARAN_SECRETS='{"database": "trimaran/flights/database"}'`. The values are fetched by the
process that needs them, and are in no definition, log or file.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any

import orjson

from trimaran_runtime.errors import ConfigError, PlatformError
from trimaran_runtime.platform.aws_client import aws_client, told_as_platform_error

VARIABLE = "TRIMARAN_SECRETS"
"""JSON object: name of a variable → name or ARN of the Secrets Manager secret."""
_ALLOWED = '{"name of the variable": "name or ARN of the secret", …}'


def put_secrets(environ: MutableMapping[str, str]) -> None:
    """Fetch the secrets that the environment names, and put their values into it.

    Nothing is asked, and boto3 is not loaded, where it names none.

    Raises:
        ConfigError: the variable is not what it has to be.
        PlatformError: a secret is not there, is not text, or may not be read.
    """
    named = _named(environ.get(VARIABLE, ""))
    if not named:
        return
    client = aws_client("secretsmanager")
    for name, secret in named.items():
        environ[name] = _value(client, name, secret)


def _named(text: str) -> Mapping[str, str]:
    if not text:
        return {}
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise ConfigError(f"not JSON: {exc}", where=VARIABLE, allowed=_ALLOWED) from exc
    if not isinstance(document, dict) or not all(isinstance(s, str) for s in document.values()):
        raise ConfigError("not names by name", where=VARIABLE, allowed=_ALLOWED)
    for name in document:
        if not name or "=" in name or "\0" in name:
            raise ConfigError(f"{name!r} cannot be the name of a variable", where=VARIABLE)
    return document


def _value(client: Any, name: str, secret: str) -> str:
    with told_as_platform_error(
        f"cannot read secret {name!r} ({secret})", "secrets", "secretsmanager:GetSecretValue"
    ):
        answer = client.get_secret_value(SecretId=secret)
    value = answer.get("SecretString")
    if not isinstance(value, str):
        raise PlatformError(
            f"secret {name!r} ({secret}) is binary", where="secrets", allowed="a secret text"
        )
    return value
