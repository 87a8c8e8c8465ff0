"""How a request asks for reason codes: `parameters.explain` of a JSON body, or a header."""

from typing import Any

from trimaran_runtime.serving.message import Headers, Refusal

HEADER = "x-trimaran-explain"
"""Header with the number of reasons per row, for bodies that have no parameters."""
PARAMETER = "explain"
"""Key of the same under `parameters` of a JSON body; `true`: `USUAL_REASONS`."""
USUAL_REASONS = 4
"""Reasons where no number is given: the US regulator holds that more than four are of little help
to who was refused credit (12 CFR part 1002, supplement I, comment 9(b)(2)-1, read 2026-11-25)."""
MOST_REASONS = 20
_ALLOWED = f"true, false, or a whole number from 1 to {MOST_REASONS}"


def reasons_wanted(value: Any) -> int:
    """Reasons per row that a JSON value asks for; 0: none. Raises Refusal."""
    if isinstance(value, bool):
        return USUAL_REASONS if value else 0
    if isinstance(value, int) and 1 <= value <= MOST_REASONS:
        return value
    raise Refusal(
        400, "no number of reasons", where=f"parameters.{PARAMETER}", given=value, allowed=_ALLOWED
    )


def reasons_asked(in_body: int, headers: Headers) -> int:
    """Reasons per row that a request asks for, in its body or else by header; 0: none.

    Raises:
        Refusal: 400, the header holds no such number.
    """
    given = headers.get(HEADER)
    if in_body or given is None:
        return in_body
    text = given.strip().lower()
    if text in {"true", "false"}:
        return reasons_wanted(text == "true")
    if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_REASONS)):
        number = int(text)
        if 1 <= number <= MOST_REASONS:
            return number
    raise Refusal(400, "no number of reasons", where=HEADER, given=given, allowed=_ALLOWED)
