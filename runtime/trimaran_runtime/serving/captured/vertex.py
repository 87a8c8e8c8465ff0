"""Vertex AI's request-response logging: rows of its BigQuery table, as lines that `bq load` takes.

Source: https://cloud.google.com/vertex-ai/docs/predictions/online-prediction-logging (read
2026-11-25), the table of columns; how JSON spells them:
https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json and
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#numeric_types (cited from
memory): NUMERIC as text, so that no reader rounds it; TIMESTAMP as BigQuery exports it.
"""

from hashlib import blake2b

import orjson

from trimaran_runtime.serving.capture_format import CaptureFormat, root_of
from trimaran_runtime.serving.captured.record import Lines, Origin, Record

_ROOT = root_of(CaptureFormat.vertex)
_MOST_DIGITS = 29
"""Digits before the point that a NUMERIC holds."""


def lines(origin: Origin, record: Record) -> Lines:
    """A row: a payload for each instance and each prediction, as of a `predict` call.

    `deployed_model_id` is the full id of the release, which says who answered.
    """
    row = {
        "endpoint": origin.endpoint,
        "deployed_model_id": origin.release,
        "logging_time": f"{record.time:%Y-%m-%d %H:%M:%S.%f} UTC",
        "request_id": str(numeric_id(record.request_id)),
        "request_payload": [orjson.dumps(values).decode() for values in record.rows],
        "response_payload": [orjson.dumps(value).decode() for value in record.predictions],
    }
    folder = f"{_ROOT}/{origin.endpoint}/{origin.variant}"
    return {folder: orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)}


def numeric_id(request_id: str) -> int:
    """The column's number for an id, which it holds no text for.

    An id that is the number, without a sign or a leading zero, is kept; of another it is the
    first 8 bytes of its BLAKE2b digest (`digest_size=8`, big-endian).
    """
    if len(request_id) <= _MOST_DIGITS and request_id.isascii() and request_id.isdigit():
        number = int(request_id)
        if str(number) == request_id:
            return number
    return int.from_bytes(blake2b(request_id.encode(), digest_size=8).digest())
