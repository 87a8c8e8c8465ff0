"""The header that says what a body is."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimaran_runtime.serving.message import Refusal

_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})


@dataclass(frozen=True, slots=True)
class ContentType:
    """A content type.

    Attributes:
        kind: the media type, lower case.
        parameters: its parameters, names in lower case, values without quotes.
    """

    kind: str
    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, header: str) -> "ContentType":
        """Read a header's value; raises Refusal (415) for text that is not UTF-8."""
        kind, *rest = header.split(";")
        parameters = {}
        for part in rest:
            name, _, value = part.partition("=")
            parameters[name.strip().lower()] = value.strip().strip('"')
        charset = parameters.get("charset", "utf-8")
        if charset.lower() not in _UTF_8:
            raise Refusal(
                415, "unsupported charset", where="content-type", given=charset, allowed="utf-8"
            )
        return cls(kind.strip().lower(), parameters)
