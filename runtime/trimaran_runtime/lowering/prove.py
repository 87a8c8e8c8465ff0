"""The gate of lowered forms: they answer as the original does, or they are not used."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trimaran_runtime.lowering.odd_rows import odd_rows
from trimaran_runtime.registry.release import Signature

_TOGETHER = 10_000
Ask = Callable[[Sequence[list[Any]]], list[Any]]


class Differs(ValueError):
    """A lowered form answers otherwise than its original; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What may differ.

    Attributes:
        difference: largest difference of two probabilities, or of two numbers relative to the
            larger of the original's and 1. Where both are float64, what is added up in another
            order differs by about 1e-15.
        flipped: largest share of rows with another label, where the probabilities are within that.
    """

    difference: float = 1e-9
    flipped: float = 0.0


EQUAL = Tolerance()
"""Of what is computed in float64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """What was compared.

    Attributes:
        rows, odd_rows: rows of the data, and made-up ones.
        refused_rows: of both, those that both refuse.
        flipped_rows: of both, those with another label.
        max_difference: see `Tolerance.difference`.
    """

    rows: int
    odd_rows: int
    refused_rows: int
    flipped_rows: int
    max_difference: float


def prove(
    original: Ask,
    lowered: Ask,
    signature: Signature,
    values: Sequence[list[Any]],
    further: Sequence[list[Any]],
    tolerance: Tolerance = EQUAL,
) -> Parity:
    """Compare both on rows of the data and on made-up ones.

    Args:
        original: answers as `Predictor.predict` does.
        lowered: answers so as well.
        signature: what both take and give.
        values: rows of the data by column, as a server hands them to a model; at least one.
        further: more made-up rows by column, e.g. of `trimaran_runtime.lowering.boundaries`.
        tolerance: what may differ.

    Raises:
        Differs: more labels are others, or a number differs by more, than the tolerance says, or
            one of both refuses a row that the other answers.
    """
    made = zip(odd_rows(signature.features, values), further, strict=True)
    odd = [[*column, *more] for column, more in made]
    classifies = signature.task == "classification"
    comparison = _Comparison(original, lowered, tolerance, classifies=classifies)
    for rows, kind in ((values, "row"), (odd, "made-up row")):
        for start in range(0, len(rows[0]), _TOGETHER):
            comparison.add([column[start : start + _TOGETHER] for column in rows], kind, start)
    compared = len(values[0]) + len(odd[0])
    if comparison.flipped > tolerance.flipped * compared:
        raise Differs(
            f"the lowered form has another label for {comparison.flipped} of {compared} rows"
        )
    return Parity(
        rows=len(values[0]),
        odd_rows=len(odd[0]),
        refused_rows=comparison.refused,
        flipped_rows=comparison.flipped,
        max_difference=comparison.largest,
    )


class _Comparison:
    def __init__(
        self, original: Ask, lowered: Ask, tolerance: Tolerance, *, classifies: bool
    ) -> None:
        self._original, self._lowered, self._classifies = original, lowered, classifies
        self._tolerance = tolerance
        self.refused, self.flipped, self.largest = 0, 0, 0.0

    def add(self, rows: Sequence[list[Any]], kind: str, start: int) -> None:
        """Compare some rows; those among which one is refused are halved until it is alone.

        Args:
            rows: the rows by column.
            kind: what they are called.
            start: the number of the first.
        """
        count = len(rows[0])
        ours, theirs = _attempt(self._lowered, rows), _attempt(self._original, rows)
        if ours is not None and theirs is not None:
            for number, (one, other) in enumerate(zip(ours, theirs, strict=True), start):
                self._compare(one, other, f"{kind} {number}")
        elif count == 1:
            if ours is not None or theirs is not None:
                who = "the original" if theirs is None else "the lowered form"
                raise Differs(f"only {who} refuses {kind} {start}")
            self.refused += 1
        else:
            half = count // 2
            self.add([column[:half] for column in rows], kind, start)
            self.add([column[half:] for column in rows], kind, start + half)

    # Rows are told by number: what they hold is nobody's business but the data's owner's.
    def _compare(self, one: Any, other: Any, row: str) -> None:
        if not self._classifies:
            difference = abs(one - other) / max(1.0, abs(other))
        else:
            if one[0] != other[0]:
                if not self._tolerance.flipped:
                    raise Differs(f"the lowered form has another label for {row}")
                self.flipped += 1
            pairs = zip(one[1], other[1], strict=True)
            difference = max(abs(ours - theirs) for ours, theirs in pairs)
        # Written so that NaN, which no comparison holds for, is refused.
        if not difference <= self._tolerance.difference:
            raise Differs(f"the lowered form differs by {difference:.0e} for {row}")
        self.largest = max(self.largest, difference)


def _attempt(ask: Ask, rows: Sequence[list[Any]]) -> list[Any] | None:
    try:
        # Made-up rows overflow, and hold unknown levels, on purpose.
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            return ask(rows)
    except Exception:  # noqa: BLE001 - a refusal is an answer as well, whatever a model raises
        return None
