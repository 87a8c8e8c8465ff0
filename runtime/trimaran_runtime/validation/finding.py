"""What validation found: typed, with the numbers that show it and what to do about it."""

from collections import Counter
from enum import StrEnum
from typing import Self

from pydantic import ValidationError

from trimaran_runtime.errors import Corrupted
from trimaran_runtime.section import Section


class Severity(StrEnum):
    """What a finding does to the run."""

    error = "error"
    """Nothing is trained."""
    warning = "warning"
    """Trained all the same; worth a look."""
    note = "note"
    """For the record."""


class Finding(Section):
    """One thing that validation found."""

    severity: Severity
    """`error`, `warning` or `note`."""
    check: str
    """Stable name of the check, e.g. `leak`, `missing`, `infinite`."""
    column: str | None
    """Column it is about; None: the whole table."""
    evidence: str
    """One sentence with the numbers."""
    advice: str = ""
    """What the reader can do."""

    def __str__(self) -> str:
        head = f"{self.column}: {self.evidence}" if self.column else self.evidence
        return f"{head}\n      Next: {self.advice}" if self.advice else head


class SplitClasses(Section):
    """Rows of each class in one split."""

    split: str
    """`train`, `validation` or `test`."""
    classes: dict[str, int]
    """Rows by class, the class as text."""


class Findings(Section):
    """Everything validation found in one table."""

    rows: int
    """Rows looked at."""
    columns: int
    """Columns looked at."""
    findings: tuple[Finding, ...]
    """Errors first, then warnings, then notes."""
    balance: tuple[SplitClasses, ...] = ()
    """Rows of each class by split; empty for regression."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop the run."""
        return tuple(f for f in self.findings if f.severity is Severity.error)

    @property
    def summary(self) -> str:
        """Counts in words, e.g. `0 errors, 2 notes`."""
        counts = Counter(finding.severity for finding in self.findings)
        parts = [_count(counts[Severity.error], "error")]
        parts += [
            _count(counts[severity], severity.value)
            for severity in (Severity.warning, Severity.note)
            if counts[severity]
        ]
        return ", ".join(parts)

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Read `findings.json` back; raises Corrupted."""
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            raise Corrupted(f"the findings cannot be read: {exc}", where="validate") from exc


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
