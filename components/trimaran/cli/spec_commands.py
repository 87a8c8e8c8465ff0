"""`trimaran validate`, `schema` and `parity`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimaran.cli.exit import Exit
from trimaran.cli.options import AsJson, Overlay, SpecFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trimaran.cli.screen import Cell
    from trimaran.cli.spec_report import SpecReport
    from trimaran_providers.contract.capabilities import Capability
    from trimaran_providers.contract.errors import Problem

_STYLE = {"native": "ok", "emulated": "warn", "rejected": "bad"}


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("validate")(_validate)
    app.command("schema")(_schema)
    app.command("parity")(_parity)


def _validate(
    file: SpecFile = None,
    stack: Overlay = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Show the defaults, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a spec; show every value and where it came from."""
    from trimaran.cli.screen import complain, show_json
    from trimaran.cli.spec_report import examine, find_spec
    from trimaran_providers.contract.errors import SpecError

    chosen = file or find_spec(Path.cwd())
    try:
        report = examine(chosen, stack)
    except SpecError as exc:
        if as_json:
            show_json({"valid": False, "problems": [_problem(p) for p in exc.problems]})
        else:
            for problem in exc.problems:
                complain(str(problem))
        raise typer.Exit(Exit.PROBLEM) from exc
    if as_json:
        show_json(_document(report))
    else:
        _show(report, chosen, stack, everything=everything)
    if report.problems:
        raise typer.Exit(Exit.PROBLEM)


def _problem(problem: "Problem") -> dict[str, str]:
    return {
        "path": problem.path,
        "what": problem.what,
        "allowed": problem.allowed,
        "source": problem.source,
    }


def _document(report: "SpecReport") -> dict[str, Any]:
    return {
        "valid": not report.problems,
        "cloud": report.cloud,
        "values": [{"path": v.path, "value": v.value, "source": v.source} for v in report.values],
        "emulated": [{"path": path, "how": how} for path, how in report.emulated],
        "problems": [_problem(problem) for problem in report.problems],
    }


def _show(report: "SpecReport", file: Path, stack: str | None, *, everything: bool) -> None:
    from trimaran.cli.screen import complain, show, show_table
    from trimaran.spec.load import DEFAULT

    # The lock is a file of its own, with a line or more for each column.
    values = [v for v in report.values if everything or not v.path.startswith("validation.lock.")]
    shown = [v for v in values if everything or v.source != DEFAULT]
    rows = [
        (v.path, _yaml(v.value), (v.source, "dim" if v.source == DEFAULT else "")) for v in shown
    ]
    show_table(("field", "value", "from"), rows, wraps="value")
    hidden = len(values) - len(shown)
    if hidden:
        show((f"and {hidden} defaults (--all shows them)", "dim"))
    if report.emulated:
        show()
        show((f"emulated on {report.cloud}:", "warn"))
        show_table(("field", "how"), report.emulated)
    show()
    for problem in report.problems:
        complain(str(problem))
    if not report.problems:
        on = f" on {report.cloud}" if report.cloud else "; no cloud is chosen"
        laid = f" with Pulumi.{stack}.yaml" if stack else ""
        show(("valid", "ok"), f": {file.name}{laid}{on}")


def _yaml(value: Any) -> str:
    import json

    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it to this file.")
    ] = None,
) -> None:
    """Print the JSON Schema that editors check a spec with."""
    from trimaran.cli.screen import show
    from trimaran.spec.json_schema import json_schema_text

    text = json_schema_text()
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text)
    except OSError as exc:
        raise typer.BadParameter(f"{output}: {exc.strerror}", param_hint="--output") from exc
    show(f"wrote {output}")


def _parity(as_json: AsJson = False) -> None:
    """Show what each cloud does with every field.

    native: by a feature of the cloud that means the same; emulated: by our own code, or with the
    stated difference; rejected: not at all, and setting it stops the preview.
    """
    from trimaran.cli.parity import clouds_and_rows
    from trimaran.cli.screen import show, show_json, show_table

    clouds, rows = clouds_and_rows()
    if as_json:
        cells = [
            {
                "field": row.field,
                **{
                    cloud: {"support": c.support, "how": c.how, "instead": c.instead}
                    for cloud, c in row.cells.items()
                },
            }
            for row in rows
        ]
        show_json({"clouds": clouds, "fields": cells})
        return
    notes: list[str] = []
    table: list[Sequence[Cell]] = [
        (row.field, *(_cell(row.cells.get(cloud), notes) for cloud in clouds)) for row in rows
    ]
    show_table(("field", *clouds), table)
    show()
    for number, note in enumerate(notes, start=1):
        show((f"[{number}] {note}", "dim"))


def _cell(capability: "Capability | None", notes: list[str]) -> tuple[str, str]:
    """A cell of the parity table; how or why goes into a numbered note."""
    if capability is None:
        return "not mentioned", "bad"
    text, style = str(capability.support), _STYLE[capability.support]
    instead = f"; instead: {capability.instead}" if capability.instead else ""
    note = f"{capability.how}{instead}"
    if not note:
        return text, style
    if note not in notes:
        notes.append(note)
    return f"{text} [{notes.index(note) + 1}]", style
