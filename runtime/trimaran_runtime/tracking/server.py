"""One MLflow server or database: a run is written there as often as it takes, and is there once.

MLflow is loaded when the first run is written: it takes seconds of processor time.
"""

import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import quote

from trimaran_runtime.storage.digest import PREFIX, canonical_json
from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.document import TrackedData, TrackedRun
from trimaran_runtime.tracking.limits import PARAMETER, TAG, keyed, shortened

RUN_TAG = "trimaran.run"
"""Tag by which a run is found again: its id."""
DOCUMENT_TAG = "trimaran.document"
"""Tag that is set last: digest of the document that MLflow has all of."""
_LEFT_OUT_TAG = "trimaran.artifacts_left_out"
_REQUEST_SECONDS = 10
_ARTIFACT_BYTES = 8 << 20
_LONG = 10
"""Parameters or tags of one request: it may have 1,000,000 bytes, and a text is up to 8000
characters, twelve bytes each in JSON at worst."""
_METRICS = 1000
"""Metrics of one request."""
_DIGEST = 36
"""Characters of a data set's digest."""
_NAME = 500
"""Characters of a data set's name."""
_TYPES = {
    "bool": "boolean",
    "float": "float",
    "double": "double",
    "int8": "integer",
    "int16": "integer",
    "int32": "integer",
    "int64": "long",
    "date32[day]": "datetime",
}
"""MLflow's type of a column by Arrow's."""
_Item = TypeVar("_Item")


def load_quietly() -> None:
    """Load MLflow so that it reports nothing about its use to anybody, and waits for no long.

    Both switches are MLflow's ("Usage tracking", read 2026-11-24). They are set in this process
    and its children, before MLflow reads them.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(_REQUEST_SECONDS)
    # What fails is sent again as a whole, by its tag; a repeated request could make a second run.
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    # Written after each run that goes to a server, also into the JSON of `trimaran track --json`.
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    del mlflow


class TrackingServer:
    """Takes runs.

    Args:
        uri: address that `tracking_uri` accepts.

    Every method raises whatever MLflow, its client's libraries and its plugins raise.
    """

    def __init__(self, uri: str) -> None:
        load_quietly()
        from mlflow import MlflowClient

        self._folder = _folder_of_database(uri)
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._experiments: dict[str, str] = {}

    def write(self, run: TrackedRun, store: Store) -> None:
        """Write a run with all it has; does nothing when it is there already.

        The tag with the document's digest comes last: a run that lacks it is written once more,
        in which every value lands where it was.
        """
        experiment = self._experiment(run.experiment)
        found = self._find(experiment, run)
        if found is not None and found.data.tags.get(DOCUMENT_TAG) == run.digest:
            return
        run_id = self._create(experiment, run) if found is None else found.info.run_id
        self._write_texts(run_id, run)
        self._write_measures(run_id, run)
        if run.data is not None:
            self._client.log_inputs(run_id, datasets=[_dataset(run.data)])
        self._upload(run_id, run, store)
        self._client.set_terminated(run_id, status=run.status, end_time=_milliseconds(run.ended))
        self._client.set_tag(run_id, DOCUMENT_TAG, run.digest)

    def _experiment(self, name: str) -> str:
        if name not in self._experiments:
            self._experiments[name] = self._get_or_create(name)
        return self._experiments[name]

    def _get_or_create(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(self._client.create_experiment(name, self._artifacts(name)))
            except MlflowException:
                # Another sender may have made it since; if not, it says what is wrong.
                found = self._client.get_experiment_by_name(name)
                if found is None:
                    raise
        return str(found.experiment_id)

    def _artifacts(self, experiment: str) -> str | None:
        """Where artifacts go; None: the server decides. else the working folder."""
        if self._folder is None:
            return None
        return (self._folder / "mlartifacts" / quote(experiment, safe="")).as_uri()

    def _find(self, experiment: str, run: TrackedRun) -> Any:
        text = run.run.replace("'", "")
        found = self._client.search_runs([experiment], f"tags.`{RUN_TAG}` = '{text}'")
        # Two senders that knew nothing of each other may have made two: all go on with one.
        return min(found, key=lambda each: (each.info.start_time, each.info.run_id), default=None)

    def _create(self, experiment: str, run: TrackedRun) -> str:
        created = self._client.create_run(
            experiment,
            start_time=_milliseconds(run.started),
            run_name=run.run,
            tags={RUN_TAG: run.run.replace("'", "")},
        )
        return str(created.info.run_id)

    def _write_texts(self, run_id: str, run: TrackedRun) -> None:
        from mlflow.entities import Param, RunTag

        parameters = keyed({name: str(value) for name, value in run.parameters.items()})
        params = [Param(name, shortened(text, PARAMETER)) for name, text in parameters.items()]
        for some in _batches(params, _LONG):
            self._client.log_batch(run_id, params=some)
        texts = keyed({**run.tags, "mlflow.note.content": run.message, **_left_out(run)})
        tags = [RunTag(name, shortened(text, TAG)) for name, text in texts.items() if text]
        for each in _batches(tags, _LONG):
            self._client.log_batch(run_id, tags=each)

    def _write_measures(self, run_id: str, run: TrackedRun) -> None:
        from mlflow.entities import Metric

        names = {name: key for key, name in keyed({m.name: m.name for m in run.measures}).items()}
        # The same moment each time: what is written twice is one value.
        moment = _milliseconds(run.ended)
        metrics = [
            Metric(names[m.name], math.nan if m.value is None else m.value, moment, m.step)
            for m in run.measures
        ]
        for some in _batches(metrics, _METRICS):
            self._client.log_batch(run_id, metrics=some)

    def _upload(self, run_id: str, run: TrackedRun, store: Store) -> None:
        with TemporaryDirectory(prefix="trimaran-") as name:
            folder = Path(name)
            for artifact in run.artifacts:
                if artifact.size_bytes <= _ARTIFACT_BYTES:
                    (folder / artifact.path).write_bytes(store.read_blob(artifact.digest))
            if any(folder.iterdir()):
                self._client.log_artifacts(run_id, str(folder))


def _folder_of_database(uri: str) -> Path | None:
    path = uri.removeprefix("sqlite:///")
    return None if path == uri else Path(path).parent


def _left_out(run: TrackedRun) -> Mapping[str, str]:
    large = [a.path for a in run.artifacts if a.size_bytes > _ARTIFACT_BYTES]
    return {_LEFT_OUT_TAG: f"{', '.join(large)}: over 8 MiB"} if large else {}


def _dataset(data: TrackedData) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    columns = [{"name": n, "type": _column_type(t)} for n, t in data.columns.items()]
    profile = {"num_rows": data.rows, "fingerprint": data.fingerprint}
    entity = Dataset(
        name=data.name[:_NAME],
        digest=data.fingerprint.removeprefix(PREFIX)[:_DIGEST],
        source_type="trimaran",
        source=canonical_json({"uri": data.source}).decode(),
        schema=canonical_json({"mlflow_colspec": columns}).decode(),
        profile=canonical_json(profile).decode(),
    )
    return DatasetInput(entity, tags=[InputTag("mlflow.data.context", "training")])


def _column_type(arrow: str) -> str:
    return "datetime" if arrow.startswith("timestamp") else _TYPES.get(arrow, "string")


def _batches(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
