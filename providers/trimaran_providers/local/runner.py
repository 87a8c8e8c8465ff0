"""Runs the pipeline in local processes: one at a time per store, its record always on disk."""

import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.local.atomic import locked, write_atomic
from trimaran_providers.local.definition import PipelineDefinition
from trimaran_providers.local.interrupted_run import take_up
from trimaran_providers.local.run_record import LOCK, RunRecord, Status, StepRecord, write_run
from trimaran_providers.local.step_process import StepProcess, StepResult
from trimaran_providers.local.tracked import track_early_end
from trimaran_providers.project.code import unpack_code
from trimaran_runtime.errors import Exit
from trimaran_runtime.steps.forked import StepNursery
from trimaran_runtime.steps.ports import PIPELINE, Ports
from trimaran_runtime.storage.store import Store

_STATUS = {
    Exit.OK: Status.succeeded,
    Exit.INVALID_DATA: Status.invalid,
    Exit.REFUSED: Status.refused,
}
_TRAIN = "train"
_WAIT_SECONDS = 6 * 3600.0

Report = Callable[[str], None]


def run_pipeline(
    store: Path, definition: PipelineDefinition, *, trigger: str, report: Report
) -> RunRecord:
    """Run every step in order; returns the record, whatever came of it.

    Waits while another run of the same store is under way. Goes on with a run of the same
    definition and trigger whose process was killed, from the step on that it was in.

    Args:
        store: directory of the artifact store.
        definition: what to run.
        trigger: what started it: `up`, `schedule`, `drift`, `manual`.
        report: takes one line, the state of the run so far, whenever it changes.

    Raises:
        ResourceError: another run of this store does not end.
    """
    runs = store / "runs"
    try:
        with locked(runs / LOCK, wait_seconds=_WAIT_SECONDS):
            record = take_up(store, definition, trigger) or _begun(definition, trigger)
            with locked(runs / record.id / LOCK, wait_seconds=0) as lock:
                return _Run(store, definition, record, report, lock).execute()
    except TimeoutError as exc:
        raise ResourceError(
            "another run of this pipeline is still under way", where=str(runs)
        ) from exc


def _begun(definition: PipelineDefinition, trigger: str) -> RunRecord:
    now = datetime.now(UTC)
    return RunRecord(
        id=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        model_name=definition.config.model,
        status=Status.running,
        trigger=trigger,
        started=now,
        inputs_digest=definition.inputs_digest,
    )


@dataclass
class _Run:
    store: Path
    definition: PipelineDefinition
    record: RunRecord
    report: Report
    lock: int
    """Descriptor of the run's lock, which every process of it holds."""
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = self.store / "runs" / self.record.id
        self.work = self.folder / "work"
        self.nursery = StepNursery(self.work / "code", inherits=(self.lock,))
        if self.record.taken_over:
            self.lines.append(f"{', '.join(self.record.taken_over)} from the interrupted run")

    def execute(self) -> RunRecord:
        self._save()
        self._lay_out_inputs()
        result: StepResult | None = None
        try:
            for ports in PIPELINE[len(self.record.taken_over) :]:
                result = self._step(ports)
                if result.exit is not Exit.OK:
                    break
        finally:
            self.nursery.end()
        # Without a result all was done: it was killed when there was only its end to write down.
        status = _STATUS.get(result.exit, Status.failed) if result else Status.succeeded
        self._save(
            status=status,
            finished=datetime.now(UTC),
            release=self._release(),
            message=result.message if result else "",
        )
        if self.record.release is None:
            track_early_end(self.store, self.definition, self.record)
        if status in {Status.succeeded, Status.refused}:
            # A failed run keeps its files, so that its cause can be looked at.
            shutil.rmtree(self.work, ignore_errors=True)
        return self.record

    def _lay_out_inputs(self) -> None:
        content = Store.open_directory(self.store).read_blob(self.definition.code)
        unpack_code(content, self.work / "code")
        write_atomic(self.work / "config.json", self.definition.config.to_json())

    def _step(self, ports: Ports) -> StepResult:
        self._record_step(ports.name, Status.running)
        process = StepProcess(
            ports=ports,
            inputs={name: self._input(name) for name in ports.inputs},
            outputs={name: self.work / name for name in ports.outputs},
            parameters=self._parameters(ports),
            code=self.work / "code",
            log=self.folder / "logs" / f"{ports.name}.log",
            timeout_seconds=self.definition.timeout_minutes * 60,
            nursery=self.nursery,
        )
        for attempt in range(self.definition.retries + 1):
            result = process.run(lambda line: self.report(self._so_far(line)))
            if result.exit is not Exit.CRASHED or attempt == self.definition.retries:
                break
        done = result.exit is Exit.OK
        mark = result.summary if done else f"{ports.name} ✗"
        self.lines.append(mark if mark.startswith(ports.name) else f"{ports.name} {mark}")
        self._record_step(
            ports.name,
            Status.succeeded if done else _STATUS.get(result.exit, Status.failed),
            seconds=result.seconds,
            summary=result.summary,
        )
        self.report(self._so_far())
        return result

    def _so_far(self, current: str = "") -> str:
        return "   ".join([*self.lines, current] if current else self.lines)

    def _input(self, name: str) -> Path:
        return self.work / ("config.json" if name == "config" else name)

    def _parameters(self, ports: Ports) -> dict[str, str]:
        parameters = {
            "run": self.record.id,
            "code": self.definition.code,
            "environment": self.definition.environment,
        }
        if ports.name == _TRAIN:
            # Not the run's own folder: the run after a killed one goes on with its search.
            parameters["checkpoints"] = str(self.store / "checkpoints")
        return {**parameters, "store": self.store.as_uri()} if ports.needs_store else parameters

    def _release(self) -> str | None:
        try:
            return str(json.loads((self.work / "release" / "release.json").read_bytes())["release"])
        except FileNotFoundError:
            return None

    def _record_step(
        self, name: str, status: Status, *, seconds: float = 0, summary: str = ""
    ) -> None:
        step = StepRecord(name=name, status=status, seconds=seconds, summary=summary)
        others = tuple(s for s in self.record.steps if s.name != name)
        self._save(steps=(*others, step))

    def _save(self, **changes: object) -> None:
        self.record = self.record.model_copy(update=changes)
        write_run(self.store / "runs", self.record)
