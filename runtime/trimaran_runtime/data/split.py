"""Splitting rows into train, validation and test, so that no row is in two of them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.data.config import DataConfig, Task
from trimaran_runtime.data.split_by_hash import by_hash
from trimaran_runtime.data.split_by_time import by_time
from trimaran_runtime.section import Section

if TYPE_CHECKING:
    import pyarrow as pa

Index = NDArray[np.int64]
Assignment = NDArray[np.int8]
"""Split of each row: 0 train, 1 validation, 2 test, -1 none."""
RECORD = "split.json"
"""Name of the record's file."""
NAMES = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Row numbers by split.

    Attributes:
        train: rows of train, in the order of time where the split is by time.
        validation: likewise.
        test: likewise.
        by: what they were split by, as the record has it.
        boundaries: first time of validation and of test, ISO 8601; empty when by hash.
        dropped: rows in no split, by reason: `gap`, `group`.
    """

    train: Index
    validation: Index
    test: Index
    by: str
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

    Every table can be split, for validation comes after and tells all that is wrong with one at
    once: a split may be empty or lack a class; rows without a time or a group go to train; a column
    that has no order in time, or no value at all, is split by as if it were not named.

    Args:
        table: in normal form.
        config: the configuration's data section.
        seed: another one gives another split by hash.
    """
    config = _feasible(table, config)
    boundaries: tuple[str, ...] = ()
    dropped: dict[str, int] = {}
    if config.time:
        order, places, boundaries, dropped = by_time(table, config)
        parts = [order[places[order] == place] for place in range(3)]
    else:
        places = by_hash(table, config, seed)
        parts = [np.flatnonzero(places == place) for place in range(3)]
    return Splits(
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        by=how(config),
        boundaries=boundaries,
        dropped=dropped,
    )


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
        counts = pc.value_counts(target.take(row_numbers(rows))).to_pylist()
        pairs = [(str(count["values"]), int(count["counts"])) for count in counts]
        found[name] = dict(sorted(pairs))
    return found


def row_numbers(rows: Index) -> "pa.Array":
    """Row numbers as Arrow takes them; not copied. `pa.array` would load pandas."""
    import pyarrow as pa

    values = np.ascontiguousarray(rows, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])


def _feasible(table: "pa.Table", config: DataConfig) -> DataConfig:
    """The configuration without what this table cannot be split by."""
    import pyarrow as pa

    changes: dict[str, object] = {}
    for key in ("time", "group", "id"):
        name = getattr(config, key)
        if name is not None and table.column(name).null_count == table.num_rows:
            changes[key] = None
    kind = None if config.time is None else table.schema.field(config.time).type
    if kind is not None and not (pa.types.is_timestamp(kind) or pa.types.is_integer(kind)):
        changes["time"] = None
    if kind is not None and not pa.types.is_timestamp(kind):
        changes["split"] = config.split.model_copy(update={"gap_days": 0})
    return config.model_copy(update=changes)
