"""One input column: which JSON values it takes, and what the model is handed for them."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.registry.release import Feature
from trimaran_runtime.serving.message import Refusal

if TYPE_CHECKING:
    import pandas as pd

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_MOST_BITS = 64
"""Bits of a whole number; a longer one is read as a float, as the JSON parser does."""
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_ALLOWED = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "category": "text",
    "text": "text",
    "timestamp": "ISO 8601 text; with a UTC offset it is turned to UTC",
}


class Column:
    """Checks and converts the values of one feature.

    Args:
        feature: the feature's part of the signature.

    Attributes:
        type: its logical type.
        is_nullable: whether a value may be missing.
    """

    def __init__(self, feature: Feature) -> None:
        self.name = feature.name
        self.type, self.is_nullable = feature.type, feature.nullable

    @property
    def allowed(self) -> str:
        """What the column takes, in words."""
        return _ALLOWED[self.type] + (", or null" if self.is_nullable else "")

    def check(self, values: list[Any]) -> list[Any]:
        """Values for the model: the given list itself where nothing needs converting.

        Raises:
            Refusal: 400, naming the first row whose value the column does not take.
        """
        # The set of types decides at C speed; only a mixture is looked at value by value.
        types = set(map(type, values))
        if type(None) in types and not self.is_nullable:
            raise self._refusal(values, values.index(None), "must not be null")
        types.discard(type(None))
        match self.type:
            case "number":
                return self._finite(self._only(values, types, int, float), types)
            case "integer":
                return self._whole(self._only(values, types, int, float), types)
            case "boolean":
                return self._only(values, types, bool)
            case "timestamp":
                return self._times(self._only(values, types, str))
            case _:
                return self._only(values, types, str)

    def from_text(self, texts: Sequence[str]) -> list[Any]:
        """Values as JSON would give them, from CSV cells; an empty cell is null.

        A cell that does not parse stays text, so that `check` refuses it.
        """
        match self.type:
            case "number" | "integer":
                return [_number(text) if text else None for text in texts]
            case "boolean":
                return [_BOOLEANS.get(text.lower(), text) if text else None for text in texts]
            case _:
                return [text or None for text in texts]

    def array(self, values: list[Any]) -> "np.ndarray[Any, Any] | pd.Series[Any]":
        """Checked values in the dtype that the column had in training.

        Columns with missing values were float64 in training, also integers and booleans.
        """
        match self.type:
            case "number":
                return np.array(values, dtype=np.float64)
            case "integer":
                return np.array(values, dtype=np.float64 if self.is_nullable else np.int64)
            case "boolean":
                return np.array(values, dtype=np.float64 if self.is_nullable else np.bool_)
            case "timestamp":
                return np.array(values, dtype="datetime64[us]")
            case _:
                import pandas as pd

                return pd.Series(values, dtype="str")

    def _only(self, values: list[Any], types: set[type], *allowed: type) -> list[Any]:
        if not types <= set(allowed):
            for row, value in enumerate(values):
                if value is not None and type(value) not in allowed:
                    raise self._refusal(values, row, "is of the wrong type")
        return values

    def _finite(self, values: list[Any], types: set[type]) -> list[Any]:
        present = [v for v in values if v is not None] if None in values else values
        # JSON has neither infinity nor NaN; other formats have.
        if float in types and not all(map(math.isfinite, present)):
            for row, value in enumerate(values):
                if value is not None and math.isinf(value):
                    raise self._refusal(values, row, "is not finite")
                if value is not None and math.isnan(value) and not self.is_nullable:
                    raise self._refusal(values, row, "must not be NaN")
        return values

    def _whole(self, values: list[Any], types: set[type]) -> list[Any]:
        whole = values
        if float in types:
            for row, value in enumerate(values):
                if type(value) is float and not value.is_integer():
                    raise self._refusal(values, row, "is not a whole number")
            whole = [None if value is None else int(value) for value in values]
        for row, value in enumerate(whole):
            if value is not None and not _SMALLEST <= value <= _LARGEST:
                raise self._refusal(values, row, "does not fit into 64 bits")
        return whole

    def _times(self, values: Sequence[Any]) -> list[Any]:
        times: list[datetime | None] = []
        for row, value in enumerate(values):
            try:
                time = None if value is None else datetime.fromisoformat(value)
                if time is not None and time.tzinfo is not None:
                    time = time.astimezone(UTC).replace(tzinfo=None)
            except (ValueError, OverflowError):
                raise self._refusal(values, row, "is not a time") from None
            times.append(time)
        return times

    def _refusal(self, values: Sequence[Any], row: int, problem: str) -> Refusal:
        return Refusal(
            400,
            f"column {self.name!r}, row {row}: the value {problem}",
            where=self.name,
            given=values[row] if values[row] is not None else "null",
            allowed=self.allowed,
        )


def _number(text: str) -> int | float | str:
    # An exception for every number with a point would cost more than all the rest.
    if "." not in text:
        try:
            whole = int(text)
            if whole.bit_length() <= _MOST_BITS:
                return whole
        except ValueError:
            pass
    try:
        number = float(text)
    except ValueError:
        return text
    # "nan" and "inf" are floats to Python, but no numbers in JSON either.
    return number if math.isfinite(number) else text
