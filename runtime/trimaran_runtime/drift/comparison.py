"""Reference against current rows: "is the effect beyond tolerance", not "is there an effect"."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from trimaran_runtime.drift.config import DriftConfig, FacetName
from trimaran_runtime.drift.correlation_verdict import CorrelationChanges, CorrelationVerdict
from trimaran_runtime.drift.facets import Comparison, Estimate, comparisons
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.summary import EmptySummary, NumberSummary, Summary
from trimaran_runtime.drift.verdict import (
    ColumnVerdict,
    Facet,
    Fault,
    Finding,
    Severity,
    Verdict,
)
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    from trimaran_runtime.drift.classifier_verdict import ClassifierVerdict
    from trimaran_runtime.drift.domain_classifier import Separation

TOLERANCE = {
    FacetName.missing: (0.01, 0.05),
    FacetName.infinite: (0.001, 0.005),
    FacetName.out_of_range: (0.002, 0.01),
    FacetName.js: (0.05, 0.1),
    FacetName.ks: (0.03, 0.1),
    FacetName.new_category: (0.005, 0.025),
    FacetName.share: (0.02, 0.1),
}
"""Material and strict tolerance of each facet."""
_DISTANCES = {FacetName.js, FacetName.ks}


def compare(reference: Profile, current: Profile, config: DriftConfig) -> Verdict:
    """Judge current rows against reference rows.

    A column drifted when the lower confidence bound of one of its effects exceeds a tolerance.
    All comparisons share the risk `config.alpha` (Bonferroni), so a check without any drift
    raises a false finding with at most about that probability, and in practice with far less:
    an effect has to exceed its tolerance, not zero.

    Args:
        reference: profile of the rows the model was trained on.
        current: profile of the rows to judge, made with `reference=reference`.
        config: risk, tolerances, fewest rows, columns not to watch.

    Raises:
        DataError: the profiles have different centres, so their histograms do not compare.
    """
    if reason := _too_few(reference, current, config):
        return _unjudged(reference, current, config, reason)
    watched = {n: c for n, c in reference.columns.items() if n not in config.ignore}
    given = {n: c for n, c in current.columns.items() if n not in config.ignore}
    findings = _findings(watched, given)
    retyped = {finding.column for finding in findings if finding.fault is Fault.retyped}
    planned = {
        name: comparisons(column, _same_centre(name, column, given[name]))
        for name, column in watched.items()
        if name in given and name not in retyped
    }
    pairs = _correlations(reference, current, config)
    separation = _separation(reference, current, config)
    total = sum(len(found) for found in planned.values())
    total += (0 if pairs is None else len(pairs)) + (separation is not None)
    columns = [
        _judge(name, watched[name].kind, found, config, config.alpha / total)
        for name, found in planned.items()
    ]
    columns.sort(key=lambda column: (-column.severity.rank, -column.ratio, column.column))
    correlations = None if pairs is None else pairs.judge(config.alpha / max(total, 1))
    classifier = None
    if separation is not None:
        classifier = _classifier(separation, reference, current, config, config.alpha / total)
    severities = [column.severity for column in columns]
    # Doubt about one of hundreds of pairs is no doubt about the rows.
    together = [found for found in (correlations, classifier) if found is not None]
    severities += [found.severity for found in together if found.severity.drifted]
    severities += [finding.severity for finding in findings]
    return Verdict(
        severity=max(severities, key=lambda severity: severity.rank, default=Severity.ok),
        sentence=_sentence(columns, findings, current.rows, together),
        rows=current.rows,
        reference_rows=reference.rows,
        alpha=config.alpha,
        comparisons=total,
        columns=tuple(columns),
        findings=findings,
        correlations=correlations,
        classifier=classifier,
    )


def _separation(reference: Profile, current: Profile, config: DriftConfig) -> "Separation | None":
    if reference.sample is None or current.sample is None:
        return None
    from trimaran_runtime.drift.domain_classifier import separate

    return separate(reference.sample, current.sample, ignore=config.ignore)


def _classifier(
    separation: "Separation",
    reference: Profile,
    current: Profile,
    config: DriftConfig,
    risk: float,
) -> "ClassifierVerdict":
    verdict = separation.judge(risk)
    if not verdict.severity.drifted or reference.sample is None or current.sample is None:
        return verdict
    from trimaran_runtime.drift.shift_segment import explain_shift

    segments = explain_shift(
        reference.sample, current.sample, risk=config.alpha, ignore=config.ignore
    )
    return replace(verdict, segments=segments)


def _correlations(
    reference: Profile, current: Profile, config: DriftConfig
) -> CorrelationChanges | None:
    if reference.correlation is None or current.correlation is None:
        return None
    return CorrelationChanges.of(reference.correlation, current.correlation, config.ignore)


def _too_few(reference: Profile, current: Profile, config: DriftConfig) -> str:
    if current.rows == 0 or reference.rows == 0:
        return f"nothing to judge: the {'current' if reference.rows else 'reference'} rows are none"
    if min(current.rows, reference.rows) < config.min_rows:
        which = "current" if current.rows < config.min_rows else "reference"
        rows = min(current.rows, reference.rows)
        return f"too few rows to tell: {rows:,} {which} rows, {config.min_rows:,} are needed"
    return ""


def _unjudged(reference: Profile, current: Profile, config: DriftConfig, reason: str) -> Verdict:
    return Verdict(
        severity=Severity.too_few_rows,
        sentence=f"{reason[0].upper()}{reason[1:]}.",
        rows=current.rows,
        reference_rows=reference.rows,
        alpha=config.alpha,
        comparisons=0,
        columns=(),
        findings=(),
    )


def _findings(watched: Mapping[str, Summary], given: Mapping[str, Summary]) -> tuple[Finding, ...]:
    found = []
    for name in sorted(watched.keys() | given.keys()):
        if name not in given:
            sentence = f"{name} is absent from the current rows"
            fault, severity = Fault.missing, Severity.alert
        elif name not in watched:
            sentence = f"{name} is not in the reference"
            fault, severity = Fault.new, Severity.warn
        elif _differ(watched[name], given[name]):
            sentence = f"{name} is a {given[name].kind}, a {watched[name].kind} in the reference"
            fault, severity = Fault.retyped, Severity.alert
        else:
            continue
        found.append(Finding(column=name, fault=fault, severity=severity, sentence=sentence))
    return tuple(sorted(found, key=lambda finding: -finding.severity.rank))


def _differ(one: Summary, other: Summary) -> bool:
    # A column without a single value has no kind that could differ.
    untyped = isinstance(one, EmptySummary) or isinstance(other, EmptySummary)
    return not untyped and one.kind != other.kind


def _same_centre(name: str, reference: Summary, current: Summary) -> Summary:
    if not (isinstance(reference, NumberSummary) and isinstance(current, NumberSummary)):
        return current
    if reference.centre != current.centre:
        raise DataError(
            f"the profiles have different centres ({reference.centre!r}, {current.centre!r})",
            where=f"column {name}",
            next_step="profile the current rows with `reference=reference`",
        )
    return current


def _judge(
    name: str,
    kind: str,
    planned: Mapping[FacetName, Comparison],
    config: DriftConfig,
    risk: float,
) -> ColumnVerdict:
    facets = [_facet(facet, found(risk), config) for facet, found in planned.items()]
    facets.sort(key=lambda f: (-f.severity.rank, -f.effect / f.tolerance, f.name))
    worst = facets[0]
    sentence = worst.sentence if worst.severity is not Severity.ok else "within tolerance"
    return ColumnVerdict(
        column=name, kind=kind, severity=worst.severity, sentence=sentence, facets=tuple(facets)
    )


def _facet(name: FacetName, found: Estimate, config: DriftConfig) -> Facet:
    tolerance, strict = TOLERANCE[name]
    if name in config.tolerance:
        # The strict tolerance keeps its distance from the one that was given.
        tolerance, strict = config.tolerance[name], strict / tolerance * config.tolerance[name]
    if found.lower > tolerance:
        severity = Severity.alert if found.lower > strict else Severity.warn
    else:
        severity = Severity.ok if found.upper <= tolerance else Severity.too_few_rows
    return Facet(
        name=name,
        effect=found.effect,
        lower=found.lower,
        upper=found.upper,
        tolerance=tolerance,
        strict=strict,
        rows=found.rows,
        severity=severity,
        sentence=_words(name, found, tolerance, severity),
    )


def _words(name: FacetName, found: Estimate, tolerance: float, severity: Severity) -> str:
    form = ".3f" if name in _DISTANCES else ".2%"
    low, high, tolerated = (format(x, form) for x in (found.lower, found.upper, tolerance))
    if severity.drifted:
        return f"{found.detail}: surely beyond {low}, tolerated {tolerated}"
    if severity is Severity.ok:
        return f"{found.detail}: surely within {high}, tolerated {tolerated}"
    return (
        f"too few rows to tell: {found.detail}; the change lies between {low} and {high}, "
        f"tolerated {tolerated}"
    )


def _sentence(
    columns: Sequence[ColumnVerdict],
    findings: Sequence[Finding],
    rows: int,
    together: "Sequence[CorrelationVerdict | ClassifierVerdict]",
) -> str:
    moved = [column for column in columns if column.severity.drifted]
    unclear = sum(column.severity is Severity.too_few_rows for column in columns)
    parts = [finding.sentence for finding in findings[:3]]
    if moved:
        count = f"{len(moved)} of {len(columns)} columns drifted"
        parts.append(f"{count}, {moved[0].column} most: {moved[0].sentence}")
    elif len(columns) > unclear:
        parts.append(f"no drift in {len(columns) - unclear} of {len(columns)} columns")
    parts += [found.sentence for found in together if found.severity.drifted]
    if unclear:
        parts.append(f"too few rows to tell for {unclear} of {len(columns)} columns")
    text = "; ".join(parts) or "no column to judge"
    return f"{text[0].upper()}{text[1:]} ({rows:,} rows)."
