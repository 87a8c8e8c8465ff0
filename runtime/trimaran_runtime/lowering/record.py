"""What is known of a release's lowered form: that it answers the same, or why there is none."""

import math
from typing import Literal, Self

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.section import Section

LOWERED = "lowered.model"
"""Name of the file of the lowered form."""
LOWERING = "lowering.json"
"""Name of the file of its record."""
LOWERED_ROLE = "lowered_model"
"""Role of the lowered form among a release's files."""
LOWERING_ROLE = "lowering"
"""Role of its record."""


class Lowering(Section):
    """Whether a model has a lowered form, and how it was proven."""

    model: str
    """Digest of the original's file."""
    lowered: str | None = None
    """Digest of the lowered form's file; None: there is none."""
    form: Literal["linear", "trees", "onnx"] | None = None
    """What kind of model it is; None: there is none."""
    refused: str = ""
    """Why it is not in ONNX, which was asked for; empty: it is, or it was not asked for."""
    reason: str = ""
    """Why there is none; empty: there is one."""
    rows: int = 0
    """Rows of the data on which both were compared."""
    odd_rows: int = 0
    """Rows beside them that were made up: limits, ties, missing values, levels never seen."""
    refused_rows: int = 0
    """Of all those, rows that both refuse."""
    flipped_rows: int = 0
    """Of all those, rows for which both have another label."""
    tolerance: float | None = None
    """Largest difference that was allowed; None: nothing was compared."""
    max_difference: float | None = None
    """No two probabilities differ by more, and no two numbers relative to the larger of the
    original's and 1; a power of ten, or 0. None: nothing was compared."""

    @property
    def told(self) -> str:
        """The outcome in a sentence."""
        refused = f" (not as ONNX: {self.refused})" if self.refused else ""
        if self.lowered is None:
            return f"served as it is: {self.reason}{refused}"
        within = f"within {self.max_difference:.0e}" if self.max_difference else "exactly"
        served = "ONNX" if self.form == "onnx" else f"NumPy ({self.form})"
        flipped = f", {self.flipped_rows:,} with another label" if self.flipped_rows else ""
        return (
            f"served as {served}: {within} equal to the original on {self.rows:,} rows "
            f"and {self.odd_rows:,} made-up ones{flipped}{refused}"
        )

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read `lowering.json` back; raises Corrupted."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            raise Corrupted(f"the record of lowering cannot be read: {exc}", where="model") from exc


def power_of_ten(difference: float) -> float:
    """The least power of ten that a difference does not exceed; 0 for 0.

    The last digits of a difference depend on the processor, and the same inputs have to give the
    same release.
    """
    if difference == 0:
        return 0.0
    power = math.floor(math.log10(difference))
    return next(
        ten for n in (power, power + 1, power + 2) if (ten := float(f"1e{n}")) >= difference
    )
