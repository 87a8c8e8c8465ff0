"""What every encoder of answers is."""

from collections.abc import Callable
from dataclasses import dataclass

from trimaran_runtime.serving.answers.answer import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """One format of answers."""

    media_type: str
    """Content type, lower case, as a caller asks for it."""
    encode: Callable[[Answer], bytes]
    """The answer's bytes."""
    description: str
    """One sentence on how predictions are written, for the OpenAPI document."""
    parameters: str = ""
    """What the answer's content type says besides, with its semicolon."""
    is_text: bool = True
    """Whether such a body is text."""
    needs: str = ""
    """Module it cannot do without, besides what the server needs anyway."""

    @property
    def content_type(self) -> str:
        """Content type of the answer."""
        return self.media_type + self.parameters
