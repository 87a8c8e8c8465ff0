"""`trimaran doctor`: what is missing on this machine, and how to get it."""

from pathlib import Path

import typer

from trimaran.cli.exit import Exit
from trimaran.cli.options import AsJson

_STYLE = {"ok": "ok", "note": "dim", "warning": "warn", "missing": "bad"}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("doctor")(_doctor)


def _doctor(as_json: AsJson = False) -> None:
    """Say what is missing on this machine, and how to get it."""
    from trimaran.cli.diagnosis import Level, diagnose
    from trimaran.cli.screen import show, show_json, show_table

    findings = diagnose(Path.cwd())
    missing = [finding for finding in findings if finding.level is Level.missing]
    if as_json:
        show_json(
            {
                "ok": not missing,
                "checks": [
                    {"name": f.name, "level": f.level, "found": f.found, "fix": f.fix}
                    for f in findings
                ],
            }
        )
    else:
        rows = [((f.level, _STYLE[f.level]), (f.name, "strong"), f.found) for f in findings]
        show_table(("", "what", "found"), rows)
        fixes = [finding for finding in findings if finding.fix]
        if fixes:
            show()
        for finding in fixes:
            show((f"{finding.name}: ", "strong"), finding.fix)
    if missing:
        raise typer.Exit(Exit.PROBLEM)
