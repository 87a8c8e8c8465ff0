"""The `monitor.labels` section: where true values are found once they are known."""

import re
from typing import Annotated
from urllib.parse import urlparse

from pydantic import Field, field_validator

from trimaran_runtime.data.config import FUNCTION
from trimaran_runtime.section import Section

_DATABASES = frozenset({"duckdb", "sqlite"})


class LabelsConfig(Section):
    """True values that come after the predictions, each found by the id of its request."""

    source: str
    """A path (relative to the project) or a URI of files or a Delta table, as `data.source` takes
    them; no function and no database. Where files repeat a label, what is read last holds."""
    event: Annotated[str, Field(min_length=1)] = "event_id"
    """Column of the request's id: what the server answered in the header `x-request-id`, which is
    the caller's own where it gave one; on AWS what the caller gave as the inference id."""
    label: Annotated[str, Field(min_length=1)] = "label"
    """Column of the true value."""
    row: Annotated[str, Field(min_length=1)] | None = None
    """Column of the row's place in its request, from 0; None: every request has one row."""
    every_hours: Annotated[float, Field(ge=1)] = 24.0
    """Length of the parts of time that are measured, in hours."""
    lookback_hours: Annotated[float, Field(gt=0, le=8760)] = 720.0
    """How far back predictions are joined with labels, in hours; at most a year."""
    min_rows: Annotated[int, Field(ge=1)] = 100
    """Labelled rows from which on a part of time is judged; with fewer it is only shown."""

    @field_validator("source")
    @classmethod
    def _is_readable_alone(cls, source: str) -> str:
        if re.match(FUNCTION, source) or urlparse(source).scheme in _DATABASES:
            raise ValueError(f"{source!r} is no file or folder: a path, a URI, or delta+URI is")
        return source
