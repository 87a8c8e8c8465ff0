"""The part of the OpenAPI document that is the same for every release: health, metrics, docs."""

from typing import Any

_TEXT: dict[str, Any] = {"schema": {"type": "string"}}


def operation(
    summary: str,
    answers: dict[str, str],
    *,
    schema: dict[str, Any] | None = None,
    kind: str = "application/json",
) -> dict[str, Any]:
    """A GET without parameters.

    Args:
        summary: one line.
        answers: what a status means; those from 400 on carry an error.
        schema: schema of the other ones.
        kind: their content type.
    """
    media = {kind: {"schema": schema or {"type": "object"}}}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "get": {
            "summary": summary,
            "responses": {
                status: {"description": text, "content": error if status >= "4" else media}
                for status, text in answers.items()
            },
        }
    }


def fixed_paths() -> dict[str, Any]:
    """Path items of the routes that do not depend on the release."""
    loading = {"503": "The release is being loaded."}
    status = {
        "type": "object",
        "properties": {"status": {"type": "string"}, "release": {"type": "string"}},
        "required": ["status"],
    }
    whole = {"type": "integer", "minimum": 1}
    parameters = {
        "type": "object",
        "properties": {
            "MaxConcurrentTransforms": whole,
            "BatchStrategy": {"enum": ["MULTI_RECORD", "SINGLE_RECORD"]},
            "MaxPayloadInMB": whole,
        },
        "required": ["MaxConcurrentTransforms", "BatchStrategy", "MaxPayloadInMB"],
    }
    ready = {"200": "Yes.", "503": "No: the release is being loaded, or the server is ending."}
    return {
        "/": operation("Whether the process is alive", {"200": "Yes."}, schema=status),
        "/ping": operation("Whether predictions are answered", ready, schema=status),
        "/metrics": operation(
            "What the server counts, for Prometheus",
            {"200": "Text exposition format."} | loading,
            schema=_TEXT["schema"],
            kind="text/plain; version=0.0.4; charset=utf-8",
        ),
        "/execution-parameters": operation(
            "How a SageMaker transform job should send its records",
            {"200": "Parameters."},
            schema=parameters,
        ),
        "/openapi.json": operation("This document", {"200": "OpenAPI 3.1."} | loading),
        "/docs": operation(
            "This document for people",
            {"200": "A page."},
            schema=_TEXT["schema"],
            kind="text/html; charset=utf-8",
        ),
    }
