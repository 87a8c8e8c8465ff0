"""Ids of the plugin's resources on AWS: what it is, and how to get there."""

from urllib.parse import parse_qsl, urlencode

from trimaran_providers.aws.account import AwsAccount


def address(name: str, account: AwsAccount) -> str:
    """An id that `read` can ask by: the name, and what the account does not leave to defaults.

    Args:
        name: name or URI of the resource; no question mark in it.
        account: how it is reached.
    """
    query = urlencode(account.model_dump(exclude_none=True), safe=":/")
    return f"{name}?{query}" if query else name


def parse_address(resource_id: str) -> tuple[str, AwsAccount]:
    """Name and account of an id; of one that a person gives to an import, too."""
    name, _, query = resource_id.partition("?")
    return name, AwsAccount.model_validate(dict(parse_qsl(query)))
