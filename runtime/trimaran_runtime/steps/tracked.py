"""What the step `register` tells MLflow of its run; nothing here makes a run fail."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from trimaran_runtime.data.split import SplitRecord
from trimaran_runtime.data.table import RECORD as DATA_RECORD
from trimaran_runtime.data.table import DataRecord
from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.evaluation.evaluation import Evaluation
from trimaran_runtime.registry.release import SHORT, Release
from trimaran_runtime.steps.step import Context
from trimaran_runtime.steps.usage import Meter, usage_of
from trimaran_runtime.tracking.apart import send_apart
from trimaran_runtime.tracking.ended import Made, run_with_release
from trimaran_runtime.tracking.outbox import put
from trimaran_runtime.training.record import RECORD as TRAINING_RECORD
from trimaran_runtime.training.record import TrainingRecord
from trimaran_runtime.training.search_record import SEARCH, SearchRecord

if TYPE_CHECKING:
    from pathlib import Path


def track(
    context: Context, release: Release, production: str | None, meter: Meter, *, send: bool
) -> None:
    """Leave the run's document in the store, and send what waits there where that is asked for.

    Args:
        context: of the step.
        release: the run's release, accepted or refused.
        production: full id of what is in production now; None: nothing.
        meter: measures the step.
        send: whether what waits is sent to `tracking.uri`, where there is one.
    """
    uri = context.config.tracking.uri
    run = context.parameters.get("run", f"by-hand-{release.id[:SHORT]}")
    try:
        made = _made(context, release, production, meter)
        put(context.store, run_with_release(context.config, run, made, ended=datetime.now(UTC)))
        if send and uri is not None:
            context.progress(send_apart(context.store, uri))
    except (RuntimeFault, ValidationError, OSError) as exc:
        # The release is there, whatever is told of it.
        context.progress(f"warning: not tracked: {' '.join(str(exc).split())}")


def _made(context: Context, release: Release, production: str | None, meter: Meter) -> Made:
    inputs = context.inputs
    search = inputs["model"] / SEARCH
    return Made(
        release=release,
        production=production,
        data=DataRecord.model_validate_json((inputs["table"] / DATA_RECORD).read_bytes()),
        split=SplitRecord.model_validate_json((inputs["splits"] / "split.json").read_bytes()),
        training=TrainingRecord.parse((inputs["model"] / TRAINING_RECORD).read_bytes()),
        search=_search(search) if search.is_file() else None,
        evaluation=Evaluation.parse((inputs["evaluation"] / "evaluation.json").read_bytes()),
        usage=(*usage_of(inputs), meter.read()),
    )


def _search(path: "Path") -> SearchRecord:
    return SearchRecord.model_validate_json(path.read_bytes())
