"""`application/json`: rows under one of a few keys, as the clouds and MLflow spell them."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

import orjson

from trimaran_runtime.serving.bodies.decoder import Decoded, Decoder
from trimaran_runtime.serving.bodies.expected import Expected
from trimaran_runtime.serving.bodies.given import ByColumn, ByRow, Given
from trimaran_runtime.serving.bodies.records import may_hold_booleans, records
from trimaran_runtime.serving.explain_request import PARAMETER, USUAL_REASONS, reasons_wanted
from trimaran_runtime.serving.message import JSON, Refusal

FORMS = ("instances", "dataframe_split", "dataframe_records", "inputs")
"""Keys of a JSON body that may hold the rows; exactly one of them is given."""
_PARAMETERS = "parameters"
_BODY = '{"instances": [{column: value, …}, …]}'


def is_body(value: object) -> bool:
    """Whether a JSON value is a body, and not one of the rows in it."""
    return (
        isinstance(value, dict)
        and sum(form in value for form in FORMS) == 1
        and value.keys() <= {*FORMS, _PARAMETERS}
    )


def _decode(body: bytes, parameters: Mapping[str, str], expected: Expected) -> Decoded:  # noqa: ARG001  # as every decoder
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise Refusal(400, f"the body is not JSON: {exc}", where="body", allowed=_BODY) from None
    form = _form(document)
    every_class, reasons = _asked(document.get(_PARAMETERS))
    content = document[form]
    # No row begins before the first list.
    has_booleans = may_hold_booleans(body, max(body.find(b"["), 0))
    given: Given
    if form == "dataframe_split":
        given = _split(content, expected, has_booleans=has_booleans)
    elif form == "inputs" and isinstance(content, dict):
        given = _columns(content, expected)
    else:
        given = records(content, form, expected, has_booleans=has_booleans)
    return Decoded(given, every_class, reasons)


def _form(document: Any) -> str:
    """The key that holds the rows."""
    if not isinstance(document, dict):
        raise Refusal(
            400, "the body must be an object", where="body", given=document, allowed=_BODY
        )
    unknown = [key for key in document if key not in FORMS and key != _PARAMETERS]
    if unknown:
        raise Refusal(400, "unknown key in the body", where=unknown[0], allowed=", ".join(FORMS))
    forms = [key for key in FORMS if key in document]
    if len(forms) != 1:
        raise Refusal(
            400,
            "the rows are missing" if not forms else f"the rows are given {len(forms)} times",
            where="body",
            allowed=f"exactly one of {', '.join(FORMS)}",
        )
    return forms[0]


def _split(content: Any, expected: Expected, *, has_booleans: bool) -> ByRow:
    if not isinstance(content, dict) or not {"columns", "data"} <= content.keys():
        raise Refusal(
            400,
            "dataframe_split is not an object with columns and data",
            where="dataframe_split",
            allowed='{"columns": [name, …], "data": [[value, …], …]}',
        )
    names = content["columns"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refusal(400, "columns must be a list of names", where="dataframe_split.columns")
    expected.check_names(names, "dataframe_split")
    rows = content["data"]
    expected.check_count(rows, "dataframe_split.data")
    expected.check_width(rows, "dataframe_split.data")
    if names != expected.names:
        rows = list(map(itemgetter(*map(names.index, expected.names)), rows))
    return ByRow(rows, has_booleans)


def _columns(content: dict[str, Any], expected: Expected) -> ByColumn:
    expected.check_names(list(content), "inputs")
    for name, values in content.items():
        if not isinstance(values, list):
            raise Refusal(
                400,
                f"column {name!r} is not a list",
                where=f"inputs.{name}",
                given=values,
                allowed="a list of values, one for every row",
            )
    count = len(content[expected.names[0]])
    for name, values in content.items():
        if len(values) != count:
            raise Refusal(
                400,
                f"column {name!r} has not as many values as {expected.names[0]!r}",
                where=f"inputs.{name}",
                given=len(values),
                allowed=f"{count} values",
            )
    expected.check_number(count, "inputs")
    return ByColumn([content[name] for name in expected.names])


def _asked(parameters: Any) -> tuple[bool, int]:
    """Whether the probability of every class is wanted, and how many reasons per row."""
    if parameters is None or parameters == {}:
        return False, 0
    if not isinstance(parameters, dict) or not parameters.keys() <= {"probabilities", PARAMETER}:
        raise Refusal(
            400,
            "unknown parameters",
            where="parameters",
            given=parameters,
            allowed=f'{{"probabilities": true, "{PARAMETER}": {USUAL_REASONS}}}',
        )
    return _every_class(parameters.get("probabilities", False)), reasons_wanted(
        parameters.get(PARAMETER, False)
    )


def _every_class(wanted: Any) -> bool:
    if not isinstance(wanted, bool):
        raise Refusal(
            400,
            "not a boolean",
            where="parameters.probabilities",
            given=wanted,
            allowed="true or false",
        )
    return wanted


DECODER = Decoder(
    media_types=(JSON,),
    decode=_decode,
    description="Rows under one of `instances`, `inputs`, `dataframe_split`, `dataframe_records`.",
)
