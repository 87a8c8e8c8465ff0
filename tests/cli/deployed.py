"""What the tests of the command share: its answer, and a deployed store."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trimaran_providers.local.gateway.definition import EndpointDefinition, write_definition
from trimaran_providers.local.layout import Layout
from trimaran_providers.local.run_record import RunRecord, Status, StepRecord, write_run
from trimaran_runtime.registry.approval import approve
from trimaran_runtime.registry.channels import Channel, current, move
from trimaran_runtime.registry.release import (
    Check,
    Feature,
    File,
    Lineage,
    ModelFile,
    Release,
    Signature,
    Verdict,
    write_release,
)
from trimaran_runtime.storage.store import Store

SIGNATURE = Signature(
    features=(
        Feature(name="distance", type="number", nullable=False, example=900.5),
        Feature(name="carrier", type="category", nullable=True, example="UA"),
    ),
    target="late",
    task="classification",
    classes=(False, True),
)


@dataclass(frozen=True)
class Answer:
    """What a call of the command left."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Trimaran = Callable[..., Answer]


class Deployed:
    """Files of one deployment, written by the code that writes them in earnest."""

    def __init__(self, project: Path, physical: str = "flights-local") -> None:
        self.layout = Layout(project)
        self.physical = physical
        self.folder = self.layout.store(physical)
        self.store = Store.open_directory(self.folder, create=True)
        definition = EndpointDefinition(name="flights", store_uri=self.folder.as_uri())
        write_definition(self.layout.endpoint(physical), definition)

    def release(self, value: float | None, *, accepted: bool = True, candidate: bool = True) -> str:
        """Write a release; returns its id."""
        checks = (
            Check(name="floor", passed=True, detail=f"roc_auc {value}, wanted 0.7"),
            Check(name="segment carrier=HA", passed=accepted, detail="drop 0.09 > 0.02"),
        )
        release = Release(
            model_name="flights",
            model=ModelFile(format="skops", file=self._blob(b"model"), trusted_types=()),
            signature=SIGNATURE,
            verdict=Verdict(
                accepted=accepted,
                metric="roc_auc",
                value=value,
                interval=None if value is None else (value - 0.01, value + 0.01),
                checks=checks,
            ),
            metrics={} if value is None else {"roc_auc": value},
            lineage=Lineage(
                config="c", code="c", data="d", environment="e", rows={}, parameters={}, seed=0
            ),
            files={"model_card": self._blob(b"# flights\n\n| a | b |\n|---|---|\n| <i> | 2 |\n")},
        )
        release_id = write_release(self.store, release)
        if accepted and candidate:
            self._point(Channel.candidate, release_id)
        return release_id

    def approve(self, release_id: str, who: str = "pipeline run 1") -> None:
        approve(self.store, release_id, why="because", who=who)

    def pipeline_run(self, run_id: str, status: Status, **fields: Any) -> None:
        """Write a run's record, with a log of each step."""
        record = RunRecord(
            id=run_id,
            model_name="flights",
            status=status,
            trigger="up",
            started=datetime(2026, 1, 1, 12, tzinfo=UTC),
            finished=datetime(2026, 1, 1, 12, 0, 21, tzinfo=UTC),
            steps=(
                StepRecord(name="data", status=Status.succeeded, seconds=2.5, summary="data ok"),
                StepRecord(name="train", status=status, seconds=9),
            ),
            **fields,
        )
        write_run(self.folder / "runs", record)
        for step in record.steps:
            log = self.folder / "runs" / run_id / "logs" / f"{step.name}.log"
            log.parent.mkdir(exist_ok=True)
            log.write_text(f"[{step.name}] of {run_id}\n")

    def _blob(self, content: bytes) -> File:
        return File(digest=self.store.put_blob(content), size_bytes=len(content))

    def _point(self, channel: Channel, release_id: str) -> None:
        now = current(self.store, channel)
        move(
            self.store,
            channel,
            release_id,
            expected=now.release if now else None,
            why="accepted",
            who="pipeline run 1",
        )
