"""A pipeline run that alerts hear about: the one way anything here starts a run."""

from collections.abc import Callable
from pathlib import Path

from trimaran_providers.local.definition import PipelineDefinition
from trimaran_providers.local.run_record import RunRecord
from trimaran_providers.local.runner import run_pipeline


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
    return run_pipeline(store, definition, trigger=trigger, report=report)
