"""`trimaran status` and `trimaran alerts`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from trimaran.cli.options import AsJson, Model, Stack

if TYPE_CHECKING:
    from trimaran_providers.contract.deployment import DriftState, ReleaseState, Snapshot

Cells = list[tuple[str, str] | str]
GAP = "   "
_DRIFT = {
    "ok": ("none", "ok"),
    "warn": ("some", "warn"),
    "alert": ("severe", "bad"),
    "too_few_rows": ("too few rows to tell", "warn"),
    "nothing_to_judge": ("nothing to judge", "dim"),
}
_SHOWN_COLUMNS = 5


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("status")(_status)
    app.command("alerts")(_alerts)


def _status(stack: Stack = None, name: Model = None, as_json: AsJson = False) -> None:
    """Show one screen: release, endpoint, runs, drift, alerts."""
    from trimaran.cli.screen import show, show_fields, show_json
    from trimaran.cli.selection import select

    snapshot = select(stack, name).snapshot()
    if as_json:
        show_json(snapshot.model_dump(mode="json"))
        return
    show(
        (snapshot.model, "strong"),
        f" · {snapshot.stack} · ",
        (snapshot.health, _style(snapshot.health)),
    )
    show_fields(_lines(snapshot))


def _alerts(stack: Stack = None, name: Model = None, as_json: AsJson = False) -> None:
    """List the open alerts, oldest first."""
    from trimaran.cli.clock import ago
    from trimaran.cli.screen import show, show_json, show_table
    from trimaran.cli.selection import select

    found = select(stack, name).snapshot().alerts
    if as_json:
        show_json([alert.model_dump(mode="json") for alert in found])
    elif not found:
        show("no alert is open")
    else:
        rows = [(a.rule, ago(a.since), str(a.count), a.message) for a in found]
        show_table(("rule", "since", "times", "what"), rows, right="times")


def _lines(snapshot: "Snapshot") -> Iterator[tuple[str, Cells]]:
    yield "release", _release(snapshot)
    if snapshot.waiting is not None:
        yield "", _waiting(snapshot.waiting)
    yield "endpoint", _endpoint(snapshot)
    yield "last run", _last_run(snapshot)
    yield "drift", _drift(snapshot)
    yield "alerts", _open_alerts(snapshot)


def figures(release: "ReleaseState") -> str:
    """The metric with its interval: `roc_auc 0.727 [0.722, 0.732]`."""
    if release.value is None:
        return f"{release.metric} undefined"
    text = f"{release.metric} {release.value:.3f}"
    if release.interval is not None:
        text += f" [{release.interval[0]:.3f}, {release.interval[1]:.3f}]"
    return text


def short(release_id: str) -> str:
    """The digits of a release id that people see."""
    from trimaran_runtime.registry.release import SHORT

    return release_id[:SHORT]


def _release(snapshot: "Snapshot") -> Cells:
    from trimaran.cli.clock import span

    release = snapshot.production
    if release is None:
        return [("none in production yet", "warn")]
    cells: Cells = [(short(release.id), "strong"), GAP, figures(release)]
    if release.since is not None:
        cells += [GAP, f"since {span(_age(release))}"]
    cells += [GAP, (approval(release), "dim")]
    return cells


def _age(release: "ReleaseState") -> float:
    from datetime import UTC, datetime

    since = release.since or datetime.now(UTC)
    return (datetime.now(UTC) - since).total_seconds()


def approval(release: "ReleaseState") -> str:
    """Who brought it into production, and why."""
    from trimaran_runtime.registry.channels import PIPELINE_RUN

    if not release.who:
        return ""
    if release.who.startswith(PIPELINE_RUN):
        return "approved automatically"
    return f"by {release.who}: {release.why}"


def _waiting(release: "ReleaseState") -> Cells:
    return [
        (f"{short(release.id)} waits for approval", "warn"),
        GAP,
        figures(release),
        GAP,
        f"trimaran approve {short(release.id)}",
    ]


def _endpoint(snapshot: "Snapshot") -> Cells:
    endpoint = snapshot.endpoint
    if endpoint.phase == "stopped":
        return [("down", "bad"), GAP, endpoint.problem]
    if not endpoint.url:
        return [(endpoint.phase, "warn"), GAP, endpoint.problem]
    noun = "replica" if endpoint.replicas == 1 else "replicas"
    cells: Cells = [f"{endpoint.replicas} {noun}", GAP]
    if endpoint.phase != "serving":
        cells = [(endpoint.phase.replace("_", " "), "warn"), GAP, *cells]
    if len(endpoint.serving) > 1:
        shares = ", ".join(f"{share} % {short(r)}" for r, share in endpoint.serving.items())
        cells += [shares, GAP]
    cells += [f"{endpoint.requests_per_minute:.0f} req/min", GAP]
    if endpoint.p99_ms is not None:
        cells += [f"p99 {endpoint.p99_ms:.3g} ms", GAP]
    noun = "error" if endpoint.errors == 1 else "errors"
    cells.append((f"{endpoint.errors} {noun}", "bad" if endpoint.errors else ""))
    cells += [GAP, (endpoint.url, "dim")]
    if endpoint.problem:
        cells += [GAP, (endpoint.problem, "warn")]
    return cells


def _last_run(snapshot: "Snapshot") -> Cells:
    from trimaran.cli.clock import ago, span, until

    run = snapshot.last_run
    cells: Cells = ["none"]
    if run is not None:
        took = f" in {span(run.seconds)}" if run.status != "running" else ""
        cells = [(f"{run.status}{took}", _style(run.status)), f" ({run.trigger}, "]
        cells.append(f"{ago(run.started)})")
        if run.message and run.status != "succeeded":
            cells += [GAP, (run.message.splitlines()[0], "warn")]
    if snapshot.next_run is not None:
        cells += [GAP, f"next {until(snapshot.next_run)}"]
    return cells


def _drift(snapshot: "Snapshot") -> Cells:
    from trimaran.cli.clock import ago, until

    drift = snapshot.drift
    if drift is None:
        cells: Cells = ["not checked yet"]
    else:
        cells = [*drift_cells(drift), GAP, (f"checked {ago(drift.checked)}", "dim")]
    if snapshot.next_check is not None:
        cells += [GAP, f"next {until(snapshot.next_check)}"]
    return cells


def drift_cells(drift: "DriftState") -> Cells:
    """A check in a few words: `none in 41 columns (12,408 rows)`."""
    word, style = _DRIFT.get(drift.severity, (drift.severity.replace("_", " "), "warn"))
    cells: Cells = [(word, style)]
    if drift.drifted:
        shown = ", ".join(drift.drifted[:_SHOWN_COLUMNS])
        more = len(drift.drifted) - _SHOWN_COLUMNS
        cells.append(f" in {shown}{f' and {more} more' if more > 0 else ''}")
    if drift.columns:
        of = " of" if drift.drifted else " in"
        cells.append(f"{of} {drift.columns} columns ({drift.rows:,} rows)")
    return cells


def _open_alerts(snapshot: "Snapshot") -> Cells:
    if not snapshot.alerts:
        return ["none open"]
    rules = ", ".join(alert.rule for alert in snapshot.alerts)
    return [(f"{len(snapshot.alerts)} open", "bad"), f": {rules}", GAP, "trimaran alerts"]


def _style(word: str) -> str:
    if word in {"healthy", "succeeded"}:
        return "ok"
    return "bad" if word in {"failed", "down", "rolled back", "refused"} else "warn"
