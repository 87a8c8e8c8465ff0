"""Every field of the spec is native, emulated or rejected with a reason; none is ignored."""

import pytest

from trimaran.clouds import installed_clouds, resolve_cloud
from trimaran_providers.contract.capabilities import (
    Capabilities,
    Leaf,
    Support,
    leaves,
    native,
    paths,
    rejected,
)
from trimaran_providers.contract.errors import UnsupportedError
from trimaran_providers.contract.spec import StackSpec
from trimaran_providers.local.capabilities import CAPABILITIES

MINIMAL = {
    "name": "toy",
    "data": {"source": "toy:load", "target": "bought"},
    "pipeline": {"train": "toy:fit"},
}


def spec(**sections: object) -> StackSpec:
    return StackSpec.model_validate({**MINIMAL, **sections})


@pytest.fixture(params=installed_clouds())
def capabilities(request: pytest.FixtureRequest) -> Capabilities:
    """What each cloud of this distribution can do."""
    return resolve_cloud(request.param).capabilities


def test_a_cloud_speaks_of_every_leaf(capabilities: Capabilities) -> None:
    members = {key.partition("=")[0] for key in capabilities.table if "=" in key}
    silent = [
        path
        for path in paths(StackSpec)
        if capabilities.of(Leaf(path, "any value")) is None and path not in members
    ]
    assert silent == []


def test_every_entry_speaks_of_something_in_the_spec(capabilities: Capabilities) -> None:
    known = set(paths(StackSpec))
    sections = {".".join(p.split(".")[:n]) for p in known for n in range(1, len(p.split(".")) + 1)}
    assert {key.partition("=")[0] for key in capabilities.table} <= sections


def test_what_is_emulated_or_rejected_says_how_and_why(capabilities: Capabilities) -> None:
    for path, capability in capabilities.table.items():
        assert (capability.support is Support.native) == (capability.how == ""), path
        if capability.support is Support.rejected:
            assert capability.instead, path


def test_an_explicit_nothing_is_never_refused(capabilities: Capabilities) -> None:
    """What is off by default may be written down as off."""
    for path, value in (
        ("pipeline.learner", None),
        ("pipeline.on_new_data", False),
        ("endpoint.compute.spot", False),
        ("endpoint.port", None),
        ("endpoint.shadow", None),
        ("registry.keep_releases", None),
        ("store.existing", None),
        ("encryption", None),
    ):
        found = capabilities.of(Leaf(path, value))
        assert found is not None, path
        assert found.support is not Support.rejected, path


def test_a_rejected_field_is_refused_by_name_with_what_to_do() -> None:
    with pytest.raises(UnsupportedError) as refused:
        CAPABILITIES.check(spec(endpoint={"kind": "async"}))
    assert str(refused.value).startswith("endpoint.kind: async: is not possible on local")
    assert "endpoint.kind: realtime" in str(refused.value)


def test_defaults_and_explicit_nothing_are_not_wishes() -> None:
    assert CAPABILITIES.check(spec()) == ()
    assert CAPABILITIES.check(spec(encryption=None, endpoint={"shadow": None})) == ()


def test_what_is_emulated_is_reported() -> None:
    told = CAPABILITIES.check(spec(budget={"monthly_usd": 10}))
    assert [leaf.path for leaf, _ in told] == ["budget.monthly_usd"]


def test_a_field_that_a_cloud_does_not_mention_is_refused() -> None:
    silent = Capabilities(cloud="silent", table={"name": native(), "data": native()})
    with pytest.raises(UnsupportedError, match="does not mention"):
        silent.check(spec())


def test_the_longest_match_wins() -> None:
    table = {
        "endpoint": native(),
        "endpoint.kind": rejected("no", "nothing"),
        "endpoint.kind=realtime": native(),
    }
    some = Capabilities(cloud="some", table=table)
    assert some.of(Leaf("endpoint.port", 8080)) is table["endpoint"]
    (kind,) = leaves(spec(endpoint={"kind": "async"}).endpoint, "endpoint")
    assert some.of(kind) is table["endpoint.kind"]
