"""Turns what pydantic found into problems a person can act on: where, what, allowed."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from trimaran.spec.allowed import Field, Schema, field_at, schema_of
from trimaran.spec.document import Document, Path, dotted, lookup
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.spec import StackSpec

_SHOWN = 60
"""Characters of a given value that a message shows."""
_TOO = {
    "greater_than": "too small",
    "greater_than_equal": "too small",
    "less_than": "too large",
    "less_than_equal": "too large",
}
_BY_THE_FIELD = "value_error"


def problems_in(
    exc: ValidationError, document: Document, model: type[BaseModel] = StackSpec
) -> tuple[Problem, ...]:
    """Every problem that a validation found, one for each place, in the order of the lines.

    Args:
        exc: what pydantic raised.
        document: what was validated.
        model: what it was validated as; tells what is allowed.
    """
    root = schema_of(model)
    by_place: dict[tuple[Path, bool], list[ErrorDetails]] = {}
    for error in exc.errors(include_url=False):
        path = place_of(error, document)
        # A section may have several faults of its own rules; a value has one problem.
        by_place.setdefault((path, error["type"] == _BY_THE_FIELD), []).append(error)
    problems = [
        problem
        for (path, _), errors in by_place.items()
        for problem in _at_one_place(path, errors, document, root)
    ]
    return tuple(sorted(problems, key=_line))


def place_of(error: ErrorDetails, document: Document) -> Path:
    """Path in the document that an error is about.

    pydantic appends the alternative of a union that it tried; those parts are no place.
    """
    loc = error["loc"]
    if error["type"] == "missing":
        return loc
    for length in range(len(loc), 0, -1):
        try:
            lookup(document.value, loc[:length])
        except KeyError:
            continue
        return loc[:length]
    return ()


def closest(word: str, words: tuple[str, ...]) -> str:
    """`; did you mean …?` when one of the words is close, else nothing."""
    by_case = {known.lower().replace("-", "_"): known for known in words}
    found = get_close_matches(word.lower().replace("-", "_"), by_case, n=1, cutoff=0.6)
    return f"; did you mean {by_case[found[0]]}?" if found else ""


def shown(value: Any) -> str:
    """A given value, short: `4`, `the text "abc"`, `a list`, `a section`."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'the text "{_cut(value)}"'
    if isinstance(value, Mapping):
        return "a section"
    if isinstance(value, (list, tuple)):
        return "a list"
    return _cut(str(value))


def _line(problem: Problem) -> tuple[str, int]:
    name, _, line = problem.source.rpartition(":")
    return (name, int(line)) if line.isdigit() else (problem.source, 0)


def _at_one_place(
    path: Path, errors: list[ErrorDetails], document: Document, root: Schema
) -> Iterator[Problem]:
    first = errors[0]
    kind = first["type"]
    source = document.source_of(path)
    if kind == _BY_THE_FIELD:
        for error in errors:
            reason = error["msg"].removeprefix("Value error, ")
            yield Problem(path=dotted(path), what=reason, source=source)
    elif kind == "extra_forbidden":
        yield _unknown_key(path, source, root)
    elif kind == "missing":
        yield _missing(path, source, root)
    else:
        yield _wrong_value(path, errors, document, root)


def _unknown_key(path: Path, source: str, root: Schema) -> Problem:
    section = field_at(path[:-1], root)
    keys = section.keys if section else ()
    return Problem(
        path=dotted(path),
        what=f"unknown key{closest(str(path[-1]), keys)}",
        allowed=", ".join(keys),
        source=source,
    )


def _missing(path: Path, source: str, root: Schema) -> Problem:
    field = field_at(path, root)
    return Problem(
        path=dotted(path),
        what="is required and not given",
        allowed=_meaning(field),
        source=source,
    )


def _wrong_value(
    path: Path, errors: list[ErrorDetails], document: Document, root: Schema
) -> Problem:
    kinds = {error["type"] for error in errors}
    field = field_at(path, root)
    try:
        given = lookup(document.value, path)
    except KeyError:
        given = errors[0]["input"]
    allowed = field.in_words() if field else ""
    if kinds & {"enum", "literal_error"}:
        hint = closest(given, field.members) if field and isinstance(given, str) else ""
        what = f"{shown(given)} is not one of the choices{hint}"
    elif kinds & set(_TOO):
        what = f"{shown(given)} is {next(_TOO[kind] for kind in kinds if kind in _TOO)}"
    elif "string_pattern_mismatch" in kinds:
        what, allowed = f"{shown(given)} does not have the right form", _meaning(field)
    elif "finite_number" in kinds:
        what = f"{shown(given)} is not a finite number"
    elif any(kind.endswith(("_type", "_parsing", "_from_float")) for kind in kinds):
        what = f"{shown(given)} has the wrong type"
    else:
        reason = errors[0]["msg"]
        what = f"{shown(given)}: {reason[:1].lower()}{reason[1:]}"
    return Problem(path=dotted(path), what=what, allowed=allowed, source=document.source_of(path))


def _meaning(field: Field | None) -> str:
    """What a field is for, from its documentation; its type when that says more."""
    if field is None:
        return ""
    if field.keys:
        return field.in_words()
    return field.description.rstrip(".") or field.in_words()


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
