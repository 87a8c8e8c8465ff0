"""What is compared about a column that is told by several statistics: text, vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.estimate import Comparison, Doubt, Estimate, share_of
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.number_facets import of_numbers
from trimaran_runtime.drift.text import IN_WORDS, TextSummary
from trimaran_runtime.drift.vector import VectorSummary
from trimaran_runtime.drift.word_facet import vocabulary

_COMPARED = (FacetName.js, FacetName.ks, FacetName.w1)
_Planned = dict[FacetName, list[tuple[str, Comparison]]]


def of_text(reference: TextSummary, current: TextSummary) -> dict[FacetName, Comparison]:
    """The comparisons that two summaries of free text allow: their measures, and their words."""
    before, now = (
        {IN_WORDS[name]: found for name, found in side.statistics.items()}
        for side in (reference, current)
    )
    planned = _planned(before, now)
    if (compared := vocabulary(reference, current)) is not None:
        planned.setdefault(FacetName.js, []).append(("vocabulary", compared))
    return _joined(planned)


def of_vectors(reference: VectorSummary, current: VectorSummary) -> dict[FacetName, Comparison]:
    """The comparisons that two summaries of vectors allow.

    A vector of another width, or one that lacks a number, is as good as missing.
    """
    found = {
        FacetName.missing: lambda doubt: share_of(
            "vectors that are missing, of another width or lack a number",
            current.unusable,
            current.rows,
            reference.unusable,
            reference.rows,
            doubt,
        ),
        FacetName.infinite: of_numbers(reference.norm, current.norm)[FacetName.infinite],
    }
    if not current.present:
        del found[FacetName.infinite]
    return found | _joined(_planned(reference.statistics, current.statistics))


def _planned(
    reference: Mapping[str, NumberSummary], current: Mapping[str, NumberSummary]
) -> _Planned:
    planned: _Planned = {}
    for name in sorted(reference.keys() & current.keys()):
        for facet, compared in of_numbers(reference[name], current[name]).items():
            if facet in _COMPARED:
                planned.setdefault(facet, []).append((name, compared))
    return planned


def _joined(planned: _Planned) -> dict[FacetName, Comparison]:
    """The distances: of the statistic that surely moved most; they share the risk."""
    return {facet: _most(sorted(found, key=lambda f: f[0])) for facet, found in planned.items()}


def _most(found: Sequence[tuple[str, Comparison]]) -> Comparison:
    def most(doubt: Doubt) -> Estimate:
        # Bounds say which one moved most, whether or not they are asked for.
        shared = replace(doubt, risk=doubt.risk / len(found), bounded=True)
        told = [(name, compared(shared)) for name, compared in found]
        name, worst = max(told, key=lambda t: (t[1].lower, t[1].effect))
        upper = max(estimate.upper for _, estimate in told)
        return replace(worst, upper=upper, detail=f"{name}: {worst.detail}")

    return most
