"""Every check that a table must pass before anything is trained on it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from trimaran_runtime.data.features import feature_names
from trimaran_runtime.errors import ValidationRefused
from trimaran_runtime.user_code import UserCode
from trimaran_runtime.validation import identity, leakage, quality, target, timing
from trimaran_runtime.validation.balance import class_balance
from trimaran_runtime.validation.columns import Columns
from trimaran_runtime.validation.combination import combinations
from trimaran_runtime.validation.conform import conform
from trimaran_runtime.validation.duplicates import duplicates
from trimaran_runtime.validation.expectations import expectations
from trimaran_runtime.validation.finding import Finding, Findings, Severity, SplitClasses
from trimaran_runtime.validation.leakage import Labels
from trimaran_runtime.validation.missingness import joined_by_outcome
from trimaran_runtime.validation.parts import Parts
from trimaran_runtime.validation.rules import column_rules
from trimaran_runtime.validation.shares import empty_splits, lost_classes
from trimaran_runtime.validation.target_encoding import encoded_on_all_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.config import RunConfig
    from trimaran_runtime.data.table import FirstPlace

_ORDER = list(Severity)


def validate(
    table: "pa.Table",
    config: "RunConfig",
    *,
    parts: Parts | None = None,
    code: UserCode | None = None,
    now: datetime | None = None,
    infinite: "Mapping[str, FirstPlace] | None" = None,
) -> Findings:
    """Look for everything that makes a table unfit for training.

    Args:
        table: the rows, in normal form, with the columns that the configuration names.
        config: the run's configuration.
        parts: which rows are in which split; None: what is across splits is not looked for.
        code: the user's code; None: `validation.expectations` is not called.
        now: the time that ages are measured at, with a zone; None: no age is measured.
        infinite: where the first infinite value of a column is, for the message.
    """
    found = [] if parts is None else empty_splits(parts)
    balance: tuple[SplitClasses, ...] = ()
    if table.num_rows:
        more, balance = _all_checks(table, config, parts, code, now, infinite or {})
        found += more
    ordered = sorted(found, key=lambda finding: _ORDER.index(finding.severity))
    return Findings(
        rows=table.num_rows, columns=table.num_columns, findings=tuple(ordered), balance=balance
    )


def _all_checks(
    table: "pa.Table",
    config: "RunConfig",
    parts: Parts | None,
    code: UserCode | None,
    now: datetime | None,
    infinite: "Mapping[str, FirstPlace]",
) -> tuple[list[Finding], tuple[SplitClasses, ...]]:
    data, strictness = config.data, config.validation
    columns = Columns(table)
    features = feature_names(data, table.column_names)
    found = [*target.target(table, data, infinite), *target.time(table, data)]
    found += [*target.keys(table, data), *column_rules(table, data)]
    found += _no_features(features, table)
    found += quality.features(columns, features, strictness, infinite)
    found += identity.identifiers(columns, features)
    found += identity.counters(columns, features, data)
    found += timing.clock(columns, data, strictness, now)
    found += duplicates(columns, features, data, strictness, parts)
    found += _leaks(columns, features, config, parts)
    found += _lock(columns, config, parts)
    balance: tuple[SplitClasses, ...] = ()
    if parts is not None:
        found += lost_classes(columns, data, parts)
        found += identity.groups(columns, features, data, parts)
        found += timing.order(columns, data, parts)
        found += _outside(parts)
        balance, notes = class_balance(columns, data, parts)
        found += notes
    if code is not None:
        found += expectations(table, strictness.expectations, code)
    return found, balance


def refuse_errors(findings: Findings) -> None:
    """Raise ValidationRefused, listing every error, when there is one."""
    if not findings.errors:
        return
    listed = "\n".join(f"  ✗ {finding}" for finding in findings.errors)
    raise ValidationRefused(f"{findings.summary}: nothing was trained\n{listed}", where="validate")


def _leaks(
    columns: Columns, features: list[str], config: "RunConfig", parts: Parts | None
) -> list[Finding]:
    data, strictness = config.data, config.validation
    found = leakage.known_later(columns, data, strictness)
    found += timing.from_the_future(columns, features, data, strictness)
    labels = Labels.of(columns, data)
    if labels is None:
        return found
    alone = leakage.too_good(columns, features, labels, strictness)
    alone += joined_by_outcome(columns, features, labels, strictness)
    alone += encoded_on_all_rows(columns, features, labels, parts, strictness)
    guilty = {finding.column for finding in alone}
    others = [name for name in features if name not in guilty]
    return found + alone + combinations(columns, others, labels, strictness)


def _lock(columns: Columns, config: "RunConfig", parts: Parts | None) -> list[Finding]:
    lock = config.validation.lock
    if lock is None:
        return [
            Finding(
                severity=Severity.note,
                check="lock",
                column=None,
                evidence="there is no lock: types, ranges and levels may change unnoticed",
                advice="write one with `trimaran lock`, and keep it beside the spec",
            )
        ]
    outside = 0 if parts is None else parts.outside
    return conform(columns, lock, config.data, columns.rows + outside)


def _outside(parts: Parts) -> list[Finding]:
    if not parts.outside:
        return []
    why = f" ({parts.left_out})" if parts.left_out else ""
    return [
        Finding(
            severity=Severity.note,
            check="unused",
            column=None,
            evidence=f"{parts.outside} rows of the source are in no split{why}, and were not "
            "looked at",
        )
    ]


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
