"""Checks of what the numbers rest on: without them no other check means anything."""

from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.registry.release import Check
from trimaran_runtime.validation.finding import Findings, Severity

_LEAK = "leak"
"""How the names of validation's checks for leaks begin."""


def validation(findings: Findings) -> Check:
    """No error in the data."""
    return Check(
        name="validation",
        passed=not findings.errors,
        detail=f"{findings.summary} in {findings.rows} rows",
        value=len(findings.errors),
        limit=0,
    )


def leaks(findings: Findings) -> Check:
    """No column knows the target; those that somebody allowed all the same are named."""
    found = [finding for finding in findings.findings if finding.check.startswith(_LEAK)]
    refused = [finding for finding in found if finding.severity is Severity.error]
    told = "; ".join(f"{finding.column}: {finding.evidence}" for finding in refused or found)
    return Check(
        name="leaks",
        passed=not refused,
        detail=told or "no column that knows the target was found",
        value=len(refused),
        limit=0,
        rows=findings.rows,
    )


def held_out(evaluation: Evaluation) -> Check:
    """No test row was trained on, and production was asked about the same rows."""
    rows, champion = evaluation.held_out, evaluation.champion
    other = champion is not None and champion.held_out not in {"", rows.fingerprint}
    measured = rows.rows == evaluation.predictions.rows > 0
    if other:
        detail = "production was asked about other rows than the new model"
    elif not measured:
        detail = f"{evaluation.predictions.rows} rows were measured, the test split has {rows.rows}"
    else:
        detail = f"{rows.in_train} of {rows.rows} test rows are training rows"
        detail += " too" if rows.in_train else ""
    return Check(
        name="test rows",
        passed=measured and not other and rows.in_train == 0,
        detail=detail,
        value=rows.in_train,
        limit=0,
        rows=rows.rows,
    )


def finite(evaluation: Evaluation) -> Check:
    """Every prediction is a number."""
    found = evaluation.predictions
    return Check(
        name="finite predictions",
        passed=found.not_finite == 0,
        detail=f"{found.not_finite} of {found.rows} predictions are NaN or infinite",
        value=found.not_finite,
        limit=0,
        rows=found.rows,
    )


def varying(evaluation: Evaluation) -> Check:
    """The model tells one row from another."""
    found = evaluation.predictions
    detail = (
        f"{found.distinct} distinct predictions"
        if found.distinct > 1
        else "predicts the same for every row"
        if found.distinct
        else "no prediction is finite"
    )
    return Check(
        name="varying predictions",
        passed=found.distinct > 1,
        detail=detail,
        value=found.distinct,
        limit=2,
        rows=found.rows,
    )


def reproduced(*, equal: bool) -> Check:
    """Training a second time gave the same model."""
    detail = "a second training gave the same model file"
    if not equal:
        detail = "a second training gave another model file: fix what pipeline.seed does not reach"
    return Check(name="reproducible", passed=equal, detail=detail)
