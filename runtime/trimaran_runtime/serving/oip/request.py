"""One inference request, read and checked."""

from dataclasses import dataclass

from trimaran_runtime.serving.message import Headers, Refusal
from trimaran_runtime.serving.oip.envelope import opened
from trimaran_runtime.serving.oip.inputs import Inputs
from trimaran_runtime.serving.oip.outputs import Outputs, Wanted
from trimaran_runtime.serving.oip.parameters import Parameters
from trimaran_runtime.serving.oip.tensor import tensors
from trimaran_runtime.serving.rows import Rows

_MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """What a request asks.

    Attributes:
        id: the caller's id, given back in the answer; None: it gave none.
        rows: checked rows.
        outputs: what it asks for.
        timeout_seconds: how long the caller waits; None: as long as the server does.
    """

    id: str | None
    rows: Rows
    outputs: list[Wanted]
    timeout_seconds: float | None


def read_request(
    headers: Headers, body: bytes, inputs: Inputs, outputs: Outputs, max_rows: int
) -> InferenceRequest:
    """Read a request.

    Raises:
        Refusal: 400, 413 or 415, with the reason.
    """
    document, rest = opened(headers, body)
    given = document.get("id")
    if given is not None and not isinstance(given, str):
        raise Refusal(400, "the id is no text", where="id", given=given, allowed="text")
    # Zero is Triton's word for the server's own timeout.
    timeout = Parameters(document, "").whole("timeout")
    wanted = outputs.wanted(document)
    rows = inputs.rows(tensors(document.get("inputs"), rest, max_rows))
    seconds = timeout / _MICROSECONDS if timeout else None
    return InferenceRequest(given, rows, wanted, seconds)
