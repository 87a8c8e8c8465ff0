"""The user's own checks: `validation.expectations`."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.features import to_frame
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.user_code import UserCode
from trimaran_runtime.validation.finding import Finding, Severity

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_MOST_SHOWN = 5


def expectations(table: "pa.Table", names: tuple[str, ...], code: UserCode) -> list[Finding]:
    """What the user's functions find wrong with the table; each failure is an error.

    Args:
        table: the rows.
        names: each `module:function`; see `ValidationConfig.expectations`.
        code: the user's code.

    Raises:
        ConfigError: there is no such function, or it returned something else.
        UserCodeError: it raised something other than pandera's errors.
    """
    if not names:
        return []
    frame = to_frame(table, list(table.column_names))
    return [finding for name in names for finding in _met(frame, name, code)]


def _met(frame: "pd.DataFrame", name: str, code: UserCode) -> list[Finding]:
    function = code.function(name)
    with code.told_as_its_own(name):
        try:
            result = function(frame)
            if hasattr(result, "validate"):
                result.validate(frame, lazy=True)
                return []
        except _of_pandera() as exc:
            return list(_failures(exc, name))
    if result is None:
        return []
    if not isinstance(result, (list, tuple)) or not all(isinstance(t, str) for t in result):
        raise ConfigError(
            f"returned {type(result).__name__}",
            where=name,
            allowed="None, a list of texts, or a pandera schema",
        )
    return [_finding(name, None, text) for text in result]


def _of_pandera() -> tuple[type[Exception], ...]:
    """Pandera's errors; none, while the user's code has not imported it."""
    module = sys.modules.get("pandera.errors")
    return () if module is None else (module.SchemaError, module.SchemaErrors)


def _failures(exc: Any, name: str) -> Iterator[Finding]:
    """One finding per column and check of pandera's failure cases."""
    cases = exc.failure_cases
    if not hasattr(cases, "columns"):
        yield _finding(name, _column_of(exc), f"failed {exc.check}: {cases}")
        return
    if "column" not in cases.columns or "check" not in cases.columns:
        cases = cases.assign(column=_column_of(exc), check=str(exc.check))
    for (column, check), rows in cases.groupby(["column", "check"], sort=True, dropna=False):
        shown = ", ".join(repr(value) for value in rows["failure_case"].head(_MOST_SHOWN).tolist())
        more = f" and {len(rows) - _MOST_SHOWN} more" if len(rows) > _MOST_SHOWN else ""
        evidence = f"failed {check} in {len(rows)} cases: {shown}{more}"
        yield _finding(name, column if isinstance(column, str) else None, evidence)


def _column_of(exc: Any) -> str | None:
    name = getattr(exc.schema, "name", None)
    return name if isinstance(name, str) else None


def _finding(name: str, column: str | None, evidence: str) -> Finding:
    return Finding(
        severity=Severity.error,
        check="expectation",
        column=column,
        evidence=f"{name}: {evidence}",
        advice=f"correct the data, or {name}",
    )
