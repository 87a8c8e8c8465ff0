"""Splitting rows into train, validation and test, so that no row is in two of them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.data.config import DataConfig, Task
from trimaran_runtime.data.split_by_hash import by_hash
from trimaran_runtime.data.split_by_time import by_time
from trimaran_runtime.errors import DataError
from trimaran_runtime.section import Section

if TYPE_CHECKING:
    import pyarrow as pa

Index = NDArray[np.int64]
Assignment = NDArray[np.int8]
"""Split of each row: 0 train, 1 validation, 2 test, -1 none."""
NAMES = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Row numbers by split.

    Attributes:
        train: rows of train, in the order of time where the split is by time.
        validation: likewise.
        test: likewise.
        boundaries: first time of validation and of test, ISO 8601; empty when by hash.
        dropped: rows in no split, by reason: `gap`, `group`.
    """

    train: Index
    validation: Index
    test: Index
    boundaries: tuple[str, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)

    def items(self) -> tuple[tuple[str, Index], ...]:
        """Name and rows of each split, in order."""
        return (("train", self.train), ("validation", self.validation), ("test", self.test))

    def assignment(self, rows: int) -> Assignment:
        """Split of each of the table's rows, by its place in `NAMES`; -1: dropped."""
        found = np.full(rows, -1, dtype=np.int8)
        for place, (_, index) in enumerate(self.items()):
            found[index] = place
        return found


class SplitRecord(Section):
    """What the split step wrote."""

    by: str
    """`time <column>`, `group <column>`, `id <column>` or `row`, and what else applies."""
    rows: dict[str, int]
    """Rows by split."""
    boundaries: tuple[str, ...]
    """First time of validation and of test; empty when the split is not by time."""
    classes: dict[str, dict[str, int]] = {}
    """Rows by split and class; empty for a regression."""
    dropped: dict[str, int] = {}
    """Rows in no split: `gap` (too near before a boundary in time), `group` (of a group that an
    earlier split holds)."""


def split(table: "pa.Table", config: DataConfig, *, seed: int) -> Splits:
    """Split by time when `data.time` is set, else by a hash of the group, the id, or the whole row.

    By time, the latest rows are the test rows, and rows of one instant stay together on the later
    side; rows of a group that an earlier split holds are left out of the later ones, so that these
    tell how the model does on groups it has not seen. By hash, a row stays in its split when other
    rows come or go (nearly so when balanced). Repeated rows stay together either way.

    Args:
        table: in normal form.
        config: the configuration's data section.
        seed: another one gives another split by hash.

    Raises:
        DataError: a split is empty, or lacks a class; the time or the group of a row is missing.
    """
    for column in (config.time, config.group):
        if column is not None:
            _refuse_missing(table, column)
    if config.time:
        order, places, boundaries, dropped = by_time(table, config)
        parts = [order[places[order] == place] for place in range(3)]
    else:
        places, boundaries, dropped = by_hash(table, config, seed), (), {}
        parts = [np.flatnonzero(places == place) for place in range(3)]
    splits = Splits(
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        boundaries=boundaries,
        dropped=dropped,
    )
    _refuse_unusable(table, config, splits)
    return splits


def how(config: DataConfig) -> str:
    """What the rows are split by, for the record."""
    if config.time:
        gap = f", {config.split.gap_days:g} days apart" if config.split.gap_days else ""
        return f"time {config.time}{gap}" + (f", group {config.group}" if config.group else "")
    by = f"id {config.id}" if config.id else "row"
    by = f"group {config.group}" if config.group else by
    return f"{by}, balanced by class" if config.split.balanced else by


def class_counts(
    table: "pa.Table", config: DataConfig, splits: Splits
) -> dict[str, dict[str, int]]:
    """Rows by split and class, for the record; empty for a regression."""
    import pyarrow.compute as pc

    if config.task is not Task.classification:
        return {}
    target = table.column(config.target)
    found = {}
    for name, rows in splits.items():
        counts = pc.value_counts(target.take(rows)).to_pylist()
        pairs = [(str(count["values"]), int(count["counts"])) for count in counts]
        found[name] = dict(sorted(pairs))
    return found


def _refuse_missing(table: "pa.Table", name: str) -> None:
    import pyarrow.compute as pc

    column = table.column(name)
    if not column.null_count:
        return
    first = pc.index(column.is_null(), True).as_py() + 1
    raise DataError(
        f"{column.null_count:,} rows lack a value, the first is row {first:,}: "
        "they belong to no split",
        where=f"data.split, column {name!r}",
        next_step="fill or drop them before the run",
    )


def _refuse_unusable(table: "pa.Table", config: DataConfig, splits: Splits) -> None:
    import pyarrow.compute as pc

    target = table.column(config.target)
    classes = set(pc.unique(target).to_pylist()) if config.task is Task.classification else set()
    lost = "".join(f"; {count:,} left out ({why})" for why, count in splits.dropped.items())
    for name, rows in splits.items():
        if len(rows) == 0:
            raise DataError(
                f"the {name} split has no rows ({table.num_rows} rows, split by "
                f"{how(config)}{lost})",
                where="data.split",
                next_step="give it a larger share, or more rows; rows of one instant or one group "
                "stay together",
            )
        lacking = classes - set(pc.unique(target.take(rows)).to_pylist())
        if lacking:
            named = ", ".join(sorted(repr(label) for label in lacking))
            raise DataError(
                f"the {name} split ({len(rows)} rows) has no row of class {named}",
                where=f"data.split, column {config.target!r}",
                next_step="give it a larger share, merge rare classes, or set data.split.balanced",
            )
