"""Every check that a table must pass before anything is trained on it."""

from typing import TYPE_CHECKING

from trimaran_runtime.data.features import feature_names
from trimaran_runtime.errors import ValidationRefused
from trimaran_runtime.validation import leakage, quality, target
from trimaran_runtime.validation.finding import Finding, Findings, Severity
from trimaran_runtime.validation.rules import column_rules

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.config import RunConfig

_ORDER = list(Severity)


def validate(table: "pa.Table", config: "RunConfig") -> Findings:
    """Look for everything that makes a table unfit for training.

    Args:
        table: the rows, in normal form, with the columns that the configuration names.
        config: the run's configuration.
    """
    data, strictness = config.data, config.validation
    features = feature_names(data, table.column_names)
    found = [*target.target(table, data), *target.time(table, data), *column_rules(table, data)]
    found += _no_features(features, table)
    found += quality.features(table, features, strictness)
    found += quality.duplicates(table, data, strictness)
    found += leakage.known_later(table, data, strictness)
    found += leakage.too_good(table, features, data, strictness)
    ordered = sorted(found, key=lambda finding: _ORDER.index(finding.severity))
    return Findings(rows=table.num_rows, columns=table.num_columns, findings=tuple(ordered))


def refuse_errors(findings: Findings) -> None:
    """Raise ValidationRefused, listing every error, when there is one."""
    if not findings.errors:
        return
    listed = "\n".join(f"  ✗ {finding}" for finding in findings.errors)
    raise ValidationRefused(f"{findings.summary}: nothing was trained\n{listed}", where="validate")


def _no_features(features: list[str], table: "pa.Table") -> list[Finding]:
    if features:
        return []
    return [
        Finding(
            severity=Severity.error,
            check="features",
            column=None,
            evidence=f"no feature is left of {table.num_columns} columns",
            advice="keep at least one column beside the target, the time, the id and data.exclude",
        )
    ]
