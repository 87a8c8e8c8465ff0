"""Which cloud is meant, and what is said when it cannot be had."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from trimaran import clouds
from trimaran_providers.contract.errors import CloudMissingError, SpecError


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Clouds are loaded once in a process; here, by each test."""
    clouds.resolve_cloud.cache_clear()
    yield
    clouds.resolve_cloud.cache_clear()


def offer(monkeypatch: pytest.MonkeyPatch, **offered: str) -> None:
    entries = {name: EntryPoint(name, value, clouds.GROUP) for name, value in offered.items()}
    monkeypatch.setattr(clouds, "_offered", lambda: entries)


def test_the_local_cloud_is_installed() -> None:
    assert "local" in clouds.installed_clouds()
    assert clouds.resolve_cloud("local").name == "local"


def test_a_cloud_is_looked_for_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    found = clouds.resolve_cloud("local")
    offer(monkeypatch)
    assert clouds.resolve_cloud("local") is found


def test_a_cloud_that_this_version_has_not_says_so_and_promises_no_extra() -> None:
    with pytest.raises(CloudMissingError) as caught:
        clouds.resolve_cloud("gcp")
    assert str(caught.value) == (
        "cloud: gcp is not part of trimaran 0.1.0\n"
        "  Allowed: aws, local\n"
        "  Next: use one of these, or a newer version of trimaran"
    )


def test_a_cloud_whose_extra_is_missing_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offer(monkeypatch, local="x:Y", aws="pulumi_aws_is_not_here:Cloud")
    with pytest.raises(CloudMissingError) as caught:
        clouds.resolve_cloud("aws")
    assert str(caught.value) == (
        "cloud: aws needs the Python package pulumi_aws_is_not_here, which is not installed\n"
        "  Next: pip install 'trimaran[aws]'"
    )


def test_a_misspelled_cloud_is_answered_with_the_right_one() -> None:
    with pytest.raises(CloudMissingError, match='no cloud "lokal"; did you mean local\\?'):
        clouds.resolve_cloud("lokal")


def test_no_cloud_is_loaded_to_list_them(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, local="not_there:Cloud", mars="not_there:Cloud")
    assert clouds.installed_clouds() == ("local", "mars")


@pytest.mark.parametrize(("spec", "stack"), [("aws", None), (None, "aws"), ("aws", "aws")])
def test_one_place_is_enough(spec: str | None, stack: str | None) -> None:
    assert clouds.choose_cloud(spec, stack) == "aws"


def test_none_is_told() -> None:
    with pytest.raises(SpecError, match="no cloud is chosen"):
        clouds.choose_cloud(None, None)


def test_two_that_differ_are_told() -> None:
    with pytest.raises(SpecError, match="the spec says aws, trimaran:cloud says local"):
        clouds.choose_cloud("aws", "local")
