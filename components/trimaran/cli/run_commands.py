"""`trimaran run`, `monitor`, `runs` and `logs`."""

from typing import TYPE_CHECKING, Annotated

import typer

from trimaran.cli.exit import Exit
from trimaran.cli.options import AsJson, Model, Stack
from trimaran.cli.status_command import drift_cells, short

if TYPE_CHECKING:
    from trimaran_providers.contract.deployment import Deployment, RunState

_EXIT = {"succeeded": Exit.OK, "refused": Exit.REFUSED}
_STYLE = {"succeeded": "ok", "running": "warn"}
_DRIFTED = {"warn", "alert"}
_SHOWN = 100
"""Characters of a message in a table."""


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("run")(_run)
    app.command("monitor")(_monitor)
    app.command("runs")(_runs)
    app.command("logs")(_logs)


def _run(stack: Stack = None, name: Model = None, as_json: AsJson = False) -> None:
    """Run the pipeline now: data, train, gate, register."""
    from trimaran.cli.screen import progress, show_json
    from trimaran.cli.selection import select

    deployment = select(stack, name)
    if as_json:
        result = deployment.run(lambda _: None)
        show_json(result.model_dump(mode="json"))
    else:
        with progress("starting the pipeline") as report:
            result = deployment.run(report)
        _show_outcome(result)
    raise typer.Exit(_EXIT.get(result.status, Exit.PROBLEM))


def _show_outcome(run: "RunState") -> None:
    from trimaran.cli.clock import span
    from trimaran.cli.screen import show

    release = f"   release {short(run.release)}" if run.release else ""
    show((run.status, _STYLE.get(run.status, "bad")), f" in {span(run.seconds)}{release}")
    if run.message:
        show(run.message)
    if run.status != "succeeded":
        show((f"see `trimaran logs {run.id}`", "dim"))


def _monitor(stack: Stack = None, name: Model = None, as_json: AsJson = False) -> None:
    """Check captured traffic for drift now.

    Exits with 1 when there is drift.
    """
    from trimaran.cli.screen import progress, show, show_json
    from trimaran.cli.selection import select

    deployment = select(stack, name)
    if as_json:
        state = deployment.check(lambda _: None)
        show_json(state.model_dump(mode="json"))
    else:
        with progress("reading captured traffic"):
            state = deployment.check(lambda _: None)
        show(("drift: ", "dim"), *drift_cells(state))
        show(state.summary)
        if state.report:
            show((state.report, "dim"))
    if state.severity in _DRIFTED:
        raise typer.Exit(Exit.PROBLEM)


def _runs(stack: Stack = None, name: Model = None, as_json: AsJson = False) -> None:
    """List the runs of the pipeline, newest first."""
    from trimaran.cli.clock import ago, span
    from trimaran.cli.screen import show, show_json, show_table
    from trimaran.cli.selection import select

    found = select(stack, name).runs()
    if as_json:
        show_json([run.model_dump(mode="json") for run in found])
    elif not found:
        show("the pipeline has not run yet")
    else:
        rows = [
            (
                run.id,
                ago(run.started),
                run.trigger,
                (run.status, _STYLE.get(run.status, "bad")),
                span(run.seconds),
                _note(run),
            )
            for run in found
        ]
        columns = ("run", "started", "by", "status", "took", "")
        show_table(columns, rows, right="took")


def _note(run: "RunState") -> str:
    """What a table says about a run: the first line of its message, or its release."""
    if run.message:
        return run.message.partition("\n")[0][:_SHOWN]
    return f"release {short(run.release)}" if run.release else ""


def _logs(
    run: Annotated[
        str | None, typer.Argument(help="Run, by a part of its id; none: the newest.")
    ] = None,
    step: Annotated[str | None, typer.Argument(help="Step; none: all of them.")] = None,
    stack: Stack = None,
    name: Model = None,
    as_json: AsJson = False,
) -> None:
    """Print what the steps of a run printed."""
    from trimaran.cli.screen import show, show_json
    from trimaran.cli.selection import select

    deployment = select(stack, name)
    chosen = _chosen(deployment, run, step)
    steps = [s.name for s in chosen.steps if step in (None, s.name)]
    logs = {name: list(deployment.log(chosen.id, name)) for name in steps}
    if as_json:
        show_json({"run": chosen.id, "steps": logs})
        return
    for name_, lines in logs.items():
        if step is None:
            show((f"── {name_}", "strong"))
        for line in lines:
            typer.echo(line)


def _chosen(deployment: "Deployment", run: str | None, step: str | None) -> "RunState":
    """The run that is meant."""
    from trimaran_providers.contract.errors import ProjectError

    found = deployment.runs()
    if not found:
        raise ProjectError("the pipeline has not run yet", next_step="run it with `trimaran run`")
    fitting = [r for r in found if run is None or run in r.id]
    if not fitting or (run is not None and len(fitting) > 1):
        many = "several runs are" if fitting else "there is no run"
        raise ProjectError(
            f"{many} called {run}",
            allowed=", ".join(r.id for r in (fitting or found)[:5]),
            next_step="see `trimaran runs`",
        )
    chosen = fitting[0]
    names = [s.name for s in chosen.steps]
    if step is not None and step not in names:
        raise ProjectError(f"run {chosen.id} has no step {step}", allowed=", ".join(names))
    return chosen
