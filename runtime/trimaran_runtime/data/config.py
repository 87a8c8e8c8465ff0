"""The `data` section: where rows come from and what they must look like."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from trimaran_runtime.section import Section

Fraction = Annotated[float, Field(gt=0, lt=1)]
FUNCTION = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"


class Task(StrEnum):
    """What is predicted."""

    classification = "classification"
    """One of two or more classes."""
    regression = "regression"
    """A number."""


class ColumnType(StrEnum):
    """Logical type of a column."""

    number = "number"
    integer = "integer"
    category = "category"
    boolean = "boolean"
    timestamp = "timestamp"
    text = "text"


class Split(Section):
    """Shares of the rows; by time when `data.time` is set, else by a seeded shuffle."""

    train: Fraction = 0.6
    """Share for fitting."""
    validation: Fraction = 0.2
    """Share for tuning and early stopping."""
    test: Fraction = 0.2
    """Share that is frozen for the gate; the latest rows when the split is by time."""

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train + validation + test must be 1, given {total:g}")
        return self


class ColumnRule(Section):
    """What a column must look like; violated on any row, the run stops."""

    type: ColumnType | None = None
    """Logical type; None: not checked."""
    nullable: bool = True
    """Whether missing values are allowed."""
    minimum: float | None = None
    """Smallest allowed value, inclusive."""
    maximum: float | None = None
    """Largest allowed value, inclusive."""
    categories: tuple[str, ...] | None = None
    """Allowed levels; None: any."""


class DataConfig(Section):
    """Where rows come from and what they must look like."""

    source: str
    """`module:function` returning a table, or a URI or path (`.parquet`, `.csv`)."""
    target: str
    """Column to predict."""
    task: Task = Task.classification
    """What is predicted: `classification` or `regression`."""
    time: str | None = None
    """Column of the time a prediction would be made: splits by time, and says what "future" is."""
    id: str | None = None
    """Column that identifies a row (an event id); never a feature."""
    exclude: tuple[str, ...] = ()
    """Columns that are carried along but never features."""
    known_later: tuple[str, ...] = ()
    """Columns known only after the prediction is due; using one is a leak, and stops the run."""
    split: Split = Split()
    """Shares for train, validation and test."""
    segments: tuple[str, ...] = ()
    """Columns whose levels are judged one by one: no segment may get worse."""
    columns: dict[str, ColumnRule] = {}
    """Rules by column name."""
    min_rows: Annotated[int, Field(ge=1)] = 1000
    """Fewest rows a run accepts."""
    version: str = ""
    """Any text; change it to say that a source we cannot see into has changed."""
