"""`text/csv`, with a header line or without."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from trimaran_runtime.serving.bodies.decoder import Decoded, Decoder
from trimaran_runtime.serving.bodies.expected import Expected
from trimaran_runtime.serving.bodies.given import ByColumn
from trimaran_runtime.serving.message import Refusal

MEDIA_TYPE = "text/csv"
_HEADER = "header"
_HEADERS = ("absent", "present")


def _decode(body: bytes, parameters: Mapping[str, str], expected: Expected) -> Decoded:
    header = parameters.get(_HEADER)
    if header is not None and header not in _HEADERS:
        raise Refusal(
            415,
            "unknown value of the parameter header",
            where="content-type",
            given=header,
            allowed=" or ".join(_HEADERS),
        )
    rows = _rows(body, expected)
    if not rows:
        raise Refusal(400, "the body is empty", where="body", allowed="a header line, then rows")
    names = expected.names
    if _has_header(rows[0], header, expected):
        names = [name.strip() for name in rows[0]]
        expected.check_names(names, "the header line")
        rows = rows[1:]
    expected.check_count(rows, "body")
    expected.check_width(rows, "body")
    texts = dict(zip(names, zip(*rows, strict=True), strict=True))
    return Decoded(
        ByColumn([column.from_text(list(texts[column.name])) for column in expected.columns])
    )


def _rows(body: bytes, expected: Expected) -> list[list[str]]:
    """Lines that are not empty, one more than rows are allowed at most."""
    rows: list[list[str]] = []
    try:
        # The byte order mark that spreadsheets write is no part of the first name.
        for line in csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True):
            if line:
                rows.append(line)
                if len(rows) > expected.max_rows + 1:
                    expected.check_number(len(rows), "body")
    except UnicodeDecodeError:
        raise Refusal(400, "the body is not UTF-8", where="body", allowed="UTF-8") from None
    except csv.Error as exc:
        raise Refusal(400, f"the body is not CSV: {exc}", where="body") from None
    return rows


def _has_header(first: list[Any], told: str | None, expected: Expected) -> bool:
    if told is not None:
        return told == "present"
    # One of the names is enough: the others are misspelt then, and the error says which.
    return any(expected.is_known(cell.strip()) for cell in first)


DECODER = Decoder(
    media_types=(MEDIA_TYPE,),
    decode=_decode,
    description=(
        "A row a line, after a header line with the columns in any order, or without one and in "
        "the signature's order. A first line that holds none of the columns' names is a row; the "
        "parameter `header=present` or `header=absent` of the content type decides otherwise."
    ),
)
