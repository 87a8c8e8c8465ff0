"""One captured request, ready to be written in anybody's words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What all records of one server have in common."""

    endpoint: str
    variant: str
    release: str
    """Full id."""
    fraction: float
    """Share of the requests that is recorded, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One answered request."""

    time: datetime
    """Arrival, UTC."""
    request_id: str
    rows: list[dict[str, Any]]
    """Value by column, as given; redacted columns are absent. No format has another source."""
    predictions: list[Any]
    """One per row, as `/invocations` spells them."""
    latency_ms: float


Lines = Mapping[str, bytes]
"""Lines by the folder, above the hours, that they go to; each ends in a line feed."""
Render = Callable[[Origin, Record], Lines]
"""Writes a record."""
