"""Which formats answers can have."""

from importlib.util import find_spec

from trimaran_runtime.serving.answers import arrow, csv_answer, json_answer, json_lines, npy
from trimaran_runtime.serving.answers.encoder import Encoder

ENCODERS = (
    json_answer.ENCODER,
    csv_answer.ENCODER,
    *json_lines.ENCODERS,
    npy.ENCODER,
    *arrow.ENCODERS,
)
"""The order decides between formats that a caller likes as much as each other."""


def encoders() -> tuple[Encoder, ...]:
    """Encoders of this installation."""
    return tuple(e for e in ENCODERS if not e.needs or find_spec(e.needs) is not None)
