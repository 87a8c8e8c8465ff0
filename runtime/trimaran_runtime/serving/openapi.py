"""The OpenAPI document of a served release, made from its signature."""

from collections.abc import Iterable
from typing import Any

import orjson

from trimaran_runtime.registry.release import SHORT, Feature, Release
from trimaran_runtime.serving.explain_openapi import explain_header, explanation_schema
from trimaran_runtime.serving.oip import openapi as oip
from trimaran_runtime.serving.openapi_content import answer_content, body_content, request_schemas
from trimaran_runtime.serving.openapi_routes import fixed_paths

_TYPES: dict[str, dict[str, Any]] = {
    "number": {"type": "number"},
    "integer": {"type": "integer", "format": "int64"},
    "boolean": {"type": "boolean"},
    "category": {"type": "string"},
    "text": {"type": "string"},
    "timestamp": {"type": "string", "format": "date-time"},
}
_STAND_IN: dict[str, Any] = {
    "number": 0.0,
    "integer": 0,
    "boolean": False,
    "category": "",
    "text": "",
    "timestamp": "2000-01-01T00:00:00",
}


def example_row(release: Release) -> dict[str, Any]:
    """A row the model takes: the signature's examples, null or a stand-in where there is none."""
    return {feature.name: _example(feature) for feature in release.signature.features}


def document(release: Release, release_id: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    body = body_content(release.signature, example_row(release))
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    refusals = {
        "400": "The body is not as described.",
        "406": "No answer can be of a type that the Accept header names.",
        "408": "The body did not arrive in time.",
        "413": "Too large.",
        "415": "The body is of no content type that this release takes.",
        "429": "Too many rows wait, or the server is behind; try again.",
        "500": "The model failed; carries an error id.",
        "503": "No prediction in the time that the caller or the server allows.",
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": release.model_name, "version": release_id[:SHORT]},
        "paths": {
            "/invocations": {
                "post": {
                    "summary": f"Predict {release.signature.target}",
                    "parameters": [explain_header()],
                    "requestBody": {"required": True, "content": body},
                    "responses": {
                        "200": {
                            "description": "One prediction per row.",
                            "content": answer_content(),
                        },
                        **{c: {"description": d, "content": error} for c, d in refusals.items()},
                    },
                }
            },
            **fixed_paths(),
            **oip.paths(release, example_row(release)),
        },
        "components": {"schemas": _schemas(release) | oip.schemas(release)},
    }


def with_aliases(content: bytes, aliases: Iterable[tuple[str, str]]) -> bytes:
    """The document with further paths, each with the path whose routes it shares."""
    made = orjson.loads(content)
    for path, same in aliases:
        # One path may stand for two: Vertex AI checks and predicts on the same by default.
        made["paths"][path] = made["paths"].get(path, {}) | made["paths"][same]
    return orjson.dumps(made)


def _schemas(release: Release) -> dict[str, Any]:
    features = release.signature.features
    row = {
        "type": "object",
        "properties": {feature.name: _schema(feature) for feature in features},
        "required": [feature.name for feature in features],
        "additionalProperties": False,
    }
    prediction: dict[str, Any] = {"type": "number"}
    if release.signature.task == "classification":
        chance = {"type": "number", "minimum": 0, "maximum": 1}
        classes = list(release.signature.classes)
        prediction = {
            "type": "object",
            "properties": {
                "label": {"enum": classes} if classes else {},
                "probability": chance
                | {"description": "Probability of the last class (the positive one of two)."},
                "probabilities": {
                    "type": "object",
                    "additionalProperties": chance,
                    "description": "By class; only when asked for.",
                },
            },
            "required": ["label"],
        }
    answer = {"predictions": {"type": "array", "items": prediction}, "release": {"type": "string"}}
    explanations = {
        "type": "array",
        "items": explanation_schema(release.signature),
        "description": "Of every row; only when asked for.",
    }
    return {
        **request_schemas([feature.name for feature in features], row),
        "Answer": {
            "type": "object",
            "properties": answer | {"explanations": explanations},
            "required": list(answer),
        },
        "Error": {
            "type": "object",
            "properties": {k: {"type": "string"} for k in ("error", "field", "given", "allowed")},
            "required": ["error"],
        },
    }


def _schema(feature: Feature) -> dict[str, Any]:
    schema = dict(_TYPES[feature.type])
    if feature.nullable:
        schema["type"] = [schema["type"], "null"]
    if feature.example is not None:
        schema["examples"] = [feature.example]
    return schema


def _example(feature: Feature) -> Any:
    if feature.example is not None or feature.nullable:
        return feature.example
    return _STAND_IN[feature.type]
