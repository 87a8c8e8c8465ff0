"""One element of an Accept header."""

from dataclasses import dataclass

_ANY = "*"


@dataclass(frozen=True, slots=True)
class MediaRange:
    """What a caller takes, and how much it likes it (RFC 9110, section 12.5.1).

    Attributes:
        kind: the part before the slash, lower case; `*`: any.
        form: the part after it; `*`: any.
        quality: 0 (never) to 1.
    """

    kind: str
    form: str
    quality: float

    @classmethod
    def parse_all(cls, header: str) -> "list[MediaRange]":
        """Ranges of a header; what is none is left out, as RFC 9110 lets a server do."""
        found = (cls._parse(element) for element in header.lower().split(","))
        return [each for each in found if each is not None]

    @classmethod
    def _parse(cls, element: str) -> "MediaRange | None":
        name, *parameters = (part.strip() for part in element.split(";"))
        kind, slash, form = name.partition("/")
        if not (slash and kind and form) or (kind == _ANY and form != _ANY):
            return None
        weights = (p.partition("=")[2] for p in parameters if p.partition("=")[0].strip() == "q")
        try:
            quality = float(next(weights, "1"))
        except ValueError:
            return None
        # Also leaves NaN out.
        return cls(kind, form, quality) if 0 <= quality <= 1 else None

    @property
    def precision(self) -> int:
        """0 for any type, 1 for any of a kind, 2 for one type."""
        return (self.kind != _ANY) + (self.form != _ANY)

    def covers(self, media_type: str) -> bool:
        """Whether a type is in the range."""
        kind, _, form = media_type.partition("/")
        return self.kind in {_ANY, kind} and self.form in {_ANY, form}
