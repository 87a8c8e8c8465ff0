"""Every error a user of the components can meet.

TrimaranError                    base: where, what was given, what is allowed, what to do next
├── SpecError                    the spec (or an override) is wrong; carries every problem found
├── UnsupportedError             a cloud cannot render a field of the spec
├── CloudMissingError            the cloud's extra is not installed, or no such cloud
├── ProjectError                 the project folder is not what is expected
└── ResourceError                a resource cannot be brought to its wanted state
    ├── PortTakenError           another process listens on the wanted port
    ├── CorruptedError           recorded state or a store does not read back
    ├── StoppedError             the user asked to stop while it was being worked on
    └── PartiallyCreatedError    it exists, but not as wanted: kept in state, healed by the next up

Attributes are data; ``str`` makes the sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimaran_runtime.errors import Fault


class TrimaranError(Fault):
    """Base of the tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a spec."""

    path: str
    """Dotted path of the field, as the user writes it."""
    what: str
    """What is wrong, with the value given."""
    allowed: str = ""
    """What would have been right."""
    source: str = ""
    """File (and stack) the value came from."""

    def __str__(self) -> str:
        head = ": ".join(part for part in (self.source, self.path, self.what) if part)
        return f"{head}\n  Allowed: {self.allowed}" if self.allowed else head


class SpecError(TrimaranError):
    """The spec is wrong; every problem found is listed, not the first alone."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class UnsupportedError(TrimaranError):
    """A cloud cannot render a field of the spec."""

    def __init__(self, cloud: str, field: str, reason: str, *, instead: str = "") -> None:
        super().__init__(f"is not possible on {cloud}: {reason}", where=field, next_step=instead)
        self.cloud, self.field, self.reason = cloud, field, reason


class CloudMissingError(TrimaranError):
    """The cloud's extra is not installed, or no such cloud."""


class ProjectError(TrimaranError):
    """The project folder is not what is expected."""


class ResourceError(TrimaranError):
    """A resource cannot be brought to its wanted state."""


class PortTakenError(ResourceError):
    """Another process listens on the wanted port."""


class CorruptedError(ResourceError):
    """Recorded state or a store does not read back."""


class StoppedError(ResourceError):
    """The user asked to stop while the resource was being worked on; the next `up` goes on."""


class PartiallyCreatedError(ResourceError):
    """The resource exists, but not as wanted: it is kept in state and the next `up` heals it.

    Args:
        resource_id: id under which the resource is kept.
        state: its outputs as far as they are known.
        reasons: what failed, one sentence each.
    """

    def __init__(self, resource_id: str, state: Mapping[str, Any], reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.resource_id, self.state, self.reasons = resource_id, dict(state), tuple(reasons)
