"""The report of a check: one HTML file that needs nothing else, on any screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.verdict import ColumnVerdict, Facet, Severity
from trimaran_runtime.monitoring.bars import bars
from trimaran_runtime.monitoring.check import NOTHING, Outcome, Subject
from trimaran_runtime.monitoring.plot import (
    CURRENT_COLOUR,
    REFERENCE_COLOUR,
    comparison_plot,
    traffic_plot,
)
from trimaran_runtime.registry.release import SHORT

_TEMPLATE = "report.html.jinja"
_MOST_PLOTS = 12
_CALM_PLOTS = 4
_NAMED = 4
_MINUTE = "%Y-%m-%d %H:%M UTC"
_WORDS = {
    Severity.ok: "within tolerance",
    Severity.too_few_rows: "too few rows to tell",
    Severity.warn: "drifted",
    Severity.alert: "drifted strongly",
    NOTHING: "nothing to judge",
}
_DISTANCES = frozenset({FacetName.js, FacetName.ks, FacetName.w1})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One plot with its words; `svg` is markup."""

    name: str
    severity: Severity
    svg: Any
    label: str
    sentence: str


def render(outcome: Outcome) -> str:
    """The report as HTML; everything that came from data is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
    )
    severity = outcome.severity or NOTHING
    return environment.get_template(_TEMPLATE).render(
        title=f"Drift of {outcome.model}",
        severity=severity,
        words=_WORDS,
        headline=_headline(outcome),
        sentence=outcome.sentence,
        consequence=f"Action: {outcome.action.kind} ({outcome.action.why}).",
        facts=_facts(outcome),
        notes=_notes(outcome),
        colours={"reference": REFERENCE_COLOUR, "current": CURRENT_COLOUR},
        made=f"{outcome.until:{_MINUTE}}",
        **_judged(outcome),
    )


def _headline(outcome: Outcome) -> str:
    severity, features = outcome.severity, outcome.features
    if severity is None or features is None:
        return "Nothing to judge"
    if severity.drifted:
        names, count = outcome.drifted, len(outcome.drifted)
        more = f" and {count - _NAMED} more" if count > _NAMED else ""
        word = "Strong drift" if severity is Severity.alert else "Drift"
        return f"{word} in {', '.join(names[:_NAMED]) or 'the columns'}{more}"
    if severity is Severity.too_few_rows:
        return "No drift found, but too few rows to tell"
    return f"No drift in {len(features.columns)} columns"


def _judged(outcome: Outcome) -> dict[str, Any]:
    subject, features, answers = outcome.subject, outcome.features, outcome.predictions
    if subject is None or features is None or answers is None:
        names = ("findings", "plots", "prediction_plots", "predictions", "columns", "traffic")
        return dict.fromkeys(names)
    traffic = subject.traffic
    moved = [column for column in features.columns if column.severity.drifted]
    shown = moved[:_MOST_PLOTS] if moved else features.columns[:_CALM_PLOTS]
    left = f", the {_MOST_PLOTS} strongest of {len(moved)}" if len(moved) > _MOST_PLOTS else ""
    return {
        "findings": features.findings,
        "plots": _plots(shown, subject.reference, traffic.features),
        "plots_title": f"What moved{left}" if moved else "The columns that moved most",
        "prediction_plots": _plots(answers.columns, subject.predictions, traffic.predictions),
        "predictions": [_row(column) for column in answers.columns],
        "columns": [_row(column) for column in features.columns],
        "traffic": _traffic(subject),
        "reference_rows": f"{features.reference_rows:,}",
        "current_rows": f"{features.rows:,}",
        "comparisons": features.comparisons + answers.comparisons,
        "alpha": f"{features.alpha + answers.alpha:.2%}",
    }


def _facts(outcome: Outcome) -> list[tuple[str, str]]:
    facts = [
        ("Window", f"{outcome.since:{_MINUTE}} to {outcome.until:{_MINUTE}}"),
        ("Endpoint", outcome.endpoint),
    ]
    if outcome.subject is None:
        return facts
    counts = outcome.subject.traffic.counts
    facts += [
        ("Release", str(outcome.release)[:SHORT]),
        ("Rows", f"{counts.rows:,} in {counts.requests:,} requests"),
        ("Rows compared with", f"{outcome.subject.reference.rows:,}"),
    ]
    if newest := outcome.subject.traffic.newest:
        facts.append(("Newest request", f"{newest:{_MINUTE}}"))
    return facts


def _notes(outcome: Outcome) -> list[str]:
    if outcome.subject is None:
        return []
    traffic = outcome.subject.traffic
    counts = traffic.counts
    notes = []
    if counts.least_fraction < 1:
        notes.append(
            f"Only {counts.least_fraction:.1%} of the requests are recorded, chosen by their id; "
            f"{counts.sampled_out:,} were left out."
        )
    for reason, number in sorted(counts.dropped.items()):
        notes.append(f"{number:,} requests could not be recorded (reason: {reason}).")
    for number, what in (
        (counts.duplicates, "repeated records were counted once"),
        (counts.torn, "last lines of files were cut off and left out"),
        (counts.unreadable, "lines could not be read and were left out"),
        (counts.unanswered, "requests were answered with an error and hold no prediction"),
        (counts.live_tests, "requests tested the endpoint and are no traffic"),
        (counts.other_release, "requests were answered by another release and are not judged"),
    ):
        if number:
            notes.append(f"{number:,} {what}.")
    if traffic.unrecorded:
        notes.append(f"Not recorded, so not watched: {', '.join(traffic.unrecorded)}.")
    for name, number in sorted(traffic.unread.items()):
        notes.append(f"{number:,} values of {name} could not be read and count as missing.")
    moments = [n for n, c in outcome.subject.reference.columns.items() if c.kind == "timestamp"]
    if moments:
        notes.append(
            f"Times move on, so only their missing values are judged: {', '.join(moments)}."
        )
    return notes


def _row(column: ColumnVerdict) -> Row:
    worst = column.facets[0]
    full = max(worst.upper, 2 * worst.tolerance) or 1.0
    bounds = f"{_amount(worst, worst.lower)} to {_amount(worst, worst.upper)}"
    return Row(
        name=column.column,
        severity=column.severity,
        effect=f"{_amount(worst, worst.effect)} ({bounds})",
        range_label=f"between {bounds}, tolerated {_amount(worst, worst.tolerance)}",
        left=round(100 * worst.lower / full, 1),
        width=round(100 * (worst.upper - worst.lower) / full, 1),
        tick=round(100 * worst.tolerance / full, 1),
        sentence=worst.sentence,
    )


def _amount(facet: Facet, value: float) -> str:
    return f"{value:.3f}" if facet.name in _DISTANCES else f"{value:.2%}"


def _plots(columns: Sequence[ColumnVerdict], reference: Profile, current: Profile) -> list[Plot]:
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


def _traffic(subject: Subject) -> dict[str, Any]:
    from markupsafe import Markup

    periods = subject.traffic.periods
    busiest = max(periods, key=lambda period: period.rows)
    minutes = (periods[1].start - periods[0].start).total_seconds() / 60
    label = (
        f"Rows per {minutes:g} minutes, times in UTC; "
        f"most at {busiest.start:%Y-%m-%d %H:%M}: {busiest.rows:,}."
    )
    return {"svg": Markup(traffic_plot(periods)), "label": label}  # noqa: S704
