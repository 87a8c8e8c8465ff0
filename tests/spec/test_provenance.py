"""Where every value of a spec came from: a line of a file, or a default."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimaran.spec.load import DEFAULT, Loaded, load, load_stack, override
from trimaran_providers.contract.errors import SpecError

SPEC = """\
name: flights
data:
  source: flights:load
  target: late
pipeline: {train: "flights:fit", parameters: {depth: 4}}
endpoint:
  replicas:
    min: 1
    max: 1
  capture: {fraction: 0.5}
alerts:
  channels:
    - {kind: email, to: ml@example.com}
"""


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Loaded]:
    def load_with(prod: str = "", project: str = "") -> Loaded:
        (tmp_path / "flights.yaml").write_text(SPEC)
        (tmp_path / "Pulumi.yaml").write_text(f"name: p\nruntime: python\n{project}")
        (tmp_path / "Pulumi.prod.yaml").write_text(prod or "config: {}\n")
        return load_stack(tmp_path / "flights.yaml", "prod")

    return load_with


def sources(loaded: Loaded) -> dict[str, str]:
    return {value.path: value.source for value in loaded.provenance}


def values(loaded: Loaded) -> dict[str, object]:
    return {value.path: value.value for value in loaded.provenance}


def test_a_value_of_the_file_has_its_line(loaded: Callable[..., Loaded]) -> None:
    found = sources(loaded())
    assert found["data.target"] == "flights.yaml:4"
    assert found["pipeline.parameters.depth"] == "flights.yaml:5"
    assert found["alerts.channels[0].to"] == "flights.yaml:13"


def test_what_nobody_gave_is_a_default(loaded: Callable[..., Loaded]) -> None:
    found = sources(loaded())
    assert found["endpoint.kind"] == DEFAULT
    assert found["data.split.train"] == DEFAULT
    assert found["endpoint.capture.max_gib"] == DEFAULT


def test_every_field_is_listed_once(loaded: Callable[..., Loaded]) -> None:
    listed = [value.path for value in loaded().provenance]
    assert len(listed) == len(set(listed))
    assert {"name", "cloud", "budget", "gate.champion.alpha", "image.lock"} <= set(listed)


def test_an_override_has_the_line_of_the_stack(loaded: Callable[..., Loaded]) -> None:
    prod = """\
config:
  trimaran:cloud: local
  trimaran:set:
    registry.approval: manual
    endpoint.replicas.max: 4
    endpoint:
      rollout: {strategy: canary, steps: [50, 100]}
"""
    merged = loaded(prod)
    found = sources(merged)
    assert found["registry.approval"] == "Pulumi.prod.yaml:4"
    assert found["endpoint.replicas.max"] == "Pulumi.prod.yaml:5"
    assert found["endpoint.replicas.min"] == "flights.yaml:8"
    assert found["endpoint.rollout.steps"] == "Pulumi.prod.yaml:7"
    assert merged.spec.endpoint.replicas.max == 4
    assert merged.spec.endpoint.rollout.steps == (50, 100)
    assert merged.stack is not None
    assert (merged.stack.cloud, merged.stack.cloud_source) == ("local", "Pulumi.prod.yaml:2")


def test_null_turns_a_section_off(loaded: Callable[..., Loaded]) -> None:
    merged = loaded("config: {'trimaran:set': {endpoint.capture: null}}\n")
    assert merged.spec.endpoint.capture is None
    assert sources(merged)["endpoint.capture"] == "Pulumi.prod.yaml:1"
    assert "endpoint.capture.fraction" not in sources(merged)


def test_numbers_that_pulumi_wrote_as_text_are_read(loaded: Callable[..., Loaded]) -> None:
    # `pulumi config set --path 'trimaran:set["gate.floor"]' 0.7` writes "0.7".
    config = "config:\n  trimaran:set:\n    gate.floor: '0.7'\n    data.version: '1.0'\n"
    merged = loaded(config)
    assert merged.spec.gate.floor == 0.7
    assert merged.spec.data.version == "1.0"


def test_text_in_the_spec_is_no_number(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(SPEC + "gate: {floor: '0.7'}\n")
    with pytest.raises(SpecError, match=r"gate\.floor: the text \"0\.7\" has the wrong type"):
        load(tmp_path / "f.yaml")


def test_dates_and_yes_stay_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(SPEC + "tags: {country: no, since: 2024-01-31, port: '010'}\n")
    assert load(file).tags == {"country": "no", "since": "2024-01-31", "port": "010"}


def test_pulumi_yaml_sets_for_every_stack_and_a_stack_sets_over_it(
    loaded: Callable[..., Loaded],
) -> None:
    project = "config: {'trimaran:cloud': {value: local}, 'aws:region': us-east-1}\n"
    merged = loaded(project=project)
    assert merged.stack is not None
    assert merged.stack.cloud_source == "Pulumi.yaml:3"
    over = loaded("config: {'trimaran:cloud': aws}\n", project)
    assert over.stack is not None
    assert over.stack.cloud == "aws"


class Output:
    """The shape by which a Pulumi output is known."""

    def apply(self, _: object) -> "Output":
        return self

    def is_known(self) -> bool:
        return False


def test_a_spec_in_a_program_is_overridden_by_path_and_keeps_its_outputs(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(SPEC)
    key: Any = Output()
    with_key = override(load(tmp_path / "f.yaml"), {"registry.approval": "manual"}, "config")
    document = {**with_key.model_dump(mode="json", exclude_unset=True), "encryption": {"key": key}}
    spec = override(document, {"encryption": {"key": key}, "gate.floor": 0.5}, "config")
    assert spec.encryption is not None
    assert spec.encryption.key is key
    assert spec.gate.floor == 0.5
    assert spec.registry.approval == "manual"


def test_an_override_in_a_program_is_told_by_its_source(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(SPEC)
    with pytest.raises(SpecError, match=r"^trimaran:set: gate\.flor: unknown key; did you mean"):
        override(load(tmp_path / "f.yaml"), {"gate.flor": 1}, "trimaran:set")


def test_what_is_set_survives_an_override(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(SPEC)
    spec = load(tmp_path / "f.yaml")
    same = override(spec, {}, "config")
    assert same == spec
    assert same.model_fields_set == spec.model_fields_set
    assert same.endpoint.model_fields_set == spec.endpoint.model_fields_set
