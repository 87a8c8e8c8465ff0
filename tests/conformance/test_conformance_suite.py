"""The suite sees what it is for: each fault of a cloud fails the one check that is about it."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from trimaran_providers.contract.capabilities import Capabilities, native, rejected
from trimaran_providers.contract.cloud import Cloud, Context, Upstream
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.outputs import EndpointOutputs
from trimaran_providers.contract.spec import EndpointSpec
from trimaran_providers.local.capabilities import TABLE
from trimaran_providers.local.cloud import LocalCloud
from trimaran_providers.testing.conformance import CloudConformance

CHECKS = [name for name in dir(CloudConformance) if name.startswith("test_")]
counter = itertools.count()


class Sound(LocalCloud):
    """The local cloud, with one more resource of its own."""

    def endpoint(self, context: Context, spec: EndpointSpec, upstream: Upstream) -> EndpointOutputs:
        self.extra(context)
        return super().endpoint(context, spec, upstream)

    def extra(self, context: Context) -> None:
        Thing(f"{context.name}-thing", {"tags": dict(context.platform.tags)}, context.parent)


class Thing(pulumi.CustomResource):
    def __init__(self, name: str, properties: dict[str, Any], parent: Any) -> None:
        super().__init__("test:index:Thing", name, properties, pulumi.ResourceOptions(parent))


class MisnamedChild(Sound):
    def extra(self, context: Context) -> None:
        Thing("thing", {"tags": dict(context.platform.tags)}, context.parent)


class OrphanChild(Sound):
    def extra(self, context: Context) -> None:
        Thing(f"{context.name}-thing", {"tags": dict(context.platform.tags)}, None)


class UntaggedChild(Sound):
    def extra(self, context: Context) -> None:
        Thing(f"{context.name}-thing", {}, context.parent)


class Moody(Sound):
    def extra(self, context: Context) -> None:
        tags = dict(context.platform.tags)
        Thing(f"{context.name}-thing", {"tags": tags, "at": next(counter)}, context.parent)


class Curious(Sound):
    def extra(self, context: Context) -> None:
        super().extra(context)
        pulumi.runtime.invoke("test:index:whoAmI", {})


class Silent(Sound):
    def endpoint(self, context: Context, spec: EndpointSpec, upstream: Upstream) -> EndpointOutputs:
        outputs = super().endpoint(context, spec, upstream)
        return EndpointOutputs(id=outputs.id, url="http://127.0.0.1", release=outputs.release)  # type: ignore[arg-type]


class Forgetful(Sound):
    @property
    def capabilities(self) -> Capabilities:
        table = {key: value for key, value in TABLE.items() if key != "endpoint.limits"}
        return Capabilities(cloud="local", table=table)


class Inventive(Sound):
    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(cloud="local", table={**TABLE, "endpoint.colour": native()})


class Curt(Sound):
    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(cloud="local", table={**TABLE, "endpoint.port=none": rejected("")})


class Wavering(Sound):
    """A table whose longest match lets through what a shorter one rejects."""

    @property
    def capabilities(self) -> Capabilities:
        open_member = {"endpoint.shadow.channel": native(), "endpoint.shadow.fraction": native()}
        return Capabilities(cloud="local", table={**TABLE, **open_member})


class Contrary(Sound):
    def problems(self, spec: Any, platform: Any) -> tuple[Problem, ...]:
        return (Problem(path="name", what="not today"),)


class Renamed(Sound):
    name = "harbour"


FAULTS: dict[type[Cloud], set[str]] = {
    Sound: set(),
    MisnamedChild: {"test_every_name_begins_with_the_components"},
    OrphanChild: {"test_every_resource_is_below_its_component"},
    UntaggedChild: {"test_what_takes_tags_has_them"},
    Moody: {"test_the_same_spec_gives_the_same_resources"},
    Curious: {"test_a_preview_asks_nobody"},
    Silent: {"test_every_component_gives_all_of_its_outputs"},
    Forgetful: {"test_it_speaks_of_every_field"},
    Inventive: {"test_it_speaks_of_fields_that_exist"},
    Curt: {
        "test_what_it_emulates_or_rejects_is_explained",
        "test_what_it_rejects_is_refused_by_name",
    },
    Wavering: {"test_what_it_rejects_is_refused_by_name"},
    Contrary: {"test_what_it_renders_it_does_not_refuse"},
    Renamed: {"test_it_is_called_as_it_is_found"},
}


@pytest.mark.parametrize("faulty", FAULTS, ids=lambda cloud: cloud.__name__)
def test_a_fault_fails_its_check_and_no_other(faulty: type[Cloud], tmp_path: Path) -> None:
    class Suite(CloudConformance):
        cloud_name = "local"

        def make_cloud(self) -> Cloud:
            return faulty()

        def takes_tags(self, resource: Any) -> bool:
            return bool(resource.type == "test:index:Thing")

    failed = {name for name in CHECKS if fails(getattr(Suite(), name), tmp_path)}
    assert failed == FAULTS[faulty]


def fails(check: Callable[..., None], folder: Path) -> bool:
    takes_folder = "tmp_path" in check.__annotations__
    try:
        check(folder) if takes_folder else check()
    except AssertionError:
        return True
    return False


def test_what_the_process_has_under_way_is_not_waited_for(tmp_path: Path) -> None:
    class Suite(CloudConformance):
        cloud_name = "local"

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.Output.from_input("made outside of any program, in a loop that does not run")
        Suite().test_a_preview_asks_nobody(tmp_path)
        assert asyncio.get_event_loop_policy().get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()
