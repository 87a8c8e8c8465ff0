"""The same traffic, written as each recorder writes it."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import orjson
import pyarrow as pa
from pyarrow import parquet

from tests.monitoring.traffic_store import NOON, answers_to, rows_of
from trimaran_runtime.monitoring.azure_capture import AzureCapture
from trimaran_runtime.monitoring.capture import Capture, Counts, Requests
from trimaran_runtime.monitoring.sagemaker_capture import SageMakerCapture
from trimaran_runtime.monitoring.vertex_capture import VertexCapture
from trimaran_runtime.monitoring.vertex_rows import exported_rows
from trimaran_runtime.registry.release import Release
from trimaran_runtime.storage.store import Store

SINCE = NOON - timedelta(hours=24)
ENDPOINT, DEPLOYED = "flights", "7731"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer."""

    number: int
    moment: datetime
    rows: list[dict[str, Any]]
    predictions: list[Any]


def traffic(count: int = 40, per_request: int = 25, seed: int = 3) -> list[Exchange]:
    """Exchanges over the twelve hours before noon."""
    step = timedelta(hours=12) / count
    found = []
    for number in range(count):
        rows = rows_of(per_request, seed * 1000 + number)
        moment = (NOON - step * (count - number)).replace(microsecond=0) + timedelta(seconds=7)
        answers = answers_to(rows, number)
        found.append(Exchange(number=number, moment=moment, rows=rows, predictions=answers))
    return found


class Format(Protocol):
    """A recorder: writes lines into files, and has a reader."""

    def lines(self, release: Release, exchange: Exchange) -> dict[str, bytes]:
        """Lines of an exchange by the file that they are in, under the root."""

    def reader(self, root: Path, release: Release) -> Requests:
        """Reads what was written."""


class Ours:
    """Trimaran's own server."""

    def lines(self, release: Release, exchange: Exchange) -> dict[str, bytes]:
        document = {
            "event_id": f"e{exchange.number}",
            "time": exchange.moment.isoformat(timespec="milliseconds"),
            "release": release.id,
            "variant": "blue",
            "request": exchange.rows,
            "prediction": exchange.predictions,
            "latency_ms": 1.5,
            "sampled_fraction": 1.0,
        }
        hour = f"{exchange.moment:%Y/%m/%d/%H}"
        return {f"capture/{ENDPOINT}/blue/{hour}/w-1.jsonl": orjson.dumps(document) + b"\n"}

    def reader(self, root: Path, release: Release) -> Requests:
        store = Store.open_directory(root)
        return Capture(store, ENDPOINT, release=release.id, since=SINCE, until=NOON)


class SageMaker:
    """SageMaker's data capture, with bodies in base64."""

    def lines(self, release: Release, exchange: Exchange) -> dict[str, bytes]:
        def side(mode: str, document: Any) -> dict[str, Any]:
            text = base64.b64encode(orjson.dumps(document)).decode()
            kind = "application/json"
            return {"observedContentType": kind, "mode": mode, "data": text, "encoding": "BASE64"}

        document = {
            "captureData": {
                "endpointInput": side("INPUT", {"instances": exchange.rows}),
                "endpointOutput": side("OUTPUT", answer_of(release, exchange)),
            },
            "eventMetadata": {
                "eventId": f"e{exchange.number}",
                "inferenceTime": f"{exchange.moment:%Y-%m-%dT%H:%M:%SZ}",
            },
            "eventVersion": "0",
        }
        hour = f"{exchange.moment:%Y/%m/%d/%H}"
        return {f"{ENDPOINT}/main/{hour}/u-1.jsonl": orjson.dumps(document) + b"\n"}

    def reader(self, root: Path, release: Release) -> Requests:
        return SageMakerCapture(root.as_uri(), ENDPOINT, release=release, since=SINCE, until=NOON)


class Azure:
    """Azure ML's payload logging."""

    def lines(self, release: Release, exchange: Exchange) -> dict[str, bytes]:
        later = exchange.moment + timedelta(seconds=1)
        name = f"{ENDPOINT}/blue/{{}}/{{:%Y/%m/%d/%H}}/i-1.jsonl"
        asked = event("request", exchange.number, exchange.moment, {"instances": exchange.rows})
        answered = event("response", exchange.number, later, answer_of(release, exchange))
        return {
            name.format("request", exchange.moment): asked,
            name.format("response", later): answered,
        }

    def reader(self, root: Path, release: Release) -> Requests:
        return AzureCapture(root.as_uri(), ENDPOINT, release=release, since=SINCE, until=NOON)


class AzureTables:
    """Azure ML's collector of tables, as our server writes it."""

    def lines(self, release: Release, exchange: Exchange) -> dict[str, bytes]:
        later = exchange.moment + timedelta(seconds=1)
        answers = [p if isinstance(p, dict) else {"prediction": p} for p in exchange.predictions]
        tables = {
            "model_inputs": (exchange.moment, exchange.rows),
            "model_outputs": (later, answers),
        }
        return {
            f"{ENDPOINT}/blue/{name}/{moment:%Y/%m/%d/%H}/i-1.jsonl": event(
                name,
                exchange.number,
                moment,
                rows,
                modelversion=release.id,
                collectdatatype="pandas.core.frame.DataFrame",
            )
            for name, (moment, rows) in tables.items()
        }

    def reader(self, root: Path, release: Release) -> Requests:
        return Azure().reader(root, release)


class Vertex:
    """Vertex AI's table, exported as lines of JSON."""

    def lines(self, release: Release, exchange: Exchange) -> dict[str, bytes]:
        row = row_of(exchange)
        row["logging_time"] = f"{exchange.moment:%Y-%m-%d %H:%M:%S} UTC"
        row["request_id"] = str(row["request_id"])
        return {"export-000.json": orjson.dumps(row) + b"\n"}

    def reader(self, root: Path, release: Release) -> Requests:
        counts = Counts()
        return vertex(exported_rows(root.as_uri(), counts), release, counts)


FORMATS: dict[str, Format] = {
    "ours": Ours(),
    "sagemaker": SageMaker(),
    "azure": Azure(),
    "azure tables": AzureTables(),
    "vertex": Vertex(),
}


def write(root: Path, how: Format, release: Release, exchanges: Sequence[Exchange]) -> list[Path]:
    """Write exchanges under a folder; returns the files, in the order they were begun."""
    files: dict[Path, None] = {}
    for exchange in exchanges:
        for name, line in how.lines(release, exchange).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(line)
            files[path] = None
    return list(files)


def answer_of(release: Release, exchange: Exchange) -> dict[str, Any]:
    """What the server answers."""
    return {"predictions": exchange.predictions, "release": release.id[:12]}


def event(
    kind: str, number: int, moment: datetime, data: Any, together: str = "", **other: Any
) -> bytes:
    """One line of Azure's collector."""
    together = together or f"c{number}"
    document = {
        "specversion": "1.0",
        "id": f"{kind}-{number}",
        "source": f"/subscriptions/s/onlineEndpoints/{ENDPOINT}/deployments/blue",
        "type": f"azureml.inference.{kind}",
        "datacontenttype": "application/json",
        "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "data": data,
        "path": "/score",
        "method": "POST",
        "contentrange": "bytes 0-59/*",
        "correlationid": together,
        "xrequestid": together,
        **other,
    }
    return orjson.dumps(document) + b"\n"


def row_of(exchange: Exchange) -> dict[str, Any]:
    """One row of Vertex's table, as BigQuery's client gives it."""
    return {
        "endpoint": "1234567890",
        "deployed_model_id": DEPLOYED,
        "logging_time": exchange.moment,
        "request_id": Decimal(exchange.number),
        "request_payload": [json.dumps(row) for row in exchange.rows],
        "response_payload": [json.dumps(answer) for answer in exchange.predictions],
    }


def vertex(
    rows: Any, release: Release, counts: Counts | None = None, **other: Any
) -> VertexCapture:
    """The reader of Vertex's rows."""
    given = {"deployed": [DEPLOYED], "since": SINCE, "until": NOON, **other}
    return VertexCapture(rows, release=release, counts=counts, **given)


def write_parquet(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """An export of Vertex's table as Parquet."""
    schema = pa.schema(
        [
            ("endpoint", pa.string()),
            ("deployed_model_id", pa.string()),
            ("logging_time", pa.timestamp("us", "UTC")),
            ("request_id", pa.decimal128(38, 9)),
            ("request_payload", pa.list_(pa.string())),
            ("response_payload", pa.list_(pa.string())),
        ]
    )
    parquet.write_table(pa.Table.from_pylist(list(rows), schema), path)


Writer = Callable[[Path, Sequence[dict[str, Any]]], None]
