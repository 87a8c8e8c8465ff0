"""The endpoint's HTTP interface, from the asking side."""

import csv
import io
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from trimaran_providers.contract.errors import Problem, ResourceError, SpecError

_ROWS_AT_ONCE = 5000
"""Rows of one request: well below the default limits of body and rows."""
API_KEY = "TRIMARAN_API_KEY"
"""Variable with the key or token of an endpoint that asks for one."""
_TIMEOUT_SECONDS = 60.0
_TRUE = {"true": True, "false": False}

Row = Mapping[str, Any]


class Table(list[dict[str, str]]):
    """Rows of a CSV file: text, of which the server knows the types."""


class Server:
    """One endpoint.

    Args:
        url: base address.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def predict(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Predictions of rows, in their order, asked in portions.

        Raises:
            ResourceError: the endpoint does not answer.
            SpecError: it refuses the rows; says which and why.
        """
        predictions: list[Any] = []
        answer: dict[str, Any] = {}
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            portion = rows[start : start + _ROWS_AT_ONCE]
            answer = self._ask(portion, as_text=isinstance(rows, Table))
            predictions += answer["predictions"]
        return {**answer, "predictions": predictions}

    def predict_cells(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """Prediction of one row given as text; the server types the cells."""
        return self.predict(Table([dict(cells)]))

    def example(self) -> dict[str, Any]:
        """A row that the release takes, from its OpenAPI document."""
        body = self._openapi()["paths"]["/invocations"]["post"]["requestBody"]
        rows: list[dict[str, Any]] = body["content"]["application/json"]["example"]["instances"]
        return rows[0]

    def typed(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """Cells as JSON values, by the types of the OpenAPI document."""
        if not cells:
            return {}
        columns = self._openapi()["components"]["schemas"]["Row"]["properties"]
        return {name: _typed(text, columns.get(name, {})) for name, text in cells.items()}

    def _ask(self, rows: Sequence[Row], *, as_text: bool) -> dict[str, Any]:
        if as_text:
            body, kind = _csv(rows), "text/csv"
        else:
            body, kind = json.dumps({"instances": list(rows)}).encode(), "application/json"
        answer: dict[str, Any] = json.loads(self._send("/invocations", body, kind))
        return answer

    def _openapi(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._send("/openapi.json", None, ""))
        return document

    def _send(self, path: str, body: bytes | None, kind: str) -> bytes:
        headers = {"content-type": kind} if kind else {}
        if key := os.environ.get(API_KEY):
            headers["authorization"] = f"Bearer {key}"
        # The address comes from the endpoint's own state, and is http on this machine or https.
        request = urllib.request.Request(self._url + path, data=body, headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                content: bytes = answer.read()
        except urllib.error.HTTPError as exc:
            raise _refusal(exc) from exc
        except OSError as exc:
            raise ResourceError(
                f"the endpoint does not answer: {getattr(exc, 'reason', exc)}",
                where=self._url,
                next_step="see `trimaran status`",
            ) from exc
        return content


def rows_of_file(file: Path) -> Sequence[Row]:
    """Rows of a JSON or CSV file.

    Raises:
        SpecError: it cannot be read, or holds no rows.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise _wrong(file, f"cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise _wrong(file, "is not UTF-8") from exc
    if file.suffix == ".csv":
        rows: Sequence[Row] = Table(csv.DictReader(io.StringIO(text), restval=""))
        if any(None in row for row in rows):
            raise _wrong(file, "has a line with more cells than the header")
    elif file.suffix == ".json":
        rows = _json_rows(file, text)
    else:
        raise _wrong(file, f"is {file.suffix or 'no'} file", allowed=".json, .csv")
    if not rows:
        raise _wrong(file, "holds no row")
    return rows


def _json_rows(file: Path, text: str) -> Sequence[Row]:
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise _wrong(file, f"is not JSON: {exc}") from exc
    if isinstance(document, dict) and "instances" in document:
        document = document["instances"]
    elif isinstance(document, dict):
        document = [document]
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise _wrong(file, "holds no list of rows", allowed='[{"column": value, …}, …]')
    return document


def _wrong(file: Path, what: str, *, allowed: str = "") -> SpecError:
    return SpecError([Problem(path="", what=what, allowed=allowed, source=str(file))])


def _csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    kinds = schema.get("type", "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if not text and "null" in kinds:
        return None
    if "boolean" in kinds:
        return _TRUE.get(text.lower(), text)
    if {"number", "integer"} & set(kinds):
        try:
            return int(text) if text.lstrip("+-").isdigit() else float(text)
        except ValueError:
            # As it is: the server's refusal names the column and what it takes.
            return text
    return text


def _refusal(exc: urllib.error.HTTPError) -> SpecError | ResourceError:
    content = exc.read()
    try:
        told = json.loads(content)
        error = str(told["error"])
    except (ValueError, KeyError, TypeError):
        told, error = {}, content.decode(errors="replace")[:300] or str(exc.reason)
    if exc.code >= HTTPStatus.INTERNAL_SERVER_ERROR or exc.code == HTTPStatus.TOO_MANY_REQUESTS:
        return ResourceError(
            f"the endpoint answered {exc.code}: {error}", next_step="see `trimaran status`"
        )
    given = f", given {told['given']}" if "given" in told else ""
    problem = Problem(
        path=str(told.get("field", "")),
        what=f"{error}{given}",
        allowed=API_KEY + " in the environment"
        if exc.code == HTTPStatus.UNAUTHORIZED
        else str(told.get("allowed", "")),
    )
    return SpecError([problem])
