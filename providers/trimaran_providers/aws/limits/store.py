"""Limits of the `store` section."""

from collections.abc import Iterator

from trimaran_providers.aws.limits.identifiers import ACCOUNT, is_bucket, is_s3_uri
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.spec import StoreSpec


def store_problems(store: StoreSpec) -> Iterator[Problem]:
    """What AWS cannot do of the section."""
    existing = store.existing
    if existing is not None and not (is_bucket(existing) or is_s3_uri(existing)):
        yield Problem(
            path="store.existing",
            what=f"{existing!r} is no bucket",
            allowed="the name of a bucket, or s3://BUCKET/PREFIX",
        )
    for position, account in enumerate(store.share_with):
        if not ACCOUNT.fullmatch(account):
            yield Problem(
                path=f"store.share_with[{position}]",
                what=f"{account!r} is no AWS account",
                allowed="12 digits, in quotes",
            )
