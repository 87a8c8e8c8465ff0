"""The report of a check: one HTML file that needs nothing else, on any screen."""

from typing import Any

from trimaran_runtime.monitoring.labelled import Labelled
from trimaran_runtime.monitoring.outcome import NOTHING, Outcome
from trimaran_runtime.monitoring.page import (
    headline,
    judged,
    moments_note,
    page,
    plots_of,
    rows_of,
)
from trimaran_runtime.monitoring.performance_plot import performance_plot
from trimaran_runtime.monitoring.plot import traffic_plot
from trimaran_runtime.monitoring.subject import Subject
from trimaran_runtime.registry.release import SHORT

_MINUTE = "%Y-%m-%d %H:%M UTC"


def render(outcome: Outcome) -> str:
    """The report as HTML; everything that came from data is escaped."""
    return page(
        title=f"Drift of {outcome.model}",
        severity=outcome.severity or NOTHING,
        headline=_headline(outcome),
        sentence=outcome.sentence,
        consequence=f"Action: {outcome.action.kind} ({outcome.action.why}).",
        facts=_facts(outcome),
        notes=_notes(outcome),
        made=f"{outcome.until:{_MINUTE}}",
        rules=outcome.rules,
        labelled=_labelled(outcome.labelled),
        **_judged(outcome),
    )


def _headline(outcome: Outcome) -> str:
    if outcome.fallen:
        return "The model is worse, as labels show"
    if outcome.severity is None or outcome.features is None:
        return "Nothing to judge"
    return headline(outcome.severity, outcome.drifted, len(outcome.features.columns))


def _judged(outcome: Outcome) -> dict[str, Any]:
    subject, features, answers = outcome.subject, outcome.features, outcome.predictions
    if subject is None or features is None or answers is None:
        return {}
    traffic = subject.traffic
    return {
        **judged(features, subject.reference, traffic.features),
        "causes": outcome.causes,
        "prediction_plots": plots_of(answers.columns, subject.predictions, traffic.predictions),
        "predictions": rows_of(answers.columns),
        "traffic": _traffic(subject),
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
    if outcome.estimate is not None:
        notes.append(f"Without labels, by the model's scores: {outcome.estimate.sentence}.")
    if fault := outcome.subject.lock_fault:
        notes.append(f"{fault[0].upper()}{fault[1:]}.")
    if outcome.watch is not None:
        notes += [f"Over many checks: {alarm.sentence}." for alarm in outcome.watch.alarms]
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
        (counts.unmatched, "records of a question or an answer lack the other, and were left out"),
        (counts.live_tests, "requests tested the endpoint and are no traffic"),
        (counts.other_release, "requests were answered by another release and are not judged"),
    ):
        if number:
            notes.append(f"{number:,} {what}.")
    if traffic.unrecorded:
        notes.append(f"Not recorded, so not watched: {', '.join(traffic.unrecorded)}.")
    for name, number in sorted(traffic.unread.items()):
        notes.append(f"{number:,} values of {name} could not be read and count as missing.")
    return notes + moments_note(outcome.subject.reference)


def _labelled(found: Labelled | None) -> dict[str, Any] | None:
    """Performance by part of time, with a plot where a metric was judged."""
    from markupsafe import Markup

    if found is None:
        return None
    sentence = f"{found.sentence[0].upper()}{found.sentence[1:]}."
    markup = None
    if found.metric is not None and found.performance is not None and found.before is not None:
        drawn = performance_plot(found.performance.parts, found.metric, found.before)
        markup = Markup(drawn)  # noqa: S704
    return {"sentence": sentence, "svg": markup, "metric": found.metric}


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
