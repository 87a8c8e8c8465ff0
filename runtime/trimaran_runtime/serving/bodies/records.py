"""Rows as JSON writes them: objects by column name, or lists in the signature's order."""

from collections.abc import Sequence
from typing import Any

from trimaran_runtime.serving.bodies.expected import Expected
from trimaran_runtime.serving.bodies.given import ByRow
from trimaran_runtime.serving.message import Refusal


def records(rows: Any, where: str, expected: Expected, *, has_booleans: bool = True) -> ByRow:
    """Rows of a JSON list.

    Args:
        rows: the list, or what was given instead of one.
        where: the key that held it.
        expected: what the rows must have.
        has_booleans: False: the document has none.

    Raises:
        Refusal: 400 or 413.
    """
    expected.check_count(rows, where)
    if isinstance(rows[0], list):
        expected.check_width(rows, where)
        return ByRow(rows, has_booleans)
    return ByRow(_by_name(rows, where, expected), has_booleans)


def may_hold_booleans(text: bytes, start: int = 0) -> bool:
    """Whether `true` or `false` may be in a JSON text, from a place on.

    Looks for a letter of each, which costs a hundredth of looking for the words, and far less than
    looking at every value. A name that has such a letter makes the answer yes.
    """
    return text.find(b"r", start) >= 0 or text.find(b"f", start) >= 0


def _by_name(rows: Sequence[Any], where: str, expected: Expected) -> list[Sequence[Any]]:
    if set(map(type, rows)) == {dict} and set(map(len, rows)) == {len(expected.names)}:
        try:
            return expected.ordered(rows)
        except KeyError:
            pass  # said below, with the row and the name
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise Refusal(
                400,
                f"row {number} is not an object like the rows before"
                if number
                else "rows are objects or lists",
                where=where,
                given=row,
                allowed="an object {column: value, …}",
            )
        expected.check_names(list(row), f"row {number}")
    return expected.ordered(rows)
