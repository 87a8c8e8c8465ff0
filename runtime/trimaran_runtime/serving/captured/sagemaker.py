"""SageMaker's data capture: `<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/*.jsonl`.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
and https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-pre-and-post-processing.html
(both read 2026-11-24). Bodies are written as JSON whatever they came in, from the rows that were
read, so that no redacted column is in them.
"""

from typing import Any
from uuid import uuid4

import orjson

from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.serving.capture_format import CaptureFormat, root_of
from trimaran_runtime.serving.captured.record import Lines, Origin, Record
from trimaran_runtime.serving.message import JSON

_ROOT = root_of(CaptureFormat.sagemaker)


def lines(origin: Origin, record: Record) -> Lines:
    """One object: `captureData`, both bodies as text, and `eventMetadata`, id and time.

    `eventId` is new with every line, as SageMaker's; the request's own id is `inferenceId`.
    """
    answer = {"predictions": record.predictions, "release": origin.release[:SHORT]}
    document = {
        "captureData": {
            "endpointInput": _side("INPUT", {"instances": record.rows}),
            "endpointOutput": _side("OUTPUT", answer),
        },
        "eventMetadata": {
            "eventId": str(uuid4()),
            "inferenceId": record.request_id,
            "inferenceTime": f"{record.time:%Y-%m-%dT%H:%M:%SZ}",
        },
        "eventVersion": "0",
    }
    folder = f"{_ROOT}/{origin.endpoint}/{origin.variant}"
    return {folder: orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)}


def _side(mode: str, body: dict[str, Any]) -> dict[str, str]:
    return {
        "observedContentType": JSON,
        "mode": mode,
        "data": orjson.dumps(body).decode(),
        "encoding": "JSON",
    }
