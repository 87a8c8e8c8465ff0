"""Turns a document into the spec, or into every problem it has."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from trimaran.spec.document import Document, Path, lookup
from trimaran.spec.problems import place_of, problems_in
from trimaran_providers.contract.errors import Problem, SpecError
from trimaran_providers.contract.spec import StackSpec

_NOT_TEXT = {"int_type", "float_type", "bool_type"}


def validate(document: Document) -> StackSpec:
    """Validate a document.

    Types are strict: the text "4" is no number. Only where the document says so (`textual`), text
    that reads as the number or boolean that the field wants is taken as one.

    Raises:
        SpecError: lists every problem, each with where its value was written.
    """
    try:
        return _strictly(document.value)
    except ValidationError as exc:
        untyped = _typed(document, exc)
        if untyped is None:
            raise SpecError(problems_in(exc, document)) from exc
    try:
        return _strictly(untyped)
    except ValidationError as exc:
        raise SpecError(problems_in(exc, document)) from exc


def plain(value: Any) -> Any:
    """A spec, or a part of one, as mappings and lists of what the user set; defaults left out.

    What is not part of a spec (a Pulumi output) is handed through.
    """
    if isinstance(value, BaseModel):
        given = [name for name in type(value).model_fields if name in value.model_fields_set]
        return {name: plain(getattr(value, name)) for name in given}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _strictly(value: Mapping[str, Any]) -> StackSpec:
    # Through JSON: there, strict still reads lists as tuples and text as members of enums.
    deferred = False

    def stand_in(given: Any) -> str:
        nonlocal deferred
        if not (hasattr(given, "apply") and hasattr(given, "is_known")):
            raise SpecError([Problem(path="", what=f"a spec holds no {type(given).__name__}")])
        deferred = True
        return "a Pulumi output"

    spec = StackSpec.model_validate_json(json.dumps(value, default=stand_in), strict=True)
    # Everything but the outputs is known to be right; now take the outputs themselves.
    return StackSpec.model_validate(value) if deferred else spec


def _typed(document: Document, exc: ValidationError) -> Any:
    """The value with text read as numbers and booleans where allowed; None: nothing to read."""
    value: Any = document.value
    for error in exc.errors(include_url=False, include_context=False):
        path = place_of(error, document)
        given = error["input"]
        if path in document.textual and error["type"] in _NOT_TEXT and isinstance(given, str):
            try:
                read = json.loads(given)
            except ValueError:
                continue
            if isinstance(read, (bool, int, float)):
                value = _with(value, path, read)
    return None if value is document.value else value


def _with(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    changed = dict(value)
    changed[path[0]] = _with(lookup(value, path[:1]), path[1:], new)
    return changed
