"""The tests that every cloud passes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar

import pulumi

from trimaran_providers.contract.capabilities import Capabilities, Leaf, Support, paths
from trimaran_providers.contract.cloud import Cloud
from trimaran_providers.contract.errors import UnsupportedError
from trimaran_providers.contract.spec import StackSpec
from trimaran_providers.testing.recording import Recording, Registered, record
from trimaran_providers.testing.stack import RenderedStack, render_components
from trimaran_providers.testing.wish import wish_for

MINIMAL: Mapping[str, Any] = {
    "name": "toy",
    "data": {"source": "toy:load", "target": "bought"},
    "pipeline": {"train": "toy:fit"},
}
"""The smallest spec: what every cloud renders."""
_CODE = "def load(): ...\n\n\ndef fit(train, validation, parameters): ...\n"


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A spec that was rendered in a project's folder."""

    spec: StackSpec
    folder: Path
    stack: RenderedStack
    recording: Recording


class CloudConformance:
    """What every cloud passes; a subclass names the cloud, and pytest runs its tests.

    Attributes:
        cloud_name: name of the entry point in the group `trimaran.clouds`.
        config: Pulumi configuration that the cloud needs, by full key.
        scenarios: specs that the cloud can render, by what they are called.
    """

    cloud_name: ClassVar[str]
    config: ClassVar[Mapping[str, str]] = {}
    scenarios: ClassVar[Mapping[str, Mapping[str, Any]]] = {"minimal": MINIMAL}

    _seen: ClassVar[dict[str, _Rendered]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._seen = {}

    # What a subclass says of its cloud.

    def make_cloud(self) -> Cloud:
        """The cloud, as `trimaran` finds it."""
        (entry,) = entry_points(group="trimaran.clouds", name=self.cloud_name)
        made: Cloud = entry.load()()
        return made

    def write_project(self, folder: Path) -> None:
        """Write the project that the scenarios are of: here the module `toy`."""
        (folder / "toy.py").write_text(_CODE)

    def takes_tags(self, resource: Registered) -> bool:
        """Whether a resource has to have the spec's tags; here none has."""
        return False

    def tags_in(self, resource: Registered) -> Mapping[str, str]:
        """The tags that a resource has."""
        found: Mapping[str, str] = resource.inputs.get("tags") or {}
        return found

    # Capabilities.

    def test_it_is_called_as_it_is_found(self) -> None:
        assert self.make_cloud().name == self.cloud_name
        assert self.make_cloud().capabilities.cloud == self.cloud_name

    def test_it_speaks_of_every_field(self) -> None:
        capabilities = self.make_cloud().capabilities
        by_member = {key.partition("=")[0] for key in capabilities.table if "=" in key}
        silent = [
            path
            for path in paths(StackSpec)
            if path not in by_member and capabilities.of(Leaf(path, "any value")) is None
        ]
        assert not silent, f"{self.cloud_name} says nothing of {', '.join(silent)}"

    def test_it_speaks_of_fields_that_exist(self) -> None:
        known = {
            ".".join(path.split(".")[:length])
            for path in paths(StackSpec)
            for length in range(1, path.count(".") + 2)
        }
        strange = {key.partition("=")[0] for key in self.make_cloud().capabilities.table} - known
        assert not strange, f"{self.cloud_name} speaks of {', '.join(sorted(strange))}"

    def test_what_it_emulates_or_rejects_is_explained(self) -> None:
        for key, capability in self.make_cloud().capabilities.table.items():
            is_native = capability.support is Support.native
            assert is_native == (not capability.how), f"{key}: {capability.support} and its reason"
            if capability.support is Support.rejected:
                assert capability.instead, f"{key}: rejected, and nothing to use instead"

    def test_what_it_rejects_is_refused_by_name(self) -> None:
        capabilities = self.make_cloud().capabilities
        for key, capability in capabilities.table.items():
            if capability.support is Support.rejected:
                refusal = _refusal(capabilities, key)
                assert refusal is not None, f"{key}: rejected in the table, and let through"
                assert key.partition("=")[0] in refusal.field, f"{key}: refused: {refusal.field}"
                assert refusal.next_step, f"{key}: refused without what to do"

    def test_what_it_renders_it_does_not_refuse(self) -> None:
        for name, spec in self._specs():
            self.make_cloud().capabilities.check(spec)
            problems = self.make_cloud().problems(spec, spec)
            assert not problems, f"{name}: {'; '.join(map(str, problems))}"

    # Rendering.

    def test_every_component_gives_all_of_its_outputs(self, tmp_path: Path) -> None:
        for name in self.scenarios:
            stack = self._rendered(name, tmp_path).stack
            for part in fields(stack):
                outputs = getattr(stack, part.name)
                assert type(outputs).__name__.endswith("Outputs"), f"{name}: {part.name}"
                for field in fields(outputs):
                    value = getattr(outputs, field.name)
                    if field.type == "Output[str]":
                        where = f"{name}: {part.name}.{field.name}"
                        assert isinstance(value, pulumi.Output), f"{where} is {value!r}"

    def test_every_resource_is_below_its_component(self, tmp_path: Path) -> None:
        for name in self.scenarios:
            recording = self._rendered(name, tmp_path).recording
            assert recording.resources, f"{name}: nothing was rendered"
            for resource in recording.resources:
                above = _above(resource, recording)
                assert above, f"{name}: {resource.type} {resource.name} hangs on the stack itself"

    def test_every_name_begins_with_the_components(self, tmp_path: Path) -> None:
        for name in self.scenarios:
            rendered = self._rendered(name, tmp_path)
            own = rendered.spec.name
            for resource in rendered.recording.resources:
                is_ours = resource.name == own or resource.name.startswith(f"{own}-")
                assert is_ours, f"{name}: {resource.type} is called {resource.name}"

    def test_a_preview_asks_nobody(self, tmp_path: Path) -> None:
        for name in self.scenarios:
            recording = self._rendered(name, tmp_path).recording
            assert not recording.asked, f"{name}: asks for {', '.join(recording.asked)}"

    def test_the_same_spec_gives_the_same_resources(self, tmp_path: Path) -> None:
        for name in self.scenarios:
            first = self._rendered(name, tmp_path)
            again = self._render(first.spec, first.folder).recording
            assert set(first.recording.registered) == set(again.registered), name
            for urn, resource in first.recording.registered.items():
                assert resource == again.registered[urn], f"{name}: {resource.name} differs"

    def test_what_takes_tags_has_them(self, tmp_path: Path) -> None:
        tags = {"conformance": "tested"}
        for name, document in self.scenarios.items():
            spec = StackSpec.model_validate({**document, "tags": tags})
            for resource in self._render(spec, tmp_path).recording.resources:
                if self.takes_tags(resource):
                    missing = tags.items() - self.tags_in(resource).items()
                    assert not missing, f"{name}: {resource.type} {resource.name} has no tags"

    def _specs(self) -> Iterator[tuple[str, StackSpec]]:
        for name, document in self.scenarios.items():
            yield name, StackSpec.model_validate(document)

    def _rendered(self, name: str, folder: Path) -> _Rendered:
        """A scenario, rendered once for all tests that only look."""
        known: dict[str, _Rendered] = type(self)._seen
        if name not in known:
            spec = StackSpec.model_validate(self.scenarios[name])
            known[name] = self._render(spec, folder)
        return known[name]

    def _render(self, spec: StackSpec, folder: Path) -> _Rendered:
        self.write_project(folder)
        made: list[RenderedStack] = []
        recording = record(
            lambda: made.append(render_components(self.make_cloud(), spec, folder)),
            config=self.config,
        )
        return _Rendered(spec, folder, made[0], recording)


def _refusal(capabilities: Capabilities, key: str) -> UnsupportedError | None:
    try:
        capabilities.check(wish_for(key))
    except UnsupportedError as exc:
        return exc
    return None


def _above(resource: Registered, recording: Recording) -> Registered | None:
    """The component that a resource is in, directly or below another resource."""
    above = recording.registered.get(resource.parent)
    while above is not None and not above.is_component:
        above = recording.registered.get(above.parent)
    return above
