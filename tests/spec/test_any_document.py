"""Whatever stands in the file, the loader answers with a spec or with a SpecError."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from trimaran.spec.document import Document
from trimaran.spec.json_schema import json_schema
from trimaran.spec.load import load_stack
from trimaran.spec.overlay import apply_overrides
from trimaran.spec.validate import validate
from trimaran.spec.yaml_reader import parse_yaml
from trimaran_providers.contract.errors import SpecError
from trimaran_providers.contract.spec import StackSpec

GOOD: dict[str, Any] = {
    "name": "a",
    "data": {"source": "a:b", "target": "t"},
    "pipeline": {"train": "a:b"},
}
KEYS = st.sampled_from(
    [*StackSpec.model_fields, "floor", "min", "max", "replicas", "channels", "kind", "x", "", "a.b"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["a:b", "batch", "manual", "email", "0", "", "\x00", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=6)
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def refusal(call: Callable[[], object]) -> SpecError | None:
    """What the call refuses; None: it answered. Any other error ends the test."""
    try:
        call()
    except SpecError as exc:
        return exc
    return None


@given(st.text(max_size=200) | st.text("a: [{&*!|>-\n\t#'\"}],%<", max_size=60))
@example("? a\n")
@example("!!float x: 1")
@example("a: !!int x")
@example("a: !!bool x")
@example("!!map [a]")
@example("a: !!map b")
@example("a: !!seq {b: c}")
@example("? !!str [a]\n: 1")
@example("%YAML 9.9\n---\na: 1")
@example("%TAG ! a:b\n---\n!x a")
@settings(max_examples=300, deadline=None)
def test_any_text(text: str) -> None:
    error = refusal(lambda: validate(parse_yaml(text, "f.yaml")))
    assert error is None or str(error)


@given(DOCUMENTS, st.sampled_from([{}, GOOD]))
@settings(max_examples=300, deadline=None)
def test_any_document_and_the_editor_allows_what_the_loader_allows(
    document: dict[str, Any], base: dict[str, Any]
) -> None:
    value = {**base, **document}
    if refusal(lambda: validate(Document(name="f", value=value))) is None:
        VALIDATOR.validate(value)


@given(st.dictionaries(st.text("ab.", max_size=5) | KEYS, VALUES, max_size=5))
@settings(max_examples=200, deadline=None)
def test_any_override(overrides: dict[str, Any]) -> None:
    document = Document(name="f", value=GOOD)
    changes = Document(name="s", value=overrides)
    error = refusal(lambda: validate(apply_overrides(document, changes)))
    assert error is None or str(error)


@given(VALUES)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_stack_file(tmp_path: Path, value: Any) -> None:
    yaml = YAML(typ="safe")
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    with (tmp_path / "f.yaml").open("w") as stream:
        yaml.dump(GOOD, stream)
    with (tmp_path / "Pulumi.s.yaml").open("w") as stream:
        yaml.dump({"config": {"trimaran:set": value}}, stream)
    error = refusal(lambda: load_stack(tmp_path / "f.yaml", "s"))
    assert error is None or str(error)


@pytest.mark.parametrize("value", [GOOD, {**GOOD, "endpoint": {"replicas": {"min": 0}}}])
def test_the_generator_of_documents_reaches_accepted_ones(value: dict[str, Any]) -> None:
    assert validate(Document(name="f", value=value)).name == "a"
    VALIDATOR.validate(value)
