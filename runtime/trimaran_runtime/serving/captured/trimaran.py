"""Our own format: `capture/<endpoint>/<variant>/yyyy/mm/dd/hh/*.jsonl`."""

import orjson

from trimaran_runtime.serving.capture_format import CaptureFormat, root_of
from trimaran_runtime.serving.captured.record import Lines, Origin, Record

_ROOT = root_of(CaptureFormat.trimaran)


def lines(origin: Origin, record: Record) -> Lines:
    """One object: id, time, release, rows and predictions."""
    document = {
        "event_id": record.request_id,
        "time": record.time.isoformat(timespec="milliseconds"),
        "release": origin.release,
        "variant": origin.variant,
        "request": record.rows,
        "prediction": record.predictions,
        "latency_ms": round(record.latency_ms, 3),
        "sampled_fraction": origin.fraction,
    }
    folder = f"{_ROOT}/{origin.endpoint}/{origin.variant}"
    return {folder: orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)}
