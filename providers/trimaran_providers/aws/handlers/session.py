"""Clients of AWS's services for our own calls."""

from functools import cache
from typing import Any

from trimaran_providers.aws.account import AwsAccount

_SESSION = "trimaran"


def client(account: AwsAccount, service: str) -> Any:
    """A boto3 client.

    Credentials come from where boto3 looks for them; where the account names a role, that role is
    assumed with them. `AWS_ENDPOINT_URL` is honoured, as in every AWS tool.

    Args:
        account: region, profile and role of the stack.
        service: name of the service, as boto3 knows it: `sagemaker`.
    """
    session = _session(profile_name=account.profile, region_name=account.region)
    if account.role_arn is None:
        return session.client(service)
    external = {"ExternalId": account.external_id} if account.external_id else {}
    assumed = session.client("sts").assume_role(
        RoleArn=account.role_arn, RoleSessionName=_SESSION, **external
    )["Credentials"]
    return _session(
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
        region_name=account.region,
    ).client(service)


def _session(**settings: str | None) -> Any:
    import boto3
    from botocore.session import get_session

    core = get_session()
    core.register_component("data_loader", _loader())
    return boto3.Session(botocore_session=core, **settings)


@cache
def _loader() -> Any:
    """Reads the services' models: 0.1 to 0.3 s each, so every session shares what is read."""
    from botocore.session import get_session

    return get_session().get_component("data_loader")
