"""Opening a store on S3: with the environment's credentials, or a boto3 session's."""

import os
from importlib.util import find_spec
from typing import Any

from trimaran_runtime.errors import StoreError

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_OWN_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""Variables that obstore finds credentials by; every container of SageMaker has one of them."""


def open_s3(uri: str, session: Any = None) -> Any:
    """An obstore store below `s3://bucket/prefix`; asks nobody yet.

    Args:
        uri: the root.
        session: boto3 session whose region and credentials are used. None: those of the
            environment; where it has none, what boto3 finds (a profile, a single sign-on).

    Raises:
        StoreError: the session has no credentials.
    """
    from obstore.store import S3Store

    config: dict[str, Any] = {}
    options: dict[str, Any] = {}
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)
    if endpoint is not None:
        config["aws_endpoint"] = endpoint
        options["client_options"] = {"allow_http": endpoint.startswith("http://")}
    session = session or _found_session()
    if session is not None:
        from obstore.auth.boto3 import Boto3CredentialProvider

        if session.get_credentials() is None:
            raise StoreError(
                "no AWS credentials were found",
                where="store",
                next_step="sign in (`aws sso login`), or put credentials into the environment",
            )
        options["credential_provider"] = Boto3CredentialProvider(session)
        if session.region_name:
            config["aws_region"] = session.region_name
    opened: Any = S3Store.from_url
    return opened(uri, config=config, **options)


def _found_session() -> Any:
    """A boto3 session with credentials that only boto3 can find; None: there is no need, or none.

    obstore reads neither profiles nor single sign-on, which is what a person's machine has.
    """
    if any(os.environ.get(name) for name in _OWN_CREDENTIALS) or find_spec("boto3") is None:
        return None
    import boto3

    session = boto3.Session()
    return session if session.get_credentials() is not None else None
