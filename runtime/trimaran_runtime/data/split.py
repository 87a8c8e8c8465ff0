"""Splitting rows into train, validation and test, so that no row is in two of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.data.config import DataConfig, Task
from trimaran_runtime.data.row_hash import row_hashes
from trimaran_runtime.errors import DataError
from trimaran_runtime.section import Section

if TYPE_CHECKING:
    import pyarrow as pa

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Row numbers by split."""

    train: Index
    validation: Index
    test: Index
    boundaries: tuple[str, ...] = ()
    """First time of validation and of test, ISO 8601; empty when the split is by hash."""

    def items(self) -> tuple[tuple[str, Index], ...]:
        """Name and rows of each split, in order."""
        return (("train", self.train), ("validation", self.validation), ("test", self.test))


class SplitRecord(Section):
    """What the split step wrote."""

    by: str
    """`time <column>`, `id <column>` or `row`."""
    rows: dict[str, int]
    """Rows by split."""
    boundaries: tuple[str, ...]
    """First time of validation and of test; empty when the split is not by time."""


def split(table: "pa.Table", config: DataConfig, *, seed: int) -> Splits:
    """Split by time when `data.time` is set, else by a hash of the id, else of the whole row.

    By time, the latest rows are the test rows, and rows of one instant stay together on the later
    side. By hash, a row stays in its split when other rows come or go, and repeated rows stay
    together.

    Raises:
        DataError: a split is empty, or lacks a class.
    """
    splits = _by_time(table, config) if config.time else _by_hash(table, config, seed)
    _refuse_unusable(table, config, splits)
    return splits


def how(config: DataConfig) -> str:
    """What the rows are split by, for the record."""
    if config.time:
        return f"time {config.time}"
    return f"id {config.id}" if config.id else "row"


def _by_time(table: "pa.Table", config: DataConfig) -> Splits:
    import pyarrow as pa

    column = table.column(str(config.time))
    times = np.asarray(column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column)
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    first = _boundary(ordered, config.split.train)
    second = max(first, _boundary(ordered, config.split.train + config.split.validation))
    boundaries = tuple(
        str(column[int(order[place])].as_py().isoformat())
        if pa.types.is_timestamp(column.type)
        else str(column[int(order[place])].as_py())
        for place in (first, second)
        if place < len(order)
    )
    return Splits(
        train=order[:first],
        validation=order[first:second],
        test=order[second:],
        boundaries=boundaries,
    )


def _boundary(ordered: NDArray[np.generic], share: float) -> int:
    """Place of the first row after the share, moved so that one instant is not torn apart."""
    place = min(round(share * len(ordered)), len(ordered) - 1)
    earliest = int(np.searchsorted(ordered, ordered[place], side="left"))
    if earliest > 0:
        return earliest
    return int(np.searchsorted(ordered, ordered[place], side="right"))


def _by_hash(table: "pa.Table", config: DataConfig, seed: int) -> Splits:
    columns = [config.id] if config.id else None
    share = row_hashes(table, columns, seed=seed) / np.float64(2**64)
    first = config.split.train
    second = config.split.train + config.split.validation
    return Splits(
        train=np.flatnonzero(share < first),
        validation=np.flatnonzero((share >= first) & (share < second)),
        test=np.flatnonzero(share >= second),
    )


def _refuse_unusable(table: "pa.Table", config: DataConfig, splits: Splits) -> None:
    import pyarrow.compute as pc

    target = table.column(config.target)
    classes = set(pc.unique(target).to_pylist()) if config.task is Task.classification else set()
    for name, rows in splits.items():
        if len(rows) == 0:
            raise DataError(
                f"the {name} split has no rows ({table.num_rows} rows, split by {how(config)})",
                where="data.split",
                next_step="give it a larger share, or more rows; rows of one instant stay together",
            )
        lacking = classes - set(pc.unique(target.take(rows)).to_pylist())
        if lacking:
            named = ", ".join(sorted(repr(label) for label in lacking))
            raise DataError(
                f"the {name} split ({len(rows)} rows) has no row of class {named}",
                where=f"data.split, column {config.target!r}",
                next_step="give it a larger share, or merge rare classes",
            )
