"""Messages of the Open Inference Protocol over gRPC, and of gRPC's health protocol.

Sources: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/
open_inference_grpc.proto (Apache-2.0; names and numbers of fields, which are the protocol) and
https://github.com/grpc/grpc/blob/master/doc/health-checking.md (both read 2026-11-25).
"""

from functools import cache

from trimaran_runtime.serving.rpc.schema import Kind, messages

SERVICE = "inference.GRPCInferenceService"
HEALTH = "grpc.health.v1.Health"
_NAMED = ("1 string name", "2 string version")
_TENSOR = ("1 string name", "2 string datatype", "3 repeated int64 shape", "4 map parameters")
_INFERENCE = {
    "ServerLiveRequest": (),
    "ServerLiveResponse": ("1 bool live",),
    "ServerReadyRequest": (),
    "ServerReadyResponse": ("1 bool ready",),
    "ModelReadyRequest": _NAMED,
    "ModelReadyResponse": ("1 bool ready",),
    "ServerMetadataRequest": (),
    "ServerMetadataResponse": (*_NAMED, "3 repeated string extensions"),
    "ModelMetadataRequest": _NAMED,
    "ModelMetadataResponse": (
        "1 string name",
        "2 repeated string versions",
        "3 string platform",
        "4 repeated ModelMetadataResponse.TensorMetadata inputs",
        "5 repeated ModelMetadataResponse.TensorMetadata outputs",
    ),
    "ModelMetadataResponse.TensorMetadata": _TENSOR[:3],
    "ModelInferRequest": (
        "1 string model_name",
        "2 string model_version",
        "3 string id",
        "4 map parameters",
        "5 repeated ModelInferRequest.InferInputTensor inputs",
        "6 repeated ModelInferRequest.InferRequestedOutputTensor outputs",
        "7 repeated bytes raw_input_contents",
    ),
    "ModelInferRequest.InferInputTensor": (*_TENSOR, "5 InferTensorContents contents"),
    "ModelInferRequest.InferRequestedOutputTensor": ("1 string name", "2 map parameters"),
    "ModelInferResponse": (
        "1 string model_name",
        "2 string model_version",
        "3 string id",
        "4 map parameters",
        "5 repeated ModelInferResponse.InferOutputTensor outputs",
        "6 repeated bytes raw_output_contents",
    ),
    "ModelInferResponse.InferOutputTensor": (*_TENSOR, "5 InferTensorContents contents"),
    "InferParameter": (
        "1 oneof bool bool_param",
        "2 oneof int64 int64_param",
        "3 oneof string string_param",
        "4 oneof double double_param",
        "5 oneof uint64 uint64_param",
    ),
    "InferTensorContents": (
        "1 repeated bool bool_contents",
        "2 repeated int32 int_contents",
        "3 repeated int64 int64_contents",
        "4 repeated uint32 uint_contents",
        "5 repeated uint64 uint64_contents",
        "6 repeated float fp32_contents",
        "7 repeated double fp64_contents",
        "8 repeated bytes bytes_contents",
    ),
}
_HEALTH = {
    "HealthCheckRequest": ("1 string service",),
    "HealthCheckResponse": ("1 HealthCheckResponse.ServingStatus status",),
}
SERVING, NOT_SERVING, UNKNOWN = 1, 2, 3
"""Statuses; unknown is the service, not its state."""
_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")


@cache
def inference() -> dict[str, Kind]:
    """The protocol's messages by name."""
    return messages("inference", _INFERENCE)


@cache
def health() -> dict[str, Kind]:
    """The health protocol's messages by name."""
    return messages("grpc.health.v1", _HEALTH, {"HealthCheckResponse.ServingStatus": _STATUSES})
