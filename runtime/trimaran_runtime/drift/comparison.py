"""Reference against current rows: "is the effect beyond tolerance", not "is there an effect"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimaran_runtime.drift.config import DriftConfig, FacetName
from trimaran_runtime.drift.estimate import Comparison, Doubt, Estimate
from trimaran_runtime.drift.facets import comparisons
from trimaran_runtime.drift.history import History
from trimaran_runtime.drift.joint_comparison import JointComparison, JointVerdict
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.seasons import SEASONAL, Season
from trimaran_runtime.drift.summary import EmptySummary, NumberSummary, Summary
from trimaran_runtime.drift.verdict import (
    ColumnVerdict,
    Facet,
    Fault,
    Finding,
    SegmentVerdict,
    Severity,
    Verdict,
)
from trimaran_runtime.errors import DataError

TOLERANCE = {
    FacetName.missing: (0.01, 0.05),
    FacetName.infinite: (0.001, 0.005),
    FacetName.out_of_range: (0.002, 0.01),
    FacetName.tail: (0.003, 0.015),
    FacetName.js: (0.05, 0.1),
    FacetName.ks: (0.03, 0.1),
    FacetName.w1: (0.08, 0.1),
    FacetName.new_category: (0.005, 0.025),
    FacetName.share: (0.02, 0.1),
}
"""Material and strict tolerance of each facet."""
_Plan = Mapping[str, Mapping[FacetName, Comparison]]
_DISTANCES = {FacetName.js, FacetName.ks, FacetName.w1}


def compare(
    reference: Profile,
    current: Profile,
    config: DriftConfig,
    history: History | None = None,
    season: Season | str = "",
) -> Verdict:
    """Judge current rows against reference rows.

    A column drifted when the lower confidence bound of one of its effects exceeds a tolerance.
    All comparisons, those of segments among them, share the risk `config.alpha` (Bonferroni), so
    a check without any drift raises a false finding with at most about that probability, and in
    practice with far less: an effect has to exceed its tolerance, not zero.

    Args:
        reference: profile of the rows the model was trained on.
        current: profile of the rows to judge, made with `reference=reference`.
        config: risk, tolerances, fewest rows, columns not to watch.
        history: how the reference differs from itself over time; widens tolerances and bounds.
            None: its rows are taken as independent.
        season: the reference's rows of the window's season, from `Seasons.choose`, with which
            shape, levels and missing values are compared; or why it is compared with the whole.

    Raises:
        DataError: the profiles have different centres, so their histograms do not compare.
    """
    if reason := _too_few(reference, current, config):
        return _unjudged(reference, current, config, reason)
    watched = {n: c for n, c in reference.columns.items() if n not in config.ignore}
    given = {n: c for n, c in current.columns.items() if n not in config.ignore}
    findings = _findings(watched, given)
    plan = _plan(watched, given)
    if isinstance(season, Season):
        plan = _in_season(plan, season, current)
    parts = {
        (name, level): _plan(watched, now.columns, within=name)
        for name, levels in current.segments.items()
        for level, now in levels.items()
        for watched in [_segment(reference, name, level, now, config)]
    }
    together = JointComparison.of(reference, current, config)
    total = sum(len(found) for p in (plan, *parts.values()) for found in p.values())
    total += len(together)
    judge = _Judge(config, history or History(), config.alpha / max(total, 1))
    columns = judge.columns(plan, watched)
    segments = tuple(
        SegmentVerdict.of(
            name, level, current.segments[name][level].rows, judge.columns(p, watched)
        )
        for (name, level), p in parts.items()
        if p
    )
    ranked = tuple(sorted(segments, key=lambda s: (-s.severity.rank, s.column, s.level)))
    joint = together.judge(config.alpha / max(total, 1))
    return Verdict(
        severity=_worst(columns, findings, ranked, joint),
        sentence=_sentence(columns, findings, ranked, joint, current.rows),
        rows=current.rows,
        reference_rows=reference.rows,
        alpha=config.alpha,
        comparisons=total,
        columns=columns,
        findings=findings,
        segments=ranked,
        season=season.words if isinstance(season, Season) else season,
        correlations=joint.correlations,
        classifier=joint.classifier,
    )


def _segment(
    reference: Profile, name: str, level: str, current: Profile, config: DriftConfig
) -> Mapping[str, Summary]:
    """Columns of a segment that can be judged; none where either side has too few rows."""
    before = reference.segments.get(name, {}).get(level)
    if before is None or min(before.rows, current.rows) < config.min_rows:
        return {}
    # The segment's own column is the same everywhere in it.
    return {n: c for n, c in before.columns.items() if n not in config.ignore and n != name}


def _plan(watched: Mapping[str, Summary], given: Mapping[str, Summary], within: str = "") -> _Plan:
    return {
        name: comparisons(column, _same_centre(name, column, given[name]))
        for name, column in watched.items()
        if name in given and name != within and not _differ(column, given[name])
    }


def _in_season(plan: _Plan, season: Season, current: Profile) -> _Plan:
    before, now = season.profile.columns, season.seasons.coarse(current).columns
    return {
        name: {
            **facets,
            **{
                facet: compared
                for facet, compared in comparisons(before[name], now[name]).items()
                if facet in SEASONAL and facet in facets
            },
        }
        for name, facets in plan.items()
    }


def _worst(
    columns: Sequence[ColumnVerdict],
    findings: Sequence[Finding],
    segments: Sequence[SegmentVerdict],
    joint: JointVerdict,
) -> Severity:
    severities = [column.severity for column in columns]
    severities += [finding.severity for finding in findings]
    # That a small segment has too few rows to tell says nothing about the whole.
    severities += [s.severity for s in segments if s.severity.drifted]
    severities += joint.severities
    return max(severities, key=lambda severity: severity.rank, default=Severity.ok)


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


@dataclass(frozen=True, slots=True)
class _Judge:
    """Turns planned comparisons into verdicts, each at the same risk."""

    config: DriftConfig
    history: History
    risk: float

    def columns(self, plan: _Plan, watched: Mapping[str, Summary]) -> tuple[ColumnVerdict, ...]:
        """Verdict by column, worst first."""
        found = [self._column(name, watched[name].kind, facets) for name, facets in plan.items()]
        return tuple(sorted(found, key=lambda c: (-c.severity.rank, -c.ratio, c.column)))

    def _column(
        self, name: str, kind: str, planned: Mapping[FacetName, Comparison]
    ) -> ColumnVerdict:
        doubt = Doubt(risk=self.risk, inflation=self.history.inflation.get(name, 1.0))
        facets = [self._facet(name, facet, found(doubt)) for facet, found in planned.items()]
        facets.sort(key=lambda f: (-f.severity.rank, -f.effect / f.tolerance, f.name))
        worst = facets[0]
        sentence = worst.sentence if worst.severity is not Severity.ok else "within tolerance"
        return ColumnVerdict(
            column=name,
            kind=kind,
            severity=worst.severity,
            sentence=sentence,
            facets=tuple(facets),
        )

    def _facet(self, column: str, name: FacetName, found: Estimate) -> Facet:
        usual, strict = TOLERANCE[name]
        tolerance = self.config.tolerance.get(name, usual)
        known = self.history.tolerance(column, name, self.config.alpha)
        tolerance = max(tolerance, known)
        # The strict tolerance keeps its distance from the one that holds.
        strict *= tolerance / usual
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
    segments: Sequence[SegmentVerdict],
    joint: JointVerdict,
    rows: int,
) -> str:
    moved = [column for column in columns if column.severity.drifted]
    unclear = sum(column.severity is Severity.too_few_rows for column in columns)
    parts = [finding.sentence for finding in findings[:3]]
    if moved:
        count = f"{len(moved)} of {len(columns)} columns drifted"
        parts.append(f"{count}, {moved[0].column} most: {moved[0].sentence}")
    elif len(columns) > unclear:
        parts.append(f"no drift in {len(columns) - unclear} of {len(columns)} columns")
    parts += joint.sentences
    if unclear:
        parts.append(f"too few rows to tell for {unclear} of {len(columns)} columns")
    local = [segment for segment in segments if segment.severity.drifted]
    if local:
        parts.append(f"{len(local)} of {len(segments)} segments drifted, {local[0].sentence}")
    text = "; ".join(parts) or "no column to judge"
    return f"{text[0].upper()}{text[1:]} ({rows:,} rows)."
