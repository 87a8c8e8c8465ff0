"""What reports are made of: verdicts as rows and plots of a page that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.verdict import ColumnVerdict, Facet, Severity, Verdict
from trimaran_runtime.monitoring.bars import bars
from trimaran_runtime.monitoring.outcome import NOTHING
from trimaran_runtime.monitoring.plot import CURRENT_COLOUR, REFERENCE_COLOUR, comparison_plot

PARTS = (
    "notes",
    "findings",
    "rules",
    "labelled",
    "causes",
    "plots",
    "prediction_plots",
    "predictions",
    "columns",
    "pairs",
    "together",
    "segments",
    "traffic",
)
"""Parts of a page that are not on every one."""
_TEMPLATE = "report.html.jinja"
_MOST_PLOTS = 12
_CALM_PLOTS = 4
_MOST_SEGMENTS = 20
_NAMED = 4
_WORDS = {
    Severity.ok: "within tolerance",
    Severity.too_few_rows: "too few rows to tell",
    Severity.warn: "drifted",
    Severity.alert: "drifted strongly",
    NOTHING: "nothing to judge",
}
_DISTANCES = frozenset({FacetName.js, FacetName.ks, FacetName.w1})


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetRow:
    """Every number of one facet, as text."""

    name: str
    severity: Severity
    effect: str
    bounds: str
    tolerance: str
    strict: str
    rows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One column in the table; places of the bar are in percent of its width."""

    name: str
    severity: Severity
    effect: str
    range_label: str
    left: float
    width: float
    tick: float
    sentence: str
    facets: tuple[FacetRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One plot with its words; `svg` is markup."""

    name: str
    severity: Severity
    svg: Any
    label: str
    sentence: str


def page(**content: Any) -> str:
    """The page as HTML; everything that came from data is escaped.

    Args:
        content: what the template shows; a part of `PARTS` that is absent is left out.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
    )
    colours = {"reference": REFERENCE_COLOUR, "current": CURRENT_COLOUR}
    absent = dict.fromkeys(PARTS)
    return environment.get_template(_TEMPLATE).render(
        **{**absent, "words": _WORDS, "colours": colours, **content}
    )


def headline(severity: Severity, drifted: Sequence[str], columns: int) -> str:
    """The outcome in a few words."""
    if severity.drifted:
        count = len(drifted)
        more = f" and {count - _NAMED} more" if count > _NAMED else ""
        word = "Strong drift" if severity is Severity.alert else "Drift"
        return f"{word} in {', '.join(drifted[:_NAMED]) or 'the columns'}{more}"
    if severity is Severity.too_few_rows:
        return "No drift found, but too few rows to tell"
    return f"No drift in {columns} columns"


def judged(verdict: Verdict, reference: Profile, current: Profile) -> dict[str, Any]:
    """A verdict as parts of a page: what could not be compared, the worst columns, all columns."""
    moved = [column for column in verdict.columns if column.severity.drifted]
    shown = moved[:_MOST_PLOTS] if moved else verdict.columns[:_CALM_PLOTS]
    left = f", the {_MOST_PLOTS} strongest of {len(moved)}" if len(moved) > _MOST_PLOTS else ""
    return {
        "findings": verdict.findings,
        "plots": plots_of(shown, reference, current),
        "plots_title": f"What moved{left}" if moved else "The columns that moved most",
        "columns": rows_of(verdict.columns),
        "pairs": verdict.correlations,
        "together": verdict.classifier,
        "segments": [one for one in verdict.segments if one.severity.drifted][:_MOST_SEGMENTS],
        "segment_count": len(verdict.segments),
        "reference_rows": f"{verdict.reference_rows:,}",
        "current_rows": f"{verdict.rows:,}",
        "comparisons": verdict.comparisons,
        "alpha": f"{verdict.alpha:.2%}",
    }


def rows_of(columns: Sequence[ColumnVerdict]) -> list[Row]:
    """Columns as rows of the table."""
    return [_row(column) for column in columns]


def plots_of(columns: Sequence[ColumnVerdict], reference: Profile, current: Profile) -> list[Plot]:
    """Distributions before and now, of those columns that have one."""
    from markupsafe import Markup

    plots = []
    for column in columns:
        drawn = bars(reference.columns[column.column], current.columns[column.column])
        if not drawn:
            continue
        plots.append(
            Plot(
                name=column.column,
                severity=column.severity,
                # The markup is Vega's own; it escapes the labels it draws.
                svg=Markup(comparison_plot(drawn)),  # noqa: S704
                label=f"Distribution of {column.column} before and now: {column.sentence}",
                sentence=column.facets[0].sentence,
            )
        )
    return plots


def moments_note(profile: Profile) -> list[str]:
    """What is to be known about columns of times."""
    moments = [name for name, column in profile.columns.items() if column.kind == "timestamp"]
    if not moments:
        return []
    return [f"Times move on, so only their missing values are judged: {', '.join(moments)}."]


def amount(facet: Facet, value: float) -> str:
    """A value of a facet: a distance, or a share of the rows."""
    return f"{value:.3f}" if facet.name in _DISTANCES else f"{value:.2%}"


def _row(column: ColumnVerdict) -> Row:
    worst = column.facets[0]
    full = max(worst.upper, 2 * worst.tolerance) or 1.0
    bounds = _bounds(worst)
    return Row(
        name=column.column,
        severity=column.severity,
        effect=f"{amount(worst, worst.effect)} ({bounds})",
        range_label=f"between {bounds}, tolerated {amount(worst, worst.tolerance)}",
        left=round(100 * worst.lower / full, 1),
        width=round(100 * (worst.upper - worst.lower) / full, 1),
        tick=round(100 * worst.tolerance / full, 1),
        sentence=worst.sentence,
        facets=tuple(_facet(facet) for facet in column.facets),
    )


def _facet(facet: Facet) -> FacetRow:
    return FacetRow(
        name=facet.name.replace("_", " "),
        severity=facet.severity,
        effect=amount(facet, facet.effect),
        bounds=_bounds(facet),
        tolerance=amount(facet, facet.tolerance),
        strict=amount(facet, facet.strict),
        rows=f"{facet.rows:,}",
    )


def _bounds(facet: Facet) -> str:
    return f"{amount(facet, facet.lower)} to {amount(facet, facet.upper)}"
