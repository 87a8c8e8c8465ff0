"""The part of the OpenAPI document that says how bodies and answers may be written."""

import csv
import io
from typing import Any

import orjson

from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.answers.encoder import Encoder
from trimaran_runtime.serving.answers.registry import encoders
from trimaran_runtime.serving.bodies import csv_body, json_lines
from trimaran_runtime.serving.bodies.decoder import Decoder
from trimaran_runtime.serving.bodies.registry import decoders
from trimaran_runtime.serving.explain_openapi import explain_schema
from trimaran_runtime.serving.explain_request import PARAMETER
from trimaran_runtime.serving.message import JSON

Row = dict[str, Any]


def body_content(signature: Signature, row: Row) -> dict[str, Any]:
    """`requestBody.content`: every content type that the release takes here, with a row in it."""
    taken = decoders([feature.type for feature in signature.features])
    return {
        kind: _media(kind, decoder, "Request", _example(kind, row))
        for decoder in taken
        for kind in decoder.media_types
    }


def answer_content() -> dict[str, Any]:
    """`content` of an answer: every content type that a caller may accept."""
    return {e.media_type: _media(e.media_type, e, "Answer", None) for e in encoders()}


def request_schemas(features: list[str], row: dict[str, Any]) -> dict[str, Any]:
    """Schemas of a JSON body.

    Args:
        features: names of the columns, in the signature's order.
        row: schema of a row as an object.
    """
    values = [row["properties"][name] for name in features]
    listed = {
        "type": "array",
        "prefixItems": values,
        "items": False,
        "minItems": len(values),
        "description": f"Values in this order: {', '.join(features)}.",
    }
    columns = {
        "type": "object",
        "properties": {n: _list_of(row["properties"][n]) for n in features},
        "required": features,
        "additionalProperties": False,
        "description": "A list for every column, all of the same length.",
    }
    split = {
        "type": "object",
        "properties": {
            "columns": _list_of({"enum": features})
            | {"minItems": len(features), "maxItems": len(features), "uniqueItems": True},
            "data": _list_of(
                {"type": "array", "minItems": len(features), "maxItems": len(features)}
            ),
        },
        "required": ["columns", "data"],
    }
    named, lists = (_list_of({"$ref": f"#/components/schemas/{n}"}) for n in ("Row", "RowValues"))
    rows = {"anyOf": [named, lists]}
    forms: dict[str, dict[str, Any]] = {
        "instances": rows,
        "inputs": {"anyOf": [named, lists, columns]},
        "dataframe_split": split,
        "dataframe_records": rows,
    }
    return {
        "Row": row,
        "RowValues": listed,
        "Request": {"oneOf": [_form(name, schema) for name, schema in forms.items()]},
    }


def _form(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": {"probabilities": {"type": "boolean"}, PARAMETER: explain_schema()},
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {name: schema, "parameters": parameters},
        "required": [name],
        "additionalProperties": False,
    }


def _list_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": items}


def _media(kind: str, coder: Decoder | Encoder, schema: str, example: Any) -> dict[str, Any]:
    if kind == JSON:
        media: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    else:
        form = {} if coder.is_text else {"format": "binary"}
        media = {"schema": {"type": "string", **form, "description": coder.description}}
    return media if example is None else media | {"example": example}


def _example(kind: str, row: Row) -> Any:
    """A body of one row; None: it is no text."""
    if kind == JSON:
        return {"instances": [row]}
    if kind in json_lines.MEDIA_TYPES:
        return orjson.dumps(row).decode() + "\n"
    if kind == csv_body.MEDIA_TYPE:
        stream = io.StringIO()
        cells = ["" if v is None else orjson.dumps(v).decode().strip('"') for v in row.values()]
        csv.writer(stream, lineterminator="\n").writerows([list(row), cells])
        return stream.getvalue()
    return None
