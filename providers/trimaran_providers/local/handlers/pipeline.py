"""`trimaran:local:Pipeline`: the pipeline's definition, and a run whenever it changed."""

from pathlib import Path
from urllib.parse import unquote, urlparse

from trimaran_providers.contract.errors import PartiallyCreatedError, ResourceError
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel
from trimaran_providers.local.definition import (
    PipelineDefinition,
    read_definition,
    write_definition,
)
from trimaran_providers.local.layout import DEFINITION
from trimaran_providers.local.observed_run import run_and_alert
from trimaran_providers.local.run_record import RunRecord, Status, list_runs
from trimaran_providers.project.code import bundle_code
from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.gate.config import OnRefusal
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.storage.store import Store

_SETTLED = frozenset({Status.succeeded, Status.refused})


class PipelineInputs(ResourceModel):
    """A pipeline and what decides whether it runs."""

    store_uri: str
    """URI of the artifact store."""
    project_directory: str
    """Folder the code bundle is made from."""
    config: str
    """The run's configuration, JSON."""
    code: str
    """Digest of the code bundle."""
    code_include: list[str]
    """Glob patterns of the code bundle."""
    code_exclude: list[str]
    """Glob patterns left out."""
    environment: str
    """Digest of the installed distributions."""
    data: str
    """Fingerprint of the source as seen from outside."""
    retries: int = 0
    """How often a crashed step is tried again."""
    timeout_minutes: float = 120
    """Longest time of one step, minutes."""
    run_on_up: bool = True
    """Whether a change starts a run."""
    alerts: str = ""
    """Path of the alert destinations; empty: none."""


class PipelineOutputs(ResourceModel):
    """The pipeline and the run that its last change started."""

    store_uri: str
    """URI of the artifact store."""
    definition: str
    """Path of the definition."""
    trigger_digest: str
    """Digest of what decides the model."""
    run: str
    """Id of the run; empty when none was started."""
    status: str
    """`succeeded`, `refused`, `invalid`, `failed`, `interrupted`, `lost`, or `none`."""
    release: str
    """Full id of the release that it registered; empty when none."""
    summary: str
    """One line: what each step said."""


class PipelineHandler:
    """CRUD of a pipeline; its id is the store's path."""

    token = "trimaran:local:Pipeline"
    inputs = PipelineInputs
    outputs = PipelineOutputs
    replace_on = frozenset({"store_uri"})

    def create(self, inputs: PipelineInputs, report: Reporter) -> Created[PipelineOutputs]:
        store = _path(inputs.store_uri)
        return Created(id=str(store), outputs=self._apply(store, inputs, None, report))

    def read(self, resource_id: str) -> tuple[PipelineInputs, PipelineOutputs] | None:
        store = Path(resource_id)
        definition = read_definition(store)
        if definition is None:
            return None
        record = next((r for r in list_runs(store / "runs") if r.trigger == "up"), None)
        lost = _lost(store, record) if record else ""
        return _inputs_of(store, definition), _outputs(store, definition, record, lost=lost)

    def drifted(self, outputs: PipelineOutputs) -> frozenset[str]:
        settled = outputs.status in {*_SETTLED, "none"}
        return frozenset() if settled else frozenset({"status"})

    def update(
        self, resource_id: str, old: PipelineOutputs, new: PipelineInputs, report: Reporter
    ) -> PipelineOutputs:
        return self._apply(Path(resource_id), new, old, report)

    def delete(self, resource_id: str, old: PipelineOutputs, report: Reporter) -> None:
        (Path(resource_id) / DEFINITION).unlink(missing_ok=True)

    def _apply(
        self,
        store: Path,
        inputs: PipelineInputs,
        old: PipelineOutputs | None,
        report: Reporter,
    ) -> PipelineOutputs:
        definition = _define(store, inputs)
        write_definition(store, definition)
        settled = old is not None and old.status in _SETTLED
        if settled and old is not None and old.trigger_digest == definition.trigger_digest:
            return old
        if not inputs.run_on_up:
            return _outputs(store, definition, None)
        record = run_and_alert(store, definition, trigger="up", report=report.progress)
        outputs = _outputs(store, definition, record)
        _judge(definition, record, outputs, report)
        return outputs


def _judge(
    definition: PipelineDefinition,
    record: RunRecord,
    outputs: PipelineOutputs,
    report: Reporter,
) -> None:
    if record.status is Status.succeeded:
        report.info(outputs.summary)
    elif record.status is Status.refused and definition.config.gate.on_refusal is OnRefusal.warn:
        report.warning(record.message)
    else:
        raise PartiallyCreatedError(
            str(_path(outputs.store_uri)), outputs.model_dump(by_alias=True), [record.message]
        )


def _define(store: Path, inputs: PipelineInputs) -> PipelineDefinition:
    bundle = bundle_code(Path(inputs.project_directory), inputs.code_include, inputs.code_exclude)
    if bundle.digest != inputs.code:
        raise ResourceError(
            "the project's code changed while the update ran",
            where=inputs.project_directory,
            next_step="run `pulumi up` again",
        )
    Store.open_directory(store).put_blob(bundle.content)
    return PipelineDefinition(
        config=RunConfig.parse(inputs.config),
        code=inputs.code,
        code_include=tuple(inputs.code_include),
        code_exclude=tuple(inputs.code_exclude),
        project_directory=inputs.project_directory,
        environment=inputs.environment,
        data=inputs.data,
        retries=inputs.retries,
        timeout_minutes=inputs.timeout_minutes,
        run_on_up=inputs.run_on_up,
        alerts=inputs.alerts,
    )


def _inputs_of(store: Path, definition: PipelineDefinition) -> PipelineInputs:
    return PipelineInputs(
        store_uri=store.as_uri(),
        project_directory=definition.project_directory,
        config=definition.config.to_json().decode(),
        code=definition.code,
        code_include=list(definition.code_include),
        code_exclude=list(definition.code_exclude),
        environment=definition.environment,
        data=definition.data,
        retries=definition.retries,
        timeout_minutes=definition.timeout_minutes,
        run_on_up=definition.run_on_up,
        alerts=definition.alerts,
    )


def _lost(store: Path, record: RunRecord) -> str:
    """Why the release of a finished run cannot be used any more; empty: it can."""
    if record.release is None or record.status not in _SETTLED:
        return ""
    opened = Store.open_directory(store)
    try:
        opened.read_blob(read_release(opened, record.release).model.file.digest)
    except RuntimeFault as exc:
        return str(exc)
    return ""


def _outputs(
    store: Path, definition: PipelineDefinition, record: RunRecord | None, *, lost: str = ""
) -> PipelineOutputs:
    steps = record.steps if record else ()
    return PipelineOutputs(
        store_uri=store.as_uri(),
        definition=str(store / DEFINITION),
        trigger_digest=definition.trigger_digest,
        run=record.id if record else "",
        status="lost" if lost else str(record.status if record else "none"),
        release=(record.release if record else None) or "",
        summary=lost or "   ".join(s.summary or f"{s.name} ✗" for s in steps),
    )


def _path(uri: str) -> Path:
    return Path(unquote(urlparse(uri).path))
