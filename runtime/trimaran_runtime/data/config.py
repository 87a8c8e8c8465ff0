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
    """Shares of the rows; by time when `data.time` is set, else by a seeded hash.

    Equal rows are always in one split, and so are the rows of one `data.group`.
    """

    train: Fraction = 0.6
    """Share for fitting."""
    validation: Fraction = 0.2
    """Share for tuning and early stopping."""
    test: Fraction = 0.2
    """Share that is frozen for the gate; the latest rows when the split is by time."""
    balanced: bool = False
    """Whether each class has these shares to within a row or two, where the split is by hash; then
    a new row may move a few old ones that lie next to a boundary, which it never does otherwise."""
    gap_days: Annotated[float, Field(ge=0)] = 0
    """Days before each boundary in time whose rows are left out, so that what a label of theirs
    looks ahead to is not yet in the next split."""

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
    """`module:function`, a path or a URI.

    A function returns a table (pandas, polars, pyarrow) or an iterator of tables or record batches.
    A path (relative to the project) or a URI (`file`, `s3`, `gs`, `az`, `abfs`, `http`, `https`) is
    a file, a glob (`rows/*.parquet`; not on http) or a folder, whose `key=value` folders become
    columns: Parquet, CSV (UTF-8 with a header, also `.csv.gz`) or Arrow. A folder with a
    `_delta_log`, or `delta+` before a URI, is a Delta table. `duckdb:///file.db` and
    `sqlite:///file.db` are databases, which `data.query` reads."""
    query: Annotated[str, Field(min_length=1)] | None = None
    """SQL whose result is the table. In a database it sees that database; over any other source it
    is DuckDB's SQL and sees the rows as the table `source`. None: the source as it is."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """What stands between the fields of a CSV file; None: found out from its first lines (comma,
    semicolon, tab or bar)."""
    target: str
    """Column to predict."""
    task: Task = Task.classification
    """What is predicted: `classification` or `regression`."""
    time: str | None = None
    """Column of the time a prediction would be made: splits by time, and says what "future" is."""
    id: str | None = None
    """Column that identifies a row (an event id); never a feature."""
    group: str | None = None
    """Column whose equal values stay in one split (a customer, a patient); never a feature."""
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

    @model_validator(mode="after")
    def _split_fits(self) -> Self:
        if self.split.gap_days and self.time is None:
            raise ValueError("split.gap_days needs data.time: there is no time to leave a gap in")
        if self.split.balanced and self.time is not None:
            raise ValueError("split.balanced is not for a split by data.time: the order decides")
        if self.split.balanced and self.task is not Task.classification:
            raise ValueError("split.balanced needs classes, and data.task is regression")
        return self
