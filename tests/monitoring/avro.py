"""An Avro file as BigQuery exports Vertex's table: nullable unions, a decimal, repeated texts."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

SCHEMA = {
    "type": "record",
    "name": "Root",
    "fields": [
        {"name": "endpoint", "type": ["null", "string"]},
        {"name": "deployed_model_id", "type": ["null", "string"]},
        {
            "name": "logging_time",
            "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}],
        },
        {
            "name": "request_id",
            "type": [
                "null",
                {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9},
            ],
        },
        {"name": "request_payload", "type": {"type": "array", "items": "string"}},
        {"name": "response_payload", "type": {"type": "array", "items": "string"}},
    ],
}
_SYNC = bytes(range(16))


def write_avro(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of Vertex's table (Apache Avro 1.11, "Object Container Files")."""
    header = {"avro.schema": json.dumps(SCHEMA).encode(), "avro.codec": b"null"}
    meta = b"".join(_bytes(key.encode()) + _bytes(value) for key, value in header.items())
    body = b"".join(map(_row, rows))
    block = _long(len(rows)) + _bytes(body) + _SYNC
    path.write_bytes(b"Obj\x01" + _long(len(header)) + meta + _long(0) + _SYNC + block)


def _row(row: dict[str, Any]) -> bytes:
    micros = round(row["logging_time"].timestamp() * 1e6)
    unscaled = int(Decimal(row["request_id"]).scaleb(9))
    number = unscaled.to_bytes(unscaled.bit_length() // 8 + 1, "big", signed=True)
    present = _long(1)
    return b"".join(
        [
            present + _bytes(row["endpoint"].encode()),
            present + _bytes(row["deployed_model_id"].encode()),
            present + _long(micros),
            present + _bytes(number),
            _texts(row["request_payload"]),
            _texts(row["response_payload"]),
        ]
    )


def _texts(texts: Sequence[str]) -> bytes:
    items = b"".join(_bytes(text.encode()) for text in texts)
    return (_long(len(texts)) + items if texts else b"") + _long(0)


def _bytes(content: bytes) -> bytes:
    return _long(len(content)) + content


def _long(value: int) -> bytes:
    value = (value << 1) ^ (value >> 63)
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
