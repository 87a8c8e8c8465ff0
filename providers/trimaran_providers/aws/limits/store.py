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
    if existing is not None:
        yield from _beside_existing(store)
    for position, account in enumerate(store.share_with):
        if not ACCOUNT.fullmatch(account):
            yield Problem(
                path=f"store.share_with[{position}]",
                what=f"{account!r} is no AWS account",
                allowed="12 digits, in quotes",
            )


def _beside_existing(store: StoreSpec) -> Iterator[Problem]:
    """A bucket that is there already keeps its own policy and lifecycle: they are not ours."""
    for field, is_given, instead in (
        ("retention_days", store.retention_days is not None, "a lifecycle rule of that bucket"),
        ("share_with", bool(store.share_with), "that bucket's own policy"),
    ):
        if is_given:
            yield Problem(
                path=f"store.{field}",
                what="beside store.existing, whose settings stay as they are",
                allowed=f"{instead}; or a store of the stack's own",
            )
