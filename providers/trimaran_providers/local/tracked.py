"""What MLflow is told of a run that ended before there was a release."""

import logging
from datetime import UTC, datetime
from pathlib import Path

from trimaran_providers.local.definition import PipelineDefinition
from trimaran_providers.local.run_record import RunRecord, Status
from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.document import RunStatus
from trimaran_runtime.tracking.ended import run_without_release
from trimaran_runtime.tracking.outbox import put_unless_there

_log = logging.getLogger(__name__)


def track_early_end(store: Path, definition: PipelineDefinition, record: RunRecord) -> None:
    """Leave the document of a run that failed, or was killed, in the store.

    Args:
        store: directory of the artifact store.
        definition: what was run; of a killed run, what is run now.
        record: how it ended.
    """
    was_killed = record.status is Status.interrupted
    run = run_without_release(
        definition.config,
        record.id,
        status=RunStatus.KILLED if was_killed else RunStatus.FAILED,
        message=record.message,
        started=record.started,
        ended=record.finished or datetime.now(UTC),
        digests={"code": definition.code, "environment": definition.environment},
        seconds={step.name: step.seconds for step in record.steps if step.seconds},
    )
    try:
        put_unless_there(Store.open_directory(store), run)
    except RuntimeFault as exc:
        # How the run ended is in its record, whatever is told of it.
        _log.warning("run %s is not tracked: %s", record.id, exc)
