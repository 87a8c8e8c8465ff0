"""Which format a caller gets."""

from collections.abc import Sequence

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.serving.answers.encoder import Encoder
from trimaran_runtime.serving.answers.media_range import MediaRange
from trimaran_runtime.serving.answers.registry import encoders
from trimaran_runtime.serving.message import Refusal

DEFAULT_VARIABLE = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
"""Environment variable with the Accept of a request that has none, or `*/*` (SageMaker inference
toolkit, `environment.py` and `worker.py`)."""


class Negotiation:
    """Chooses encoders by Accept headers.

    Args:
        default: value of `DEFAULT_VARIABLE`; None or empty: JSON.

    Raises:
        ConfigError: none of the formats is what it asks for.
    """

    def __init__(self, default: str | None = None) -> None:
        self.encoders = encoders()
        """Formats, the default one first."""
        if default:
            preferred = self._chosen(default)
            if preferred is None:
                raise ConfigError(
                    f"no answer can be {default!r}",
                    where=DEFAULT_VARIABLE,
                    allowed=self._allowed,
                    next_step="name one of these types, or unset the variable",
                )
            self.encoders = (preferred, *(e for e in self.encoders if e is not preferred))
        self._by_type = {encoder.media_type: encoder for encoder in self.encoders}

    def encoder(self, accept: str | None) -> Encoder:
        """The encoder for an Accept header; None: there was none.

        Raises:
            Refusal: 406, the caller takes none of the formats.
        """
        if not accept or accept == "*/*":
            return self.encoders[0]
        # As it mostly is: one type, and nothing to be taken apart.
        exact = self._by_type.get(accept)
        chosen = self._chosen(accept) if exact is None else exact
        if chosen is None:
            raise Refusal(
                406,
                "no answer can be of a type that is accepted",
                where="accept",
                given=accept,
                allowed=self._allowed,
            )
        return chosen

    @property
    def _allowed(self) -> str:
        return ", ".join(encoder.media_type for encoder in self.encoders)

    def _chosen(self, accept: str) -> Encoder | None:
        ranges = MediaRange.parse_all(accept)
        if not ranges:
            return self.encoders[0]
        liked = [(_liking(ranges, encoder), encoder) for encoder in self.encoders]
        best, chosen = max(liked, key=lambda pair: pair[0])
        return chosen if best[0] > 0 else None


def _liking(ranges: Sequence[MediaRange], encoder: Encoder) -> tuple[float, int, int]:
    """Quality, precision of the range that gives it, and how early that stands.

    The most precise range of a type decides its quality (RFC 9110). Between equals a type that is
    named goes before one that `*/*` lets pass, and an earlier one before a later.
    """
    covering = [
        (each.precision, -place, each.quality)
        for place, each in enumerate(ranges)
        if each.covers(encoder.media_type)
    ]
    if not covering:
        return 0.0, 0, 0
    precision, place, quality = max(covering)
    return quality, precision, place
