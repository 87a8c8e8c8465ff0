"""What a check finds, and the marks that no check judges."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from trimaran.recorder import SECRET, UNKNOWN, Rendered

__all__ = ["Finding", "Rendered", "about", "judged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong with a rendered resource.

    Attributes:
        layer: name of the check: `types`, `shapes`, `policy`, `rules`.
        path: where in the resource's inputs or in the API's body, dotted, positions in brackets.
        what: what is wrong, with the value.
        resource: `type name`; empty while only a body is looked at.
    """

    layer: str
    path: str
    what: str
    resource: str = ""

    def __str__(self) -> str:
        return f"[{self.layer}] {self.resource}: {self.path}: {self.what}"


def about(resource: Rendered, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings with the resource they are about."""
    subject = f"{resource.type} {resource.name}"
    return (replace(finding, resource=subject) for finding in findings)


def judged(value: Any) -> bool:
    """Whether a value is there to be judged: secrets, and what comes with `up`, are not."""
    return not (isinstance(value, str) and (SECRET in value or UNKNOWN in value))
