"""What is compared about a column: an effect, and a bound below and above it."""

from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.estimate import Comparison, share_of
from trimaran_runtime.drift.level_facets import of_levels
from trimaran_runtime.drift.number_facets import of_numbers
from trimaran_runtime.drift.statistic_facets import of_text, of_vectors
from trimaran_runtime.drift.summary import LevelSummary, NumberSummary, Summary
from trimaran_runtime.drift.text import TextSummary
from trimaran_runtime.drift.vector import VectorSummary


def comparisons(reference: Summary, current: Summary) -> dict[FacetName, Comparison]:
    """The comparisons that two summaries of one column allow."""
    found: dict[FacetName, Comparison] = {
        FacetName.missing: lambda doubt: share_of(
            "missing values",
            current.missing,
            current.rows,
            reference.missing,
            reference.rows,
            doubt,
        )
    }
    if isinstance(reference, NumberSummary) and isinstance(current, NumberSummary):
        # Time moves on: the range and shape of a timestamp say nothing about the model's input.
        if reference.kind == "number":
            found |= of_numbers(reference, current)
    elif isinstance(reference, LevelSummary) and isinstance(current, LevelSummary):
        found |= of_levels(reference, current)
    elif isinstance(reference, TextSummary) and isinstance(current, TextSummary):
        found |= of_text(reference, current)
    elif isinstance(reference, VectorSummary) and isinstance(current, VectorSummary):
        found |= of_vectors(reference, current)
    return found
