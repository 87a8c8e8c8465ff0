"""`trimaran lock`: freezes what the table looks like, and tells what has changed since."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from trimaran.cli.exit import Exit
from trimaran.cli.options import Overlay, SpecFile

if TYPE_CHECKING:
    from trimaran_providers.contract.spec import StackSpec
    from trimaran_runtime.validation.columns import Columns
    from trimaran_runtime.validation.lock import TableLock

_STYLE = {"error": "bad", "warning": "warn", "note": "dim"}
_KEPT = ("ordered", "slack", "max_scale", "max_unknown", "max_mix")
"""Settings of the lock as a whole, which an update leaves as they are."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("lock")(_lock)


def _lock(
    file: SpecFile = None,
    stack: Overlay = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say whether the source still fits; write nothing.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Write it anew, and show what changes.")
    ] = False,
) -> None:
    """Freeze what the table looks like: types, ranges, levels, rows.

    Reads the source on this machine, as the pipeline's first step does, and writes
    `<spec>.lock.yaml` beside the spec. Every run is then held to it.
    """
    from trimaran.cli.screen import show
    from trimaran.cli.spec_report import find_spec
    from trimaran.spec.load import load_stack
    from trimaran.spec.lock_file import lock_file_of, lock_text

    if check and update:
        raise typer.BadParameter("--check and --update exclude one another", param_hint="--check")
    chosen = file or find_spec(Path.cwd())
    target = lock_file_of(chosen)
    if target.exists() and not (check or update):
        raise typer.BadParameter(
            f"{target.name} exists; --check compares, --update writes it anew", param_hint="lock"
        )
    if check and not target.exists():
        raise typer.BadParameter(f"there is no {target.name}; `trimaran lock` writes it")
    spec = load_stack(chosen, stack).spec
    columns = _read(spec, chosen)
    if check:
        _check(columns, spec, target.name)
        return
    lock = _inferred(columns, spec)
    text = lock_text(lock, chosen)
    before = target.read_text() if target.exists() else ""
    target.write_text(text)
    if before:
        _show_difference(before, text, target.name)
    show(("wrote ", "ok"), f"{target.name}: {columns.rows:,} rows, {len(lock.columns)} columns")


def _read(spec: "StackSpec", file: Path) -> "Columns":
    """The source's rows, as the data step reads them."""
    from trimaran.spec.stack_file import project_of
    from trimaran_providers.project.run_config import run_config
    from trimaran_runtime.data.parquet import read_parquet
    from trimaran_runtime.data.table import TABLE, refuse_infinite, write_table
    from trimaran_runtime.user_code import UserCode
    from trimaran_runtime.validation.columns import Columns

    project = project_of(file.absolute().parent)
    with TemporaryDirectory(prefix="trimaran-") as folder:
        table = Path(folder) / TABLE
        record = write_table(run_config(spec, project).data, UserCode(project), table)
        refuse_infinite(record)
        return Columns(read_parquet(table))


def _inferred(columns: "Columns", spec: "StackSpec") -> "TableLock":
    from trimaran_runtime.validation.infer import inferred

    lock, before = inferred(columns, spec.data), spec.validation.lock
    if before is None:
        return lock
    kept = {name: getattr(before, name) for name in _KEPT if name in before.model_fields_set}
    return lock.model_copy(update=kept)


def _check(columns: "Columns", spec: "StackSpec", name: str) -> None:
    from trimaran.cli.screen import show
    from trimaran_runtime.validation.conform import conform
    from trimaran_runtime.validation.finding import Severity

    lock = spec.validation.lock
    if lock is None:
        raise typer.BadParameter("the spec sets validation.lock to null", param_hint="--check")
    found = conform(columns, lock, spec.data, columns.rows)
    for finding in sorted(found, key=lambda finding: list(Severity).index(finding.severity)):
        show((f"{finding.severity.value}: ", _STYLE[finding.severity.value]), str(finding))
    if any(finding.severity is Severity.error for finding in found):
        raise typer.Exit(Exit.PROBLEM)
    show(("fits", "ok"), f": {columns.rows:,} rows are as {name} says")


def _show_difference(before: str, after: str, name: str) -> None:
    from difflib import unified_diff

    from trimaran.cli.screen import show

    lines = unified_diff(before.splitlines(), after.splitlines(), name, name, n=0, lineterm="")
    for line in lines:
        style = {"+": "ok", "-": "bad"}.get(line[:1], "dim")
        show((line, style))
