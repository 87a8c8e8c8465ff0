"""Requests of the Open Inference Protocol, in JSON and in bytes."""

import json
import struct
from typing import Any

import numpy as np

DTYPES = {
    "BOOL": "u1",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
"""Bytes of an element: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/
docs/protocol/extension_binary_data.html, little-endian, BOOL one byte (read 2026-11-25)."""


def tensor(name: str, datatype: str, data: list[Any], shape: list[int] | None = None) -> Any:
    """An input with its data in JSON."""
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": data}


def row_tensors(row: dict[str, Any]) -> list[Any]:
    """A row of `tests.serving.releases` as one tensor for each column."""
    types = ["FP64", "INT64", "BYTES", "BOOL", "BYTES"]
    return [tensor(*item) for item in zip(row, types, ([v] for v in row.values()), strict=True)]


def packed(datatype: str, values: list[Any]) -> bytes:
    """The bytes of a tensor."""
    if datatype != "BYTES":
        return np.array(values, dtype=DTYPES[datatype]).tobytes()
    texts = [value.encode() for value in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def binary(document: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """A request with the data of its inputs in bytes, and the headers that go with it."""
    inputs, contents = [], []
    for given in document["inputs"]:
        contents.append(packed(given["datatype"], given["data"]))
        size = {"parameters": {"binary_data_size": len(contents[-1])}}
        inputs.append({k: v for k, v in given.items() if k != "data"} | size)
    head = json.dumps({**document, "inputs": inputs}).encode()
    headers = {
        "content_type": "application/octet-stream",
        "inference_header_content_length": str(len(head)),
    }
    return b"".join([head, *contents]), headers


def outputs_of(body: bytes, head_size: int) -> dict[str, Any]:
    """Outputs by name of an answer with binary data: values in row-major order."""
    found: dict[str, Any] = {}
    at = head_size
    for output in json.loads(body[:head_size])["outputs"]:
        if "data" in output:
            found[output["name"]] = output["data"]
            continue
        size = output["parameters"]["binary_data_size"]
        content, at = body[at : at + size], at + size
        if output["datatype"] != "BYTES":
            found[output["name"]] = np.frombuffer(content, DTYPES[output["datatype"]]).tolist()
            continue
        texts = []
        while content:
            length = struct.unpack("<I", content[:4])[0]
            texts.append(content[4 : 4 + length].decode())
            content = content[4 + length :]
        found[output["name"]] = texts
    assert at == len(body)
    return found
