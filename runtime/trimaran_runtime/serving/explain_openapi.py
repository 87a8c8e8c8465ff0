"""The part of the OpenAPI document that says how reasons are asked for and answered."""

from typing import Any

from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.explain_request import HEADER, MOST_REASONS, USUAL_REASONS

_WHAT = (
    f"How many reasons per row to answer, at most {MOST_REASONS}; true: {USUAL_REASONS}. "
    "Refused where the server or the release cannot explain."
)


def explain_schema() -> dict[str, Any]:
    """Schema of `parameters.explain`."""
    number = {"type": "integer", "minimum": 1, "maximum": MOST_REASONS}
    return {"anyOf": [{"type": "boolean"}, number], "description": _WHAT}


def explain_header() -> dict[str, Any]:
    """The header of the same, for bodies without parameters."""
    schema = {"type": "string", "pattern": r"^(true|false|[1-9]|1[0-9]|20)$"}
    return {"name": HEADER, "in": "header", "schema": schema, "description": _WHAT}


def explanation_schema(signature: Signature) -> dict[str, Any]:
    """Schema of the explanation of one row."""
    number = {"type": "number"}
    reason = {
        "type": "object",
        "properties": {
            "feature": {"enum": [feature.name for feature in signature.features]},
            "contribution": number | {"description": "What it adds to the score."},
            "error": number | {"description": "Standard error; absent: it is exact."},
        },
        "required": ["feature", "contribution"],
    }
    properties: dict[str, Any] = {
        "base": number | {"description": "Score before anything is known of the row."},
        "reasons": {"type": "array", "items": reason, "maxItems": MOST_REASONS},
        "rest": number | {"description": "What all other columns add to the score together."},
        "scale": {"enum": ["log-odds", "probability", "value", "log"]},
        "method": {"enum": ["linear", "interventional", "tree", "sampled"]},
    }
    required = list(properties)
    if signature.task == "classification":
        classes = {"enum": list(signature.classes)} if signature.classes else {}
        properties["class"] = classes | {"description": "The class whose score is explained."}
        required.append("class")
    return {"type": "object", "properties": properties, "required": required}
