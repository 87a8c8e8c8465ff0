"""The JSON Schema that editors check a spec with while it is written."""

import json
from typing import Any

from trimaran.spec.allowed import schema_of
from trimaran_providers.contract.spec import StackSpec

FILE = "trimaran.schema.json"
"""Name of the published copy, beside a spec."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema: draft 2020-12, with the documentation and the default of every field."""
    schema = _in_yaml_words(schema_of(StackSpec))
    return {"$schema": _DIALECT, **schema, "title": "Trimaran stack"}


def json_schema_text() -> str:
    """The published file's content."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _in_yaml_words(value: Any) -> Any:
    """The docstrings say None where the writer of a spec says null; titles repeat the key."""
    if isinstance(value, list):
        return [_in_yaml_words(item) for item in value]
    if not isinstance(value, dict):
        return value
    words = {}
    for key, item in value.items():
        if key == "description" and isinstance(item, str):
            words[key] = item.replace("None (null):", "null:").replace("None:", "null:")
        elif not (key == "title" and isinstance(item, str)):
            words[key] = _in_yaml_words(item)
    return words
