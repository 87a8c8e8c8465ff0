"""The rows of one request, from any body the server takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.bodies import registry
from trimaran_runtime.serving.bodies.content_type import ContentType
from trimaran_runtime.serving.bodies.decoder import Decoder
from trimaran_runtime.serving.bodies.expected import Expected
from trimaran_runtime.serving.bodies.given import ByColumn, Floats, Given
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.message import JSON, Refusal
from trimaran_runtime.serving.raw import Raw
from trimaran_runtime.serving.values import Values

_NO_PARAMETERS: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Rows:
    """Checked rows of one request, by column in the signature's order.

    Attributes:
        raw: values as they were given (what is captured).
        values: values for the model; the same lists as `raw` where nothing was converted, one
            matrix where every column is a number.
        count: how many rows.
        every_class: whether the caller wants the probability of every class.
        reasons: how many reasons per row the caller wants; 0: none.
    """

    raw: Sequence[list[Any]]
    values: Values
    count: int
    every_class: bool = False
    reasons: int = 0


class RowReader:
    """Reads the rows of a request body and checks them against a signature.

    Args:
        signature: what the model takes.
        max_rows: most rows in one request.

    Attributes:
        columns: the signature's columns.
        decoders: formats that the release takes.
    """

    def __init__(self, signature: Signature, max_rows: int) -> None:
        self.columns = tuple(Column(feature) for feature in signature.features)
        self.decoders = registry.decoders([column.type for column in self.columns])
        self._by_type: dict[str, Decoder] = {
            kind: decoder for decoder in self.decoders for kind in decoder.media_types
        }
        self._expected = Expected(self.columns, max_rows)
        self._full = [i for i, column in enumerate(self.columns) if not column.is_nullable]

    def read(self, content_type: str | None, body: bytes) -> Rows:
        """Rows of a body.

        Args:
            content_type: value of the header; None: JSON.
            body: the body's bytes.

        Raises:
            Refusal: 400, 413 or 415, with the reason.
        """
        parameters = _NO_PARAMETERS
        # As it mostly is: nothing to be taken apart.
        decoder = self._by_type.get(content_type or JSON)
        if decoder is None:
            parsed = ContentType.parse(content_type or JSON)
            decoder, parameters = self._decoder(parsed.kind), dict(parsed.parameters)
        decoded = decoder.decode(body, parameters, self._expected)
        rows = self.rows(decoded.given, every_class=decoded.every_class)
        return replace(rows, reasons=decoded.reasons) if decoded.reasons else rows

    def checked(self, raw: Sequence[list[Any]], every_class: bool) -> Rows:
        """Rows from values that are sorted by column already.

        Args:
            raw: values of every column, in the signature's order, as JSON would give them; at
                least one row, and equally many in every column.
            every_class: whether the caller wants the probability of every class.

        Raises:
            Refusal: 400, naming the first value that its column does not take.
        """
        return self.rows(ByColumn(raw), every_class=every_class)

    def rows(self, given: Given, *, every_class: bool = False) -> Rows:
        """Rows from values in the signature's order: by row, by column, or as one matrix.

        Args:
            given: the values.
            every_class: whether the caller wants the probability of every class.

        Raises:
            Refusal: 400, naming the first value that its column does not take.
        """
        if self._expected.is_numeric:
            numbers = given.numbers()
            if numbers is not None and self._takes(numbers):
                raw = Raw(given.columns, len(self.columns))
                return Rows(raw, numbers, given.count, every_class)
        lists = given.columns()
        pairs = zip(self.columns, lists, strict=True)
        values = tuple(column.check(column_values) for column, column_values in pairs)
        if self._expected.is_numeric:
            return Rows(lists, np.array(values, dtype=np.float64), given.count, every_class)
        return Rows(tuple(lists), values, given.count, every_class)

    def _takes(self, numbers: Floats) -> bool:
        """Whether the columns take a matrix; else the value is found by looking at each."""
        if np.isfinite(numbers).all():
            return True
        return not (np.isnan(numbers[self._full]).any() or np.isinf(numbers).any())

    def _decoder(self, kind: str) -> Decoder:
        decoder = self._by_type.get(kind)
        if decoder is None:
            raise Refusal(
                415,
                "unsupported content type",
                where="content-type",
                given=kind,
                allowed=", ".join(self._by_type),
            )
        return decoder
