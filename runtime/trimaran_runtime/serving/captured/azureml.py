"""Azure ML's data collector: tables `model_inputs` and `model_outputs`, a CloudEvent a line.

Files are `<root>/<endpoint>/<deployment>/<collection>/yyyy/MM/dd/HH/<instance>.jsonl`, where a
variant stands for a deployment. Source: https://learn.microsoft.com/en-us/azure/machine-learning/
how-to-collect-production-data?view=azureml-api-2, "Perform custom logging for model monitoring"
and "Store collected data in Blob Storage" (read 2026-11-27). A request is a line of each table; a
line above 4 MB, which Azure keeps in a blob of its own, stays whole.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson

from trimaran_runtime import __version__
from trimaran_runtime.serving.capture_format import CaptureFormat, root_of
from trimaran_runtime.serving.captured.record import Lines, Origin, Record
from trimaran_runtime.serving.message import JSON

INPUTS, OUTPUTS = "model_inputs", "model_outputs"
"""Collections of what a model was asked, and of what it answered."""
PREDICTION = "prediction"
"""Column of predictions that are no objects themselves: a table's rows are."""
_ROOT = root_of(CaptureFormat.azureml)
_AGENT = f"trimaran/{__version__}"


def lines(origin: Origin, record: Record) -> Lines:
    """An event of the rows and one of the predictions, joined by the request's id.

    `modelversion` is the full id of the release.
    """
    answered = record.time + timedelta(milliseconds=record.latency_ms)
    predictions = [
        value if isinstance(value, dict) else {PREDICTION: value} for value in record.predictions
    ]
    folder = f"{_ROOT}/{origin.endpoint}/{origin.variant}"
    return {
        f"{folder}/{INPUTS}": _event(INPUTS, origin, record, record.time, record.rows),
        f"{folder}/{OUTPUTS}": _event(OUTPUTS, origin, record, answered, predictions),
    }


def _event(
    collection: str, origin: Origin, record: Record, when: datetime, rows: list[dict[str, Any]]
) -> bytes:
    data = orjson.dumps(rows)
    size = len(data)
    document = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": f"/onlineEndpoints/{origin.endpoint}/deployments/{origin.variant}",
        "type": f"azureml.inference.{collection}",
        "datacontenttype": JSON,
        "time": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "data": orjson.Fragment(data),
        "correlationid": record.request_id,
        "xrequestid": record.request_id,
        "modelversion": origin.release,
        "collectdatatype": "pandas.core.frame.DataFrame",
        "agent": _AGENT,
        "contentrange": f"bytes 0-{size - 1}/{size}",
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
