"""Sessions and clients of AWS's services for our own calls."""

from functools import cache
from typing import Any

from trimaran_providers.aws.account import AwsAccount

_SESSION = "trimaran"


def session(account: AwsAccount) -> Any:
    """A boto3 session.

    Credentials come from where boto3 looks for them; where the account names a role, that role is
    assumed with them, again and again: a deployment may outlast the hour that a role is lent for.

    Args:
        account: region, profile and role of the stack.
    """
    import boto3
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    own = boto3.Session(
        botocore_session=_core(), profile_name=account.profile, region_name=account.region
    )
    if account.role_arn is None:
        return own
    extra = {"RoleSessionName": _SESSION}
    if account.external_id:
        extra["ExternalId"] = account.external_id
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=own.client,
        source_credentials=own.get_credentials(),
        role_arn=account.role_arn,
        extra_args=extra,
    )
    assumed = _core()
    # botocore's own chain assumes a role only from a profile of the shared file; this is how it
    # sets what the chain found.
    assumed._credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return boto3.Session(botocore_session=assumed, region_name=own.region_name)


def client(account: AwsAccount, service: str) -> Any:
    """A boto3 client; `AWS_ENDPOINT_URL` is honoured, as in every AWS tool.

    Args:
        account: region, profile and role of the stack.
        service: name of the service, as boto3 knows it: `sagemaker`.
    """
    return session(account).client(service)


def _core() -> Any:
    from botocore.session import get_session

    core = get_session()
    core.register_component("data_loader", _loader())
    return core


@cache
def _loader() -> Any:
    """Reads the services' models: 0.1 to 0.3 s each, so every session shares what is read."""
    from botocore.session import get_session

    return get_session().get_component("data_loader")
