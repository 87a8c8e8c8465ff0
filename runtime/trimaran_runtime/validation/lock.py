"""The lock: what a table looked like once, frozen; every run is held to it."""

from typing import Annotated, Literal

from pydantic import Field

from trimaran_runtime.data.config import ColumnType
from trimaran_runtime.section import Section

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class ColumnLock(Section):
    """What a column looked like. A field that is left out is not checked."""

    name: str
    """Name of the column."""
    type: ColumnType
    """Logical type; an integer is taken where a number was locked."""
    nullable: bool = True
    """Whether values may be missing; false: the first missing value is an error."""
    max_missing: Share | None = None
    """Share of missing values from which on there is a warning, 0 to 1."""
    unique: bool = False
    """Whether no value may occur twice."""
    minimum: float | None = None
    """Least value seen; below it by more than `slack` is a warning."""
    maximum: float | None = None
    """Largest value seen; above it by more than `slack` is a warning."""
    typical: tuple[float, float, float] | None = None
    """5th, 50th and 95th percentile; a median outside of the outer two is a warning."""
    magnitude: Annotated[float, Field(gt=0)] | None = None
    """Median of the absolute values other than zero; `max_scale` times off is an error."""
    categories: dict[str, Share] | None = None
    """Levels and their shares; a level that is not listed is an error beyond `max_unknown`."""


class RowCountLock(Section):
    """How many rows a run may have."""

    minimum: Count
    """Fewer are an error."""
    maximum: Count
    """More are a warning."""


class TimeLock(Section):
    """What `data.time` looked like; ISO 8601, UTC."""

    earliest: str
    """First time. Rows that lie before it by more than the whole span are an error."""
    newest: str
    """Last time. A table that ends before it is stale: an error."""


class TableLock(Section):
    """What the table of a model must look like: written by `trimaran lock`, edited by hand."""

    version: Literal[1] = 1
    """Version of this document's shape."""
    ordered: bool = True
    """Whether another order of the columns is an error; requests may give values by position."""
    slack: Annotated[float, Field(ge=0)] = 0.5
    """How far beyond minimum and maximum a value may lie, as a share of their distance."""
    max_scale: Annotated[float, Field(gt=1)] = 8.0
    """Factor between magnitudes from which on a column is in another unit."""
    max_unknown: Share = 0.01
    """Share of rows that may have a level that is not listed; they are a warning."""
    max_mix: Share = 0.3
    """Share of rows that may have moved to other levels before there is a warning."""
    rows: RowCountLock | None = None
    """How many rows a run may have; null: any number."""
    time: TimeLock | None = None
    """What `data.time` looked like; null: not checked."""
    columns: tuple[ColumnLock, ...] = ()
    """Every column, in the order of the table."""
