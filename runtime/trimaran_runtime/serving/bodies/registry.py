"""Which decoder reads which content type."""

from collections.abc import Sequence
from importlib.util import find_spec

from trimaran_runtime.serving.bodies import arrow, csv_body, json_body, json_lines, npy
from trimaran_runtime.serving.bodies.decoder import Decoder

DECODERS = (
    json_body.DECODER,
    json_lines.DECODER,
    csv_body.DECODER,
    npy.DECODER,
    arrow.DECODER,
)
_NUMBERS = frozenset({"number", "integer", "boolean"})


def decoders(types: Sequence[str]) -> tuple[Decoder, ...]:
    """Decoders of the bodies that a release takes, in this installation.

    Args:
        types: logical types of its features.
    """
    has_only_numbers = set(types) <= _NUMBERS
    return tuple(
        decoder
        for decoder in DECODERS
        if (has_only_numbers or not decoder.only_numbers)
        and (not decoder.needs or find_spec(decoder.needs) is not None)
    )
