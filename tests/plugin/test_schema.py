"""The package's Pulumi schema."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.toy_cloud import NoteHandler
from tests.plugin.toy_component import Notebook
from trimaran_providers.plugin import components, registry, schema

SNAPSHOT = Path(__file__).with_name("schema.json")


def test_the_schema_is_as_reviewed() -> None:
    now = json.loads(schema.text(registry.installed(), components.installed()))
    changed = sorted(differences(json.loads(SNAPSHOT.read_text()), now))
    assert changed == [], (
        "the schema changed; if that is meant, run "
        "`tools/run python -m trimaran_providers.plugin.schema > tests/plugin/schema.json` "
        "and look at the difference"
    )


def differences(reviewed: Any, now: Any, path: str = "") -> set[str]:
    """Paths at which two documents differ."""
    if not isinstance(reviewed, dict) or not isinstance(now, dict):
        return set() if reviewed == now else {path}
    return set().union(
        *(differences(reviewed.get(k), now.get(k), f"{path}/{k}") for k in reviewed | now)
    )


def test_every_reference_leads_somewhere() -> None:
    document = json.loads(SNAPSHOT.read_text())

    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            here = {value["$ref"]} if "$ref" in value else set()
            return here.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    inside = {item for item in references(document) if item.startswith("#/types/")}
    assert inside
    assert inside == {f"#/types/{token}" for token in document["types"]}


def test_all_seven_components_are_there_and_described() -> None:
    resources = json.loads(SNAPSHOT.read_text())["resources"]
    found = {token.split(":")[2] for token, item in resources.items() if item.get("isComponent")}
    assert found == {
        "Alerts",
        "ArtifactStore",
        "Endpoint",
        "MLStack",
        "Monitor",
        "Pipeline",
        "Registry",
    }
    undescribed = [
        f"{token}.{name}"
        for token, item in resources.items()
        for name, field in item["inputProperties"].items()
        if not field["description"]
    ]
    assert undescribed == []


def test_names_types_enums_secrets_and_plainness() -> None:
    made = schema.schema([NoteHandler()], {Notebook.token: Notebook})
    book = made["resources"]["trimaran:index:Notebook"]
    assert book["isComponent"]
    assert book["requiredInputs"] == ["folder"]
    inputs = book["inputProperties"]
    assert inputs["coverText"] == {
        "type": "string",
        "description": "Text on the cover; None: no cover.",
    }
    assert inputs["folder"] == {
        "type": "string",
        "plain": True,
        "description": "Folder of the notes.",
    }
    assert inputs["binding"]["description"] == 'How pages hold together. Default: "glue".'
    assert inputs["pages"]["items"] == {"$ref": "#/types/trimaran:index:PageSpec"}
    assert made["types"]["trimaran:index:Binding"]["enum"] == [
        {"name": "glue", "value": "glue"},
        {"name": "wire_o", "value": "wire-o"},
    ]
    note = made["resources"]["trimaran:toy:Note"]
    assert note["inputProperties"]["passPhrase"]["secret"] is True
    assert note["properties"]["revision"] == {
        "type": "integer",
        "description": "How often it was written.",
    }


def test_two_types_of_one_name_are_refused() -> None:
    class PageSpec(Notebook.args_model.model_fields["pages"].annotation.__args__[0]):
        """Another page."""

    class Args(Notebook.args_model):
        """A notebook with pages of two kinds."""

        more: PageSpec

    class Second(Notebook):
        """Uses it."""

        token = "trimaran:index:Second"
        args_model = Args

    with pytest.raises(ValueError, match="two types are called PageSpec"):
        schema.schema([], {Second.token: Second})
