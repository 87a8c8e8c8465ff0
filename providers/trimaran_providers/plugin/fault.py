"""What goes wrong in a handler, as the gRPC status that the engine understands."""

import traceback
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from pulumi.errors import InputPropertiesError, RunError
from pulumi.runtime.proto import errors_pb2, status_pb2
from pulumi.runtime.proto.provider_pb2 import ErrorResourceInitFailed

from trimaran_providers.contract.errors import PartiallyCreatedError, TrimaranError
from trimaran_providers.contract.handler import AnyHandler
from trimaran_providers.plugin.properties import secret_names, to_wire_names
from trimaran_providers.plugin.wire import encode
from trimaran_runtime.errors import RuntimeFault

_DETAILS = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class Fault:
    """A status to abort a call with."""

    code: grpc.StatusCode
    message: str
    trailers: tuple[tuple[str, bytes], ...] = ()


def fault_of(error: Exception) -> Fault:
    """Status of an error: its sentence when it is one of ours, else the traceback of the bug."""
    if isinstance(error, InputPropertiesError):
        return wrong_inputs(error)
    if isinstance(error, (TrimaranError, RuntimeFault, RunError)):
        # A code other than UNKNOWN tells the engine that nothing was left behind.
        return Fault(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    shown = "".join(traceback.format_exception(error)).rstrip()
    return Fault(grpc.StatusCode.INTERNAL, f"unexpected error in the trimaran plugin:\n{shown}")


def partial(error: PartiallyCreatedError, handler: AnyHandler, secrets: frozenset[str]) -> Fault:
    """Status that makes the engine keep a half-made resource in its state.

    Args:
        error: what the handler knows of it.
        handler: the handler, for the names of its outputs.
        secrets: outputs that hold a secret because an input of that name does.
    """
    state = to_wire_names(handler.outputs, error.state)
    detail = ErrorResourceInitFailed(
        id=error.resource_id,
        properties=encode(state, secrets | secret_names(handler.outputs)),
        reasons=error.reasons,
    )
    return _detailed(grpc.StatusCode.UNKNOWN, str(error), detail)


def wrong_inputs(error: InputPropertiesError) -> Fault:
    """Status of a component whose inputs are wrong; the engine lists them by property."""
    detail = errors_pb2.InputPropertiesError(
        errors=[
            errors_pb2.InputPropertiesError.PropertyError(
                property_path=item["property_path"], reason=item["reason"]
            )
            for item in error.errors or ()
        ]
    )
    return _detailed(grpc.StatusCode.INVALID_ARGUMENT, error.message, detail)


def _detailed(code: grpc.StatusCode, message: str, detail: Message) -> Fault:
    packed = Packed()
    packed.Pack(detail)
    status = status_pb2.Status(code=code.value[0], message=message, details=[packed])
    return Fault(code, message, ((_DETAILS, status.SerializeToString()),))
