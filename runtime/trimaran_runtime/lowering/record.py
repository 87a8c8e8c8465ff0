"""What is known of a release's lowered form: that it answers the same, or why there is none."""

from typing import Literal, Self

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.section import Section

LOWERED = "lowered.model"
"""Name of the file of the lowered form."""
LOWERING = "lowering.json"
"""Name of the file of its record."""
ROLE = "lowered_model"
"""Role of the lowered form among a release's files."""
RECORD_ROLE = "lowering"
"""Role of its record."""


class Lowering(Section):
    """Whether a model has a lowered form, and how it was proven."""

    model: str
    """Digest of the original's file."""
    lowered: str | None = None
    """Digest of the lowered form's file; None: there is none."""
    form: Literal["linear", "trees"] | None = None
    """What kind of model it is; None: there is none."""
    reason: str = ""
    """Why there is none; empty: there is one."""
    rows: int = 0
    """Rows of the data on which both were compared."""
    odd_rows: int = 0
    """Rows beside them that were made up: limits, ties, missing values, levels never seen."""
    refused_rows: int = 0
    """Of all those, rows that both refuse."""
    max_difference: float | None = None
    """Largest difference of two probabilities, or of two numbers relative to the larger of the
    original's and 1; None: nothing was compared."""

    @property
    def told(self) -> str:
        """The outcome in a sentence."""
        if self.lowered is None:
            return f"served as it is: {self.reason}"
        return (
            f"served as NumPy ({self.form}): equal to the original on {self.rows:,} rows and "
            f"{self.odd_rows:,} made-up ones, to {self.max_difference:.2g}"
        )

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read `lowering.json` back; raises Corrupted."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            raise Corrupted(f"the record of lowering cannot be read: {exc}", where="model") from exc
