"""The answer of a comparison: every number it rests on, and sentences a person can read."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from trimaran_runtime.drift.config import FacetName

if TYPE_CHECKING:
    from trimaran_runtime.drift.classifier_verdict import ClassifierVerdict
    from trimaran_runtime.drift.correlation_verdict import CorrelationVerdict


class Severity(StrEnum):
    """How bad it is."""

    ok = "ok"
    """Every effect is within tolerance, with confidence."""
    too_few_rows = "too_few_rows"
    """Nothing was found, but an effect beyond tolerance cannot be excluded."""
    warn = "warn"
    """An effect is beyond the material tolerance, with confidence."""
    alert = "alert"
    """An effect is beyond the strict tolerance, with confidence."""

    @property
    def rank(self) -> int:
        """0 for `ok`, 3 for `alert`."""
        return list(Severity).index(self)

    @property
    def drifted(self) -> bool:
        """Whether drift was found."""
        return self in {Severity.warn, Severity.alert}


class Fault(StrEnum):
    """What is wrong with a column as a whole."""

    missing = "missing"
    """In the reference, not in the current rows."""
    new = "new"
    """In the current rows, not in the reference."""
    retyped = "retyped"
    """Of another kind than in the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One comparison of one column.

    Attributes:
        name: what was compared.
        effect: point estimate, freed of bias where there is a known one.
        lower, upper: confidence bounds of the effect, each at the comparison's risk.
        tolerance: material tolerance; `lower` above it is a warning.
        strict: strict tolerance; `lower` above it is an alert.
        rows: current rows it rests on.
        severity: the outcome.
        sentence: the outcome in words.
    """

    name: FacetName
    effect: float
    lower: float
    upper: float
    tolerance: float
    strict: float
    rows: int
    severity: Severity
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnVerdict:
    """One column: its facets, worst first."""

    column: str
    kind: str
    severity: Severity
    sentence: str
    facets: tuple[Facet, ...]

    @property
    def ratio(self) -> float:
        """Largest effect in units of its tolerance: the order of columns alike in severity."""
        return max((facet.effect / facet.tolerance for facet in self.facets), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentVerdict:
    """The rows with one level of a column: their columns, worst first."""

    column: str
    level: str
    rows: int
    severity: Severity
    sentence: str
    columns: tuple[ColumnVerdict, ...]

    @classmethod
    def of(
        cls, column: str, level: str, rows: int, columns: tuple[ColumnVerdict, ...]
    ) -> "SegmentVerdict":
        """Verdict on a segment whose columns were judged; `columns` holds at least one."""
        worst = columns[0]
        return cls(
            column=column,
            level=level,
            rows=rows,
            severity=worst.severity,
            sentence=f"{column} = {level}: {worst.column}: {worst.sentence}",
            columns=columns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A column that is not there, not expected, or of another kind."""

    column: str
    fault: Fault
    severity: Severity
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Reference against current rows.

    Attributes:
        severity: the worst of all columns and findings.
        sentence: the verdict in one sentence.
        rows: current rows.
        reference_rows: reference rows.
        alpha: risk of one false finding over all comparisons.
        comparisons: how many comparisons shared that risk.
        columns: worst first.
        findings: columns that could not be compared.
        segments: rows by level of a segment column, worst first; those with too few are left out.
        season: which rows of the reference it was compared with; empty: all, seasons not asked.
        correlations: pairs of columns; None: the profiles have no normal scores.
        classifier: all columns together; None: the profiles have no samples.
    """

    severity: Severity
    sentence: str
    rows: int
    reference_rows: int
    alpha: float
    comparisons: int
    columns: tuple[ColumnVerdict, ...]
    findings: tuple[Finding, ...]
    segments: tuple[SegmentVerdict, ...] = ()
    season: str = ""
    correlations: "CorrelationVerdict | None" = None
    classifier: "ClassifierVerdict | None" = None

    @property
    def drifted(self) -> tuple[str, ...]:
        """Columns beyond tolerance, and columns that are missing or retyped, worst first."""
        broken = [
            finding.column
            for finding in self.findings
            if finding.severity.drifted and finding.fault is not Fault.new
        ]
        return (*broken, *(c.column for c in self.columns if c.severity.drifted))

    def document(self) -> dict[str, Any]:
        """The verdict as JSON values."""
        return {"schema_version": 1, **asdict(self), "drifted": list(self.drifted)}

    def to_json(self) -> bytes:
        """Canonical JSON bytes: equal verdicts give equal bytes."""
        from trimaran_runtime.storage.digest import canonical_json

        return canonical_json(self.document())
