"""What every decoder of request bodies is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trimaran_runtime.serving.bodies.expected import Expected
from trimaran_runtime.serving.bodies.given import Given


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body that was understood.

    Attributes:
        given: its rows.
        every_class: whether the caller wants the probability of every class.
        reasons: how many reasons per row the caller wants; 0: none.
    """

    given: Given
    every_class: bool = False
    reasons: int = 0


Decode = Callable[[bytes, Mapping[str, str], Expected], Decoded]
"""Takes a body, the parameters of its content type and what the rows must have; raises Refusal,
and nothing else, whatever the bytes are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """One format of bodies."""

    media_types: tuple[str, ...]
    """Content types, lower case; the first is the one to use."""
    decode: Decode
    description: str
    """One sentence on how rows are written, for the OpenAPI document."""
    is_text: bool = True
    """Whether such a body is text."""
    only_numbers: bool = False
    """Whether it cannot carry text and times: then only releases without them take it."""
    needs: str = ""
    """Module it cannot do without, besides what the server needs anyway."""
