"""The part of the OpenAPI document that describes the Open Inference Protocol."""

from typing import Any
from urllib.parse import quote

from trimaran_runtime.registry.release import SHORT, Feature, Release
from trimaran_runtime.serving.oip.datatype import BYTES, DATATYPES, datatype_of

_JSON = "application/json"
_BINARY = "application/octet-stream"
_ERROR = {"schema": {"$ref": "#/components/schemas/Error"}}
_REFUSALS = {
    "400": "The body is not as described.",
    "404": "There is no such version.",
    "408": "The body did not arrive in time.",
    "413": "Too large.",
    "415": "Neither JSON nor JSON and binary tensors.",
    "429": "Too many rows wait, or the server is behind; try again.",
    "500": "The model failed; carries an error id.",
    "503": "No prediction in the time that the caller or the server allows.",
}


def paths(release: Release, row: dict[str, Any]) -> dict[str, Any]:
    """Path items.

    Args:
        release: the manifest.
        row: a row the model takes.
    """
    ref = "#/components/schemas/"
    model = f"/v2/models/{quote(release.model_name, safe='')}"
    version = {
        "name": "version",
        "in": "path",
        "required": True,
        "schema": {"enum": [release.id[:SHORT], release.id]},
        "description": "The release, in short or in full.",
    }
    found: dict[str, Any] = {
        "/v2": _get("Server metadata", f"{ref}OipServer", {"200": "Metadata."}),
        "/v2/health/live": _get("Whether the process is alive", f"{ref}OipHealth", {"200": "Yes."}),
        "/v2/health/ready": _get(
            "Whether predictions are answered", f"{ref}OipHealth", {"200": "Yes.", "400": "No."}
        ),
    }
    for prefix, parameters in ((model, None), (model + "/versions/{version}", [version])):
        missing = {"404": "There is no such version."} if parameters else {}
        items = {
            prefix: _get(
                "Model metadata",
                f"{ref}OipModel",
                {"200": "Metadata.", "503": "The release is being loaded."} | missing,
            ),
            f"{prefix}/ready": _get(
                "Whether the model answers",
                f"{ref}OipModelReady",
                {"200": "Yes.", "400": "No."} | missing,
            ),
            f"{prefix}/infer": {"post": _infer(release, row, bool(parameters))},
        }
        for item in items.values():
            if parameters:
                item["parameters"] = parameters
        found |= items
    return found


def schemas(release: Release) -> dict[str, Any]:
    """Schemas that the paths refer to."""
    text, flag = {"type": "string"}, {"type": "boolean"}
    tensor = _object(
        name=text, datatype={"enum": list(DATATYPES)}, shape=_list({"type": "integer"})
    )
    parameters: dict[str, Any] = {
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    }
    request: dict[str, Any] = _object(inputs=_list({"$ref": "#/components/schemas/OipInput"}))
    request["properties"] |= {
        "id": text,
        "parameters": _parameters(
            timeout={"type": "integer", "minimum": 0, "description": "Microseconds; 0: none."},
            binary_data_output=flag,
        ),
        "outputs": _list(
            {
                "type": "object",
                "properties": {
                    "name": {"enum": _outputs(release)},
                    "parameters": _parameters(binary_data=flag),
                },
                "required": ["name"],
            }
        ),
    }
    answer = _object(
        model_name=text, model_version=text, outputs=_list(_answered(tensor, parameters))
    )
    answer["properties"]["id"] = text
    return {
        "OipServer": _object(name=text, version=text, extensions=_list(text)),
        "OipHealth": {"type": "object", "properties": {"live": flag, "ready": flag}},
        "OipModelReady": _object(name=text, ready=flag),
        "OipModel": _object(
            name=text,
            versions=_list(text),
            platform=text,
            inputs=_list(tensor),
            outputs=_list(tensor),
        ),
        "OipInput": _input(parameters),
        "OipRequest": request,
        "OipAnswer": answer,
    }


def example(release: Release, row: dict[str, Any]) -> dict[str, Any]:
    """A request the model takes."""
    return {"id": "1", "inputs": [_column(f, row[f.name]) for f in release.signature.features]}


def _infer(release: Release, row: dict[str, Any], versioned: bool) -> dict[str, Any]:
    refusals = {k: v for k, v in _REFUSALS.items() if versioned or k != "404"}
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        "summary": f"Predict {release.signature.target}",
        "description": "A tensor for each column, of shape [rows] or [rows, 1]; where every "
        "column is numeric, one tensor [rows, columns] instead. Null, or NaN in a tensor of "
        "floats, is a missing value. With the header Inference-Header-Content-Length the body is "
        "the JSON object and then the bytes of the tensors that have binary_data_size.",
        "requestBody": {
            "required": True,
            "content": {
                _JSON: {
                    "schema": {"$ref": "#/components/schemas/OipRequest"},
                    "example": example(release, row),
                },
                _BINARY: binary,
            },
        },
        "responses": {
            "200": {
                "description": "The outputs.",
                "content": {
                    _JSON: {"schema": {"$ref": "#/components/schemas/OipAnswer"}},
                    _BINARY: binary,
                },
            },
            **{k: {"description": v, "content": {_JSON: _ERROR}} for k, v in refusals.items()},
        },
    }


def _get(summary: str, schema: str, answers: dict[str, str]) -> dict[str, Any]:
    media = {"schema": {"$ref": schema}}
    return {
        "get": {
            "summary": summary,
            "responses": {
                status: {
                    "description": text,
                    # A health check says no in the same words as yes.
                    "content": {_JSON: media if status in {"200", "400"} else _ERROR},
                }
                for status, text in answers.items()
            },
        }
    }


def _input(parameters: dict[str, Any]) -> dict[str, Any]:
    size = {"type": "integer", "minimum": 1}
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "datatype": {"enum": list(DATATYPES)},
            "shape": {"type": "array", "items": size, "minItems": 1, "maxItems": 2},
            "data": {"type": "array", "items": {}},
            "parameters": {
                **parameters,
                "properties": {"binary_data_size": {"type": "integer", "minimum": 0}},
            },
        },
        "required": ["name", "datatype", "shape"],
    }


def _answered(tensor: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    properties = tensor["properties"] | {"data": {"type": "array"}, "parameters": parameters}
    return tensor | {"properties": properties}


def _column(feature: Feature, value: Any) -> dict[str, Any]:
    datatype = datatype_of(feature)
    data = [str(value) if datatype is BYTES and value is not None else value]
    return {"name": feature.name, "shape": [1], "datatype": datatype.name, "data": data}


def _outputs(release: Release) -> list[str]:
    is_classifier = release.signature.task == "classification"
    return ["label", "probabilities"] if is_classifier else ["prediction"]


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _parameters(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}
