"""What is compared about a column that is told by several statistics: text, vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.estimate import Comparison, Doubt, Estimate
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.number_facets import of_numbers

_COMPARED = (FacetName.js, FacetName.ks, FacetName.w1)


def of_statistics(
    reference: Mapping[str, NumberSummary], current: Mapping[str, NumberSummary]
) -> dict[FacetName, Comparison]:
    """The distances of two columns: of the statistic that surely moved most; they share the risk.

    Args:
        reference: histogram by name of the statistic.
        current: the same.
    """
    planned: dict[FacetName, list[tuple[str, Comparison]]] = {}
    for name in reference.keys() & current.keys():
        for facet, compared in of_numbers(reference[name], current[name]).items():
            if facet in _COMPARED:
                planned.setdefault(facet, []).append((name, compared))
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
