"""Accounts that a registry is shared with are those of the store, and refused as there."""

from typing import Any

import pulumi
import pytest

from tests.aws.rendering import rendered
from trimaran.registry import Registry

STORE = "s3://toy-store"


def register(cloud: str, accounts: list[str]) -> Any:
    """A registry alone, of a store that is given."""
    return rendered(
        lambda _: Registry("toy", {"cloud": cloud, "store_uri": STORE, "share_with": accounts})
    )


def test_a_registry_alone_is_shared_by_its_own_argument() -> None:
    assert register("aws", ["210987654321"]).names(":ModelPackageGroupPolicy")


@pytest.mark.parametrize(
    ("cloud", "account", "says"),
    [("aws", "210987", "is no AWS account"), ("local", "210987654321", "store.share_with")],
)
def test_what_the_store_would_refuse_is_refused(cloud: str, account: str, says: str) -> None:
    with pytest.raises(pulumi.RunError, match=says):
        register(cloud, [account])
