"""An inference request of gRPC as the same request over HTTP, and the answer back.

Tensors travel as the bytes that the binary extension has: no element is spelled out as text where
the caller sent it as bytes, and there is one reader and one writer of tensors for both.
"""

from typing import Any

import numpy as np
import orjson

from trimaran_runtime.serving.message import Refusal, Response
from trimaran_runtime.serving.oip.datatype import BYTES, DATATYPES
from trimaran_runtime.serving.oip.envelope import BINARY, HEADER_LENGTH
from trimaran_runtime.serving.rpc.messages import inference

_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Field of `InferTensorContents` by datatype; FP16 has none, and is sent as bytes."""
_WIDER = frozenset({"INT8", "INT16", "UINT8", "UINT16"})
"""Datatypes whose field holds numbers that they do not: these are checked one by one."""
_SIZE = "binary_data_size"


def as_http(request: Any) -> tuple[dict[str, str], bytes]:
    """Headers and body of a `ModelInferRequest`.

    Raises:
        Refusal: 400, the tensors' contents are given twice, or not for every tensor.
    """
    raw = list(request.raw_input_contents)
    if raw and len(raw) != len(request.inputs):
        raise Refusal(
            400,
            "raw_input_contents are not one for each input",
            where="raw_input_contents",
            given=len(raw),
            allowed=f"{len(request.inputs)}",
        )
    document: dict[str, Any] = {"inputs": [], "parameters": _values(request.parameters)}
    document["parameters"]["binary_data_output"] = bool(raw)
    if request.id:
        document["id"] = request.id
    if request.outputs:
        document["outputs"] = [
            {"name": each.name, "parameters": _without_binary(each.parameters)}
            for each in request.outputs
        ]
    contents: list[bytes] = []
    for place, given in enumerate(request.inputs):
        tensor = {
            "name": given.name,
            "datatype": given.datatype,
            "shape": list(given.shape),
            "parameters": _values(given.parameters),
        }
        tensor["parameters"].pop(_SIZE, None)
        if raw and given.HasField("contents"):
            raise Refusal(
                400,
                "an input has contents beside raw_input_contents",
                where=f"inputs[{place}].contents",
                allowed="one of both",
            )
        if not raw and given.datatype in _WIDER:
            tensor["data"] = list(getattr(given.contents, _CONTENTS[given.datatype]))
        else:
            contents.append(raw[place] if raw else _packed(given, place))
            tensor["parameters"][_SIZE] = len(contents[-1])
        document["inputs"].append(tensor)
    head = orjson.dumps(document)
    return (
        {"content-type": BINARY, HEADER_LENGTH: str(len(head))},
        b"".join([head, *contents]),
    )


def from_http(response: Response) -> Any:
    """The `ModelInferResponse` of an answer with status 200."""
    kinds = inference()
    size = int(response.headers.get(HEADER_LENGTH, len(response.body)))
    document, at = orjson.loads(response.body[:size]), size
    answer = kinds["ModelInferResponse"](
        model_name=document["model_name"],
        model_version=document["model_version"],
        id=document.get("id", ""),
    )
    for given in document["outputs"]:
        output = answer.outputs.add(
            name=given["name"], datatype=given["datatype"], shape=given["shape"]
        )
        if "data" not in given:
            length = given["parameters"][_SIZE]
            answer.raw_output_contents.append(response.body[at : at + length])
            at += length
            continue
        values = given["data"]
        if given["datatype"] == BYTES.name:
            values = [value.encode() for value in values]
        getattr(output.contents, _CONTENTS[given["datatype"]]).extend(values)
    return answer


def _packed(given: Any, place: int) -> bytes:
    """Contents of an input as bytes; none of a datatype that is not known, which is refused."""
    name = _CONTENTS.get(given.datatype)
    if name is None:
        if given.datatype in DATATYPES:
            raise Refusal(
                400,
                f"{given.datatype} has no contents",
                where=f"inputs[{place}].datatype",
                allowed="raw_input_contents",
            )
        return b""
    values = getattr(given.contents, name)
    datatype = DATATYPES[given.datatype]
    if datatype is not BYTES:
        return np.array(values, dtype=datatype.dtype).tobytes()
    return b"".join(len(value).to_bytes(4, "little") + value for value in values)


def _values(parameters: Any) -> dict[str, Any]:
    chosen = (
        (name, each, each.WhichOneof("parameter_choice")) for name, each in parameters.items()
    )
    return {name: getattr(each, choice) for name, each, choice in chosen if choice}


def _without_binary(parameters: Any) -> dict[str, Any]:
    return {name: value for name, value in _values(parameters).items() if name != "binary_data"}
