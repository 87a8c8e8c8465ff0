"""Step `validate`: refuses data that a model must not be trained on."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from trimaran_runtime.data.parquet import read_parquet
from trimaran_runtime.data.split import RECORD as SPLIT_RECORD
from trimaran_runtime.data.split import SplitRecord
from trimaran_runtime.data.table import RECORD as DATA_RECORD
from trimaran_runtime.data.table import DataRecord
from trimaran_runtime.errors import ConfigError, Corrupted
from trimaran_runtime.section import Section
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json
from trimaran_runtime.user_code import UserCode
from trimaran_runtime.validation.parts import SPLITS, Parts
from trimaran_runtime.validation.validate import refuse_errors, validate

if TYPE_CHECKING:
    import pyarrow as pa

_Record = TypeVar("_Record", bound=Section)
FINDINGS = "findings.json"
"""Name of the file with every finding; written also when the data are refused."""


def run(context: Context) -> None:
    """Write `findings.json`; raises ValidationRefused when there is an error in it.

    Parameters: `now`, the time that the age of the rows is measured at (ISO 8601 with a zone;
    default: the clock's).
    """
    config = context.config
    table, parts, record = _rows(context)
    code = UserCode(context.inputs["code"])
    findings = validate(
        table, config, parts=parts, code=code, now=_now(context), infinite=record.infinite
    )
    content = canonical_json(findings.model_dump(mode="json"))
    (context.outputs["findings"] / FINDINGS).write_bytes(content)
    context.progress(f"validate {'✗' if findings.errors else '✓'} {findings.summary}")
    refuse_errors(findings)


def _rows(context: Context) -> "tuple[pa.Table, Parts, DataRecord]":
    """The splits as one table: the whole table beside them would hold every row twice."""
    folder = context.inputs["splits"]
    data = _record(DataRecord, context.inputs["table"] / DATA_RECORD)
    how = _record(SplitRecord, folder / SPLIT_RECORD)
    splits = {name: read_parquet(folder / f"{name}.parquet") for name in SPLITS}
    table, parts = Parts.joined(splits, data.rows, by=how.by, dropped=how.dropped)
    return table, parts, data


def _record(kind: type[_Record], path: Path) -> _Record:
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as exc:
        raise Corrupted(f"the record cannot be read: {exc}", where=path.name) from exc


def _now(context: Context) -> datetime:
    given = context.parameters.get("now")
    if given is None:
        return datetime.now(UTC)
    try:
        now = datetime.fromisoformat(given)
    except ValueError:
        now = None
    if now is None or now.tzinfo is None:
        raise ConfigError(
            f"--param now={given!r} is no time with a zone",
            where="validate",
            allowed="ISO 8601, such as 2026-01-31T12:00:00+00:00",
        )
    return now


STEP = Step(
    name="validate",
    inputs=("config", "code", "table", "splits"),
    outputs=("findings",),
    run=run,
)
