"""A pipeline run that alerts hear about: the one way anything here starts a run."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from trimaran_providers.local.definition import PipelineDefinition
from trimaran_providers.local.destinations import raise_or_resolve
from trimaran_providers.local.run_record import RunRecord, Status
from trimaran_providers.local.runner import run_pipeline
from trimaran_runtime.alerting.rules import RunObservation
from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.registry.repair import leave_damaged
from trimaran_runtime.storage.store import Store

_log = logging.getLogger(__name__)
_OUTCOME: dict[Status, Literal["succeeded", "invalid", "refused"]] = {
    Status.succeeded: "succeeded",
    Status.invalid: "invalid",
    Status.refused: "refused",
}


def run_and_alert(
    store: Path, definition: PipelineDefinition, *, trigger: str, report: Callable[[str], None]
) -> RunRecord:
    """Run the pipeline, then raise or resolve what its outcome says.

    Args:
        store: directory of the artifact store.
        definition: what to run.
        trigger: what started it: `up`, `schedule`, `drift`, `manual`.
        report: takes the state of the run so far, whenever it changes.
    """
    # A release that cannot be read is no champion: the one before it is, if it is whole.
    leave_damaged(Store.open_directory(store))
    record = run_pipeline(store, definition, trigger=trigger, report=report)
    seen = RunObservation(
        model=record.model_name,
        run=record.id,
        status=_OUTCOME.get(record.status, "failed"),
        message=record.message,
        release=record.release or "",
        link=(store / "runs" / record.id).as_uri(),
    )
    if definition.alerts:
        try:
            raise_or_resolve(Path(definition.alerts), [seen])
        except RuntimeFault as exc:
            # The run happened, whatever the alert log says: it must not look as if it had not.
            _log.error("alerts of run %s: %s", record.id, exc)
    return record
