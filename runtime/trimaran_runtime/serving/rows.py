"""The rows of one request, from any body the server takes."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.message import JSON, Refusal

CSV = "text/csv"
FORMS = ("instances", "dataframe_split", "dataframe_records")
"""Keys of a JSON body that may hold the rows; exactly one of them is given."""
_BODY = '{"instances": [{column: value, …}, …]}'


@dataclass(frozen=True, slots=True)
class Rows:
    """Checked rows of one request, by column in the signature's order.

    Attributes:
        raw: values as they were given (what is captured).
        values: values for the model; the same lists as `raw` where nothing was converted.
        count: how many rows.
        every_class: whether the caller wants the probability of every class.
    """

    raw: tuple[list[Any], ...]
    values: tuple[list[Any], ...]
    count: int
    every_class: bool = False


class RowReader:
    """Reads the rows of a request body and checks them against a signature.

    Args:
        signature: what the model takes.
        max_rows: most rows in one request.
    """

    def __init__(self, signature: Signature, max_rows: int) -> None:
        self.columns = tuple(Column(feature) for feature in signature.features)
        self._names = [column.name for column in self.columns]
        self._known = frozenset(self._names)
        self._max_rows = max_rows

    def read(self, content_type: str | None, body: bytes) -> Rows:
        """Rows of a body.

        Args:
            content_type: value of the header; None: JSON.
            body: the body's bytes.

        Raises:
            Refusal: 400, 413 or 415, with the reason.
        """
        kind, _, charset = (content_type or JSON).partition(";")
        kind = kind.strip().lower()
        if kind not in {JSON, CSV}:
            raise Refusal(
                415,
                "unsupported content type",
                where="content-type",
                given=kind,
                allowed=f"{JSON}, {CSV}",
            )
        if charset and "charset" in charset.lower() and "utf-8" not in charset.lower():
            raise Refusal(
                415, "unsupported charset", where="content-type", given=charset, allowed="utf-8"
            )
        return self._from_csv(body) if kind == CSV else self._from_json(body)

    def _from_json(self, body: bytes) -> Rows:
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as exc:
            raise Refusal(
                400, f"the body is not JSON: {exc}", where="body", allowed=_BODY
            ) from None
        if not isinstance(document, dict):
            raise Refusal(
                400, "the body must be an object", where="body", given=document, allowed=_BODY
            )
        unknown = [key for key in document if key not in FORMS and key != "parameters"]
        if unknown:
            raise Refusal(
                400, "unknown key in the body", where=unknown[0], allowed=", ".join(FORMS)
            )
        forms = [key for key in FORMS if key in document]
        if len(forms) != 1:
            raise Refusal(
                400,
                "the rows are missing" if not forms else f"the rows are given {len(forms)} times",
                where="body",
                allowed=f"exactly one of {', '.join(FORMS)}",
            )
        every_class = _every_class(document.get("parameters"))
        content = document[forms[0]]
        raw = self._split(content) if forms[0] == FORMS[1] else self._records(content, forms[0])
        return self.checked(raw, every_class)

    def _records(self, rows: Any, form: str) -> list[list[Any]]:
        self._check_count(rows, form)
        if isinstance(rows[0], list):
            return self._transposed(rows, form)
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                raise Refusal(
                    400,
                    f"row {number} is not an object like the rows before"
                    if number
                    else "rows are objects or lists",
                    where=form,
                    given=row,
                    allowed="an object {column: value, …}",
                )
            if row.keys() != self._known:
                self._refuse_names(list(row), f"row {number}")
        return [[row[name] for row in rows] for name in self._names]

    def _split(self, content: Any) -> list[list[Any]]:
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
        self._refuse_names(names, "dataframe_split")
        rows = content["data"]
        self._check_count(rows, "dataframe_split.data")
        given = self._transposed(rows, "dataframe_split.data")
        return [given[names.index(name)] for name in self._names]

    def _from_csv(self, body: bytes) -> Rows:
        try:
            # The byte order mark that spreadsheets write is no part of the first name.
            lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True))
        except UnicodeDecodeError:
            raise Refusal(400, "the body is not UTF-8", where="body", allowed="UTF-8") from None
        except csv.Error as exc:
            raise Refusal(400, f"the body is not CSV: {exc}", where="body") from None
        rows: list[Any] = [line for line in lines if line]
        if not rows:
            raise Refusal(
                400, "the body is empty", where="body", allowed="a header line, then rows"
            )
        names = [name.strip() for name in rows[0]]
        self._refuse_names(names, "the header line")
        self._check_count(rows[1:], "body")
        given = self._transposed(rows[1:], "body")
        raw = [column.from_text(given[names.index(column.name)]) for column in self.columns]
        return self.checked(raw, every_class=False)

    def checked(self, raw: Sequence[list[Any]], every_class: bool) -> Rows:
        """Rows of columns that are decoded already.

        Args:
            raw: values as JSON would give them, by column in the signature's order; one length.
            every_class: whether the caller wants the probability of every class.

        Raises:
            Refusal: 400, naming the first row whose value a column does not take.
        """
        pairs = zip(self.columns, raw, strict=True)
        values = tuple(column.check(given) for column, given in pairs)
        return Rows(tuple(raw), values, len(values[0]), every_class)

    def _check_count(self, rows: Any, where: str) -> None:
        if not isinstance(rows, list):
            raise Refusal(
                400, "the rows must be a list", where=where, given=rows, allowed="a list of rows"
            )
        if not rows:
            raise Refusal(400, "there is no row", where=where, allowed="at least one row")
        if len(rows) > self._max_rows:
            raise Refusal(
                413,
                "too many rows in one request",
                where=where,
                given=len(rows),
                allowed=f"at most {self._max_rows}",
            )

    def _transposed(self, rows: list[Any], where: str) -> list[list[Any]]:
        width = len(self._names)
        for number, row in enumerate(rows):
            if not isinstance(row, list) or len(row) != width:
                raise Refusal(
                    400,
                    f"row {number} does not have {width} values",
                    where=where,
                    given=len(row) if isinstance(row, list) else row,
                    allowed=f"{width} values: {', '.join(self._names)}",
                )
        return [list(values) for values in zip(*rows, strict=True)]

    def _refuse_names(self, names: Sequence[str], where: str) -> None:
        """Refuse names that are not exactly the signature's, in any order."""
        for name in names:
            if name not in self._known:
                raise Refusal(
                    400,
                    f"unknown column {name!r} in {where}",
                    where=name,
                    allowed=", ".join(self._names),
                )
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise Refusal(400, f"column {twice!r} is given twice in {where}", where=twice)
        missing = [name for name in self._names if name not in set(names)]
        if missing:
            raise Refusal(
                400,
                f"column {missing[0]!r} is missing in {where}"
                + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""),
                where=missing[0],
                allowed="every column; null where a value is missing and may be",
            )


def _every_class(parameters: Any) -> bool:
    if parameters is None or parameters == {}:
        return False
    if not isinstance(parameters, dict) or set(parameters) != {"probabilities"}:
        raise Refusal(
            400,
            "unknown parameters",
            where="parameters",
            given=parameters,
            allowed='{"probabilities": true}',
        )
    wanted = parameters["probabilities"]
    if not isinstance(wanted, bool):
        raise Refusal(
            400,
            "not a boolean",
            where="parameters.probabilities",
            given=wanted,
            allowed="true or false",
        )
    return wanted
