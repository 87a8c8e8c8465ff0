"""Checking captured traffic: the monitor's step, then what its verdict leads to."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from trimaran_providers.contract.errors import ProjectError, ResourceError
from trimaran_providers.local.definition import PipelineDefinition, read_definition
from trimaran_providers.local.destinations import raise_or_resolve
from trimaran_providers.local.layout import Layout
from trimaran_providers.local.observed_run import run_and_alert
from trimaran_providers.local.step_process import StepProcess
from trimaran_runtime.alerting.book import open_alerts
from trimaran_runtime.alerting.event import Rule
from trimaran_runtime.alerting.rules import DriftObservation
from trimaran_runtime.drift.verdict import Severity
from trimaran_runtime.errors import Exit, RuntimeFault
from trimaran_runtime.monitoring.action import Action, ActionKind, Retraining
from trimaran_runtime.monitoring.archive import (
    LATEST_REPORT,
    last_retraining,
    read_latest,
    record_retraining,
)
from trimaran_runtime.monitoring.check_config import CheckConfig
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.monitoring.outcome import action_of
from trimaran_runtime.registry.release import list_releases, read_release
from trimaran_runtime.steps.ports import MONITOR
from trimaran_runtime.storage.store import Store


def check_traffic(layout: Layout, physical: str, *, report: Callable[[str], None]) -> None:
    """Check the traffic of a deployment; alerts, and retrains if the spec says so.

    Args:
        layout: folders of the project.
        physical: name of the deployment.
        report: takes one line whenever there is something to say.

    Raises:
        ProjectError: there is no such deployment.
        ResourceError: the check did not come through; says why.
        RuntimeFault: the store cannot be read or written.
    """
    path = layout.store(physical)
    definition = read_definition(path)
    if definition is None:
        raise ProjectError(f"{physical} has no pipeline", next_step="run `pulumi up`")
    store = Store.open_directory(path)
    data = _newest_data(store)
    _run_step(path, definition, data, report)
    found = read_latest(store)
    if found is None:
        raise ResourceError("the check left no verdict", where=physical)
    action = action_of(found)
    _alert(definition, store, found, action)
    if action.kind is ActionKind.retrain:
        report(f"retraining: {action.why}")
        _retrain(path, definition, found, report)


def _run_step(
    path: Path, definition: PipelineDefinition, data: str, report: Callable[[str], None]
) -> None:
    (path / "monitor").mkdir(exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".work-", dir=path / "monitor"))
    try:
        config = work / "config.json"
        asked = CheckConfig(model=definition.config.model, monitor=_monitor(definition))
        config.write_bytes(asked.to_json())
        result = StepProcess(
            ports=MONITOR,
            inputs={"config": config},
            outputs={"report": work / "report"},
            parameters={
                "store": path.as_uri(),
                "endpoint": definition.config.model,
                "data": data,
            },
            code=work,
            log=work / "monitor.log",
            timeout_seconds=definition.timeout_minutes * 60,
        ).run(report)
        if result.exit is not Exit.OK:
            raise ResourceError(result.message, where="monitor")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _monitor(definition: PipelineDefinition) -> MonitorConfig:
    """The section, with a path of labels as it is from anywhere."""
    monitor = definition.config.monitor
    if monitor.labels is None or "://" in monitor.labels.source:
        return monitor
    # A table's `delta+` stands before a URI alone.
    source = str(Path(definition.project_directory) / monitor.labels.source)
    labels = monitor.labels.model_copy(update={"source": source})
    return monitor.model_copy(update={"labels": labels})


def _alert(
    definition: PipelineDefinition, store: Store, found: dict[str, Any], action: Action
) -> None:
    if not definition.alerts:
        return
    seen = DriftObservation(
        model=definition.config.model,
        verdict=_verdict(found, action, _blamed(store, definition.config.model)),
        sentence=found["sentence"],
        evidence=f"{found['release']} {found['newest']}",
        link=f"{store.uri}/{LATEST_REPORT}",
    )
    raise_or_resolve(Path(definition.alerts), [seen])


def _verdict(
    found: dict[str, Any], action: Action, blamed: str
) -> Literal["drift", "none", "unclear"]:
    """What alerts hear; `blamed` is the release whose drift is open, empty when none is."""
    if action.kind is not ActionKind.log:
        return "drift"
    # Another release serves, and nothing speaks against it: what was open is about the old one.
    replaced = bool(blamed) and blamed != found["release"] and not found["drifted"]
    # Otherwise a mild drift, or too few rows, neither raises an alert nor calls one off.
    return "none" if found["severity"] == Severity.ok or replaced else "unclear"


def _blamed(store: Store, model: str) -> str:
    for alert in open_alerts(store):
        if alert.rule is Rule.drift and alert.key == model:
            return alert.occurrence.partition(" ")[0]
    return ""


def _retrain(
    path: Path,
    definition: PipelineDefinition,
    found: dict[str, Any],
    report: Callable[[str], None],
) -> None:
    store = Store.open_directory(path)
    retraining = Retraining(
        when=datetime.now(UTC), release=found["release"], drifted=tuple(found["drifted"])
    )
    # Before the run: a kill in the middle of it must not start another one right after.
    record_retraining(store, retraining)
    run_and_alert(path, definition, trigger="drift", report=report)
    kept = last_retraining(store) or retraining
    record_retraining(store, kept.model_copy(update={"data": _newest_data(store)}))


def _newest_data(store: Store) -> str:
    """Fingerprint of the data of the newest release; empty: there is none that can be read."""
    for release_id in reversed(list_releases(store)):
        try:
            return read_release(store, release_id).lineage.data
        except RuntimeFault:
            continue
    return ""
